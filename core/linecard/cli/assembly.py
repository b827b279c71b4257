"""An exchange from the settings that stand here: environment and linecard.toml."""

from __future__ import annotations

from collections.abc import Sequence

from linecard.exchange.context import Exchange
from linecard.exchange.lifecycle import build_exchange
from linecard.plugins import Plugins
from linecard.settings import from_here


def assembled(agents: Sequence[str], *, strict: bool = False, pods: int = 0) -> Exchange:
    """Plugins found, settings read, accounts opened. Raises ConfigurationError with all that is wrong."""
    plugins = Plugins.discover(strict=strict)
    providers = {name: provider.cls for name, provider in plugins.providers.items()}
    return build_exchange(from_here(providers), plugins, agents, pods=pods)

"""A pool of pods on this machine, as a server's settings and agents want it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from linecard.errors import ConfigurationError
from linecard.plugins import OtherPlugin, Plugins
from linecard.pods.environment import without_secrets
from linecard.pods.pool import LocalPods, Order
from linecard.settings import Settings
from linecard.tokens import Tokens

NAME = "local-pods"


def add_local_pods(
    plugins: Plugins,
    settings: Settings,
    agents: Sequence[str],
    size: int,
    environment: Mapping[str, str],
) -> LocalPods:
    """A pool of `size` processes, as a plugin beside the others. Raises ConfigurationError where another gives pods too."""
    if plugins.answers("allocate_pod"):
        raise ConfigurationError("--pods: another plugin allocates pods already; use one of them")
    order = Order(
        size=size,
        arguments=[part for spec in agents for part in ("--agent", spec)],
        environment=without_secrets(environment, plugins.providers),
        megabytes=settings.pod_megabytes,
        keys=Tokens(settings.secret).keys_of_pod,
        folder=Path(tempfile.mkdtemp(prefix="linecard-")),
    )
    pool = LocalPods(order)
    plugins.add(OtherPlugin(NAME, pool, "linecard", version("linecard")))
    return pool

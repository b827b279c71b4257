"""Which installed providers have a simulated carrier; nobody is named here."""

from __future__ import annotations

from linecard.errors import ConfigurationError
from linecard.plugins import Plugins, capabilities
from linecard.simulator import SimulatedCarrier


def pick_provider(plugins: Plugins, wanted: str | None) -> str:
    """The provider asked for, or the first one that has a simulated carrier."""
    offering = [name for name in sorted(plugins.providers) if _has_simulator(plugins, name)]
    if wanted is None and offering:
        return offering[0]
    if wanted in offering:
        return wanted
    installed = ", ".join(offering) or "none"
    raise ConfigurationError(
        f"provider {wanted or 'with a simulated carrier'} is not there; simulated are: {installed}"
    )


def _has_simulator(plugins: Plugins, name: str) -> bool:
    offered = capabilities(plugins.providers[name].cls)
    return any("simulator" in hooks for hooks in offered.values())


def simulated(plugins: Plugins, name: str) -> type[SimulatedCarrier]:
    """The class of a provider's simulated carrier."""
    found: type[SimulatedCarrier] = plugins.providers[name].cls.simulator()
    return found

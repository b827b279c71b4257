"""Agents by name: built in, from packages, and from the command line."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path

from linecard.agents.builtin import BUILT_IN
from linecard.agents.declare import Agent, declared
from linecard.errors import ConfigurationError, NotFound

GROUP = "linecard.agents"


class Agents:
    """The agents of one server. `specs` are `[NAME=]module:function`."""

    def __init__(self, specs: Sequence[str] = ()) -> None:
        self._agents: dict[str, Agent] = {}
        for name, target in BUILT_IN.items():
            self._add(declared(name, target, "built in"))
        for entry in entry_points(group=GROUP):
            self._add(declared(entry.name, entry.load(), entry.value))
        for spec in specs:
            self._add(_from_spec(spec))

    def find(self, name: str) -> Agent:
        """The agent of that name. Raises NotFound with the names there are."""
        if name not in self._agents:
            raise NotFound("agent", name, f"there are: {', '.join(self.names)}")
        return self._agents[name]

    @property
    def names(self) -> list[str]:
        """Every name, sorted."""
        return sorted(self._agents)

    def _add(self, agent: Agent) -> None:
        known = self._agents.get(agent.name)
        if known is not None:
            raise ConfigurationError(
                f"two agents are named {agent.name!r}: {known.origin} and {agent.origin}; "
                "give one another name: --agent NAME=module:function"
            )
        self._agents[agent.name] = agent


def _from_spec(spec: str) -> Agent:
    name, _, path = spec.rpartition("=")
    module_name, separator, attribute = path.partition(":")
    if not separator or not module_name or not attribute:
        raise ConfigurationError(f"--agent {spec}: write [NAME=]module:function")
    return declared(name or attribute, _load(spec, module_name, attribute), path)


def _load(spec: str, module_name: str, attribute: str) -> object:
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise ConfigurationError(
            f"--agent {spec}: {module_name} cannot be imported: {error}"
        ) from error
    if not hasattr(module, attribute):
        raise ConfigurationError(f"--agent {spec}: {module_name} has no {attribute!r}")
    return getattr(module, attribute)

"""The agents of a server: built in, offered by packages, named on the command line."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points

from linecard.agents.declared import Agent, as_agent
from linecard.errors import ConfigurationError, NotFound

GROUP = "linecard.agents"
BUILT_IN = (
    EntryPoint("echo", "linecard.agents.echo:Echo", GROUP),
    EntryPoint("greeter", "linecard.agents.greeter:greeter", GROUP),
)


class Agents:
    """Agents by name. `specs` are `[NAME=]module:function`; a spec without a name takes the function's.

    Those of `specs` are imported at once, so that a mistake is seen at the start; modules are looked
    for in the current folder too. Raises ConfigurationError: no such thing, or two of one name.
    """

    def __init__(self, specs: Sequence[str] = ()) -> None:
        self._offered: dict[str, EntryPoint] = {}
        self._loaded: dict[str, Agent] = {}
        for offer in (*BUILT_IN, *entry_points(group=GROUP)):
            self._claim(offer.name, _source(offer))
            self._offered[offer.name] = offer
        if specs and os.getcwd() not in sys.path:
            sys.path.insert(0, os.getcwd())
        for name, module, function in map(_parse, specs):
            self._claim(name, f"{module}:{function}")
            self._loaded[name] = _load(name, module, function)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._offered, *self._loaded}))

    def find(self, name: str) -> Agent:
        """The agent of that name. Raises NotFound with those there are, ConfigurationError for a broken one."""
        if name not in self._loaded:
            if name not in self._offered:
                raise NotFound("agent", name, f"there are: {', '.join(self)}")
            offer = self._offered[name]
            self._loaded[name] = _load(name, offer.module, offer.attr)
        return self._loaded[name]

    def rate(self, name: str) -> int | None:
        """The agent's own rate; None for the line's, and for an agent that is not here."""
        try:
            return self.find(name).rate
        except (NotFound, ConfigurationError):
            return None

    def _claim(self, name: str, source: str) -> None:
        if name in self._loaded or name in self._offered:
            held = self._loaded.get(name)
            first = held.source if held else _source(self._offered[name])
            raise ConfigurationError(f"two agents are called {name}: {first} and {source}")


def _source(offer: EntryPoint) -> str:
    package = f" of {offer.dist.name}" if offer.dist else ""
    return f"{offer.value}{package}"


def _parse(spec: str) -> tuple[str, str, str]:
    name, _, path = spec.rpartition("=")
    module, _, function = path.partition(":")
    if not module or not function or spec.startswith("="):
        raise ConfigurationError(f"agent {spec!r} is not of the form [NAME=]module:function")
    return name or function, module, function


def _load(name: str, module: str, path: str) -> Agent:
    source = f"{module}:{path}"
    try:
        target: object = importlib.import_module(module)
        for part in path.split("."):
            target = getattr(target, part)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"agent {name} ({source}) cannot be loaded: {error}") from error
    return as_agent(name, source, target)

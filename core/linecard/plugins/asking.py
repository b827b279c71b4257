"""Telling plugins and asking them, where any number of them may answer."""

from __future__ import annotations

import inspect
from typing import Any

import structlog

from linecard.errors import ConfigurationError, PluginError
from linecard.plugins.registered import Registered
from linecard.plugins.relay import HookCall

log = structlog.get_logger()


class Asking:
    """The hooks that any plugin may join in."""

    def __init__(self) -> None:
        self._registered = Registered()

    def answers(self, hook: str) -> bool:
        """Whether any plugin has a function for a hook, or one around it."""
        return self._registered.has(hook)

    def tell(self, hook: str, **arguments: Any) -> None:
        """Tell every plugin. One that fails is logged, and the others hear of it all the same."""
        for name, caller in self._registered.each(hook):
            try:
                caller(**arguments)
            except Exception:
                log.exception("plugin failed", plugin=name, hook=hook)

    async def tell_and_wait(self, hook: str, **arguments: Any) -> None:
        """Tell every plugin, one after another, and wait for those that are async.

        Raises ConfigurationError: a plugin that was set up wrong is no plugin that fails.
        """
        for name, caller in self._registered.each(hook):
            try:
                await _awaited(_single(caller(**arguments)))
            except ConfigurationError:
                raise
            except Exception:
                log.exception("plugin failed", plugin=name, hook=hook)

    async def ask_each(self, hook: str, **arguments: Any) -> list[tuple[str, Any]]:
        """Ask the plugins one after another: their names and what they said, None left out."""
        said = [
            (name, await _awaited(_single(caller(**arguments))))
            for name, caller in self._registered.each(hook)
        ]
        return [(name, answer) for name, answer in said if answer is not None]

    def ask_all(self, hook: str, **arguments: Any) -> list[Any]:
        """What the plugins say to a hook that is not async, None left out.

        Raises PluginError that names the plugin which fails.
        """
        return [answer for _, answer in self.ask_by_name(hook, **arguments)]

    def ask_by_name(self, hook: str, **arguments: Any) -> list[tuple[str, Any]]:
        """The same, with the names of the plugins."""
        said = [
            (name, _asked(name, hook, caller, arguments))
            for name, caller in self._registered.each(hook)
        ]
        return [(name, answer) for name, answer in said if answer is not None]

    def ask_one(self, hook: str, plugin: str, **arguments: Any) -> Any:
        """What one plugin says to a hook that is not async; None where it has nothing for it. Raises as it does."""
        caller = dict(self._registered.each(hook)).get(plugin)
        return None if caller is None else _single(caller(**arguments))

    def ask_all_flat(self, hook: str, **arguments: Any) -> list[Any]:
        """Everything in the lists that the plugins give."""
        return [item for answer in self.ask_all(hook, **arguments) for item in answer]

    def ask_first(self, hook: str, **arguments: Any) -> Any:
        """What the first plugin says that says anything, or None; not awaited."""
        return self._registered.first(hook)(**arguments)


def _asked(name: str, hook: str, caller: HookCall, arguments: dict[str, Any]) -> Any:
    try:
        return _single(caller(**arguments))
    except Exception as error:
        raise PluginError(f"plugin {name} failed in {hook}: {error!r}") from error


def _single(answers: list[Any]) -> Any:
    """The answer of the one plugin that was called; pluggy leaves None out."""
    return answers[0] if answers else None


async def _awaited(answer: Any) -> Any:
    return await answer if inspect.isawaitable(answer) else answer

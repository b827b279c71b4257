"""The plugin manager behind the registry: registration that closes, and calls to chosen plugins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linecard.errors import PluginError
from linecard.plugins.relay import HookCall
from linecard.plugins.specs import PROVIDER, HookManager


class Registered:
    """Registered plugins by name. Closed once: a later one would answer in another's place."""

    def __init__(self) -> None:
        self._manager = HookManager()
        self._closed = False

    def add(self, plugin: object, name: str) -> None:
        """Register a plugin whole, or leave nothing of it. Raises PluginError."""
        if self._closed:
            raise PluginError(f"plugin {name} comes too late: registration is closed")
        try:
            self._manager.register(plugin, name)
            self._manager.check_pending()
        except Exception as error:
            self.remove(plugin)
            raise PluginError(f"plugin {name} cannot be registered: {error}") from error

    def remove(self, plugin: object) -> None:
        """Forget a plugin; one that is not registered is no fault."""
        if self._manager.get_name(plugin) is not None:
            self._manager.unregister(plugin)

    def close(self) -> None:
        """Let nobody in any more."""
        self._closed = True

    def answers_of(self, plugin: object, instead_of: frozenset[object]) -> Mapping[str, HookCall]:
        """The provider hooks that a plugin answers itself, called through all but some plugins."""
        return {
            hook: self._manager.subset_hook_caller(hook, instead_of - {plugin})
            for hook in PROVIDER
            if any(answering is plugin for _, answering in self._answering(hook))
        }

    def each(self, hook: str) -> list[tuple[str, HookCall]]:
        """The plugins that answer a hook, by name, each to be called without the others."""
        answering = self._answering(hook)
        plugins = frozenset(plugin for _, plugin in answering)
        return [
            (name, self._manager.subset_hook_caller(hook, plugins - {plugin}))
            for name, plugin in answering
        ]

    def has(self, hook: str) -> bool:
        """Whether anybody has to do with a hook, wrappers too."""
        return bool(getattr(self._manager.hook, hook).get_hookimpls())

    def first(self, hook: str) -> HookCall:
        """A hook that stops at the first plugin which says something."""
        caller: HookCall = getattr(self._manager.hook, hook)
        return caller

    def _answering(self, hook: str) -> list[tuple[str, Any]]:
        """Who has a function for a hook that is no wrapper, in the order of calling."""
        found = getattr(self._manager.hook, hook).get_hookimpls()
        return [
            (one.plugin_name, one.plugin)
            for one in reversed(found)
            if not (one.wrapper or one.hookwrapper)
        ]

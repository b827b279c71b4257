"""What the hook specifications say, read once: names, arguments, and who must be async."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import MappingProxyType

import pluggy

from linecard.hookspecs import PluginHooks, ProviderHooks

PROJECT = "linecard"
STATIC = frozenset({"facts", "stream_profiles", "stream_format", "simulator"})
"""Hooks that are static methods, so that a class can be asked without an account."""


def _signatures(specs: type) -> Mapping[str, inspect.Signature]:
    """The signature of every hook, without `self`."""
    found = {}
    for name, function in vars(specs).items():
        if name.startswith("_"):
            continue
        whole = inspect.signature(function)
        arguments = [one for one in whole.parameters.values() if one.name != "self"]
        found[name] = whole.replace(parameters=arguments)
    return MappingProxyType(found)


PROVIDER = _signatures(ProviderHooks)
PLUGIN = _signatures(PluginHooks)
ALL: Mapping[str, inspect.Signature] = MappingProxyType({**PROVIDER, **PLUGIN})


def may_be_async(hook: str) -> bool:
    """Whether the hook's result is awaited."""
    return str(ALL[hook].return_annotation).startswith("Awaitable")


class HookManager(pluggy.PluginManager):
    """A plugin manager of our hooks, in which a provider's hook has one answer and not a list.

    So a wrapper around it sees that answer itself: for an async hook, an awaitable.
    """

    def __init__(self) -> None:
        super().__init__(PROJECT)
        self.add_hookspecs(ProviderHooks)
        self.add_hookspecs(PluginHooks)

    def parse_hookspec_opts(self, module_or_class: object, name: str) -> pluggy.HookspecOpts | None:
        """Every provider hook is answered by the one account that is asked."""
        options = super().parse_hookspec_opts(module_or_class, name)  # type: ignore[arg-type]
        if options is not None and module_or_class is ProviderHooks:
            options["firstresult"] = True
        return options

"""Which hooks a class, module or object implements, and whether it does so as the contract wants."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, is_dataclass
from difflib import get_close_matches
from typing import Any

from linecard.hookspecs import TO_DO
from linecard.plugins.specs import ALL, PROVIDER, STATIC, HookManager, may_be_async

_PARSER = HookManager()  # only reads the marks that `hookimpl` leaves; nothing is registered in it


@dataclass(frozen=True, slots=True)
class Implementation:
    """One function marked with `hookimpl`. A wrapper stands around others' answers and has none."""

    hook: str
    function: Callable[..., Any]
    is_wrapper: bool


def implementations(plugin: object) -> tuple[Implementation, ...]:
    """Every marked function of a plugin, in the order of their names."""
    return tuple(_found(plugin))


def _found(plugin: object) -> Iterator[Implementation]:
    for name in dir(plugin):
        options = _PARSER.parse_hookimpl_opts(plugin, name)
        if options is not None:
            wraps = bool(options.get("wrapper") or options.get("hookwrapper"))
            yield Implementation(options.get("specname") or name, getattr(plugin, name), wraps)


def answered_hooks(plugin: object) -> frozenset[str]:
    """The hooks that a plugin answers itself."""
    return frozenset(one.hook for one in implementations(plugin) if not one.is_wrapper)


def joined_hooks(plugin: object) -> frozenset[str]:
    """The hooks that a plugin answers or wraps."""
    return frozenset(one.hook for one in implementations(plugin))


def hooks_to_do(plugin: object) -> frozenset[str]:
    """The hooks of a provider that its author has marked as still to be written."""
    return frozenset(hook for hook in PROVIDER if hasattr(getattr(plugin, hook, None), TO_DO))


def is_provider(plugin: object) -> bool:
    """Whether this is a carrier's plugin: it answers hooks of a provider, or is going to."""
    return bool(answered_hooks(plugin) & PROVIDER.keys() or hooks_to_do(plugin))


def faults(plugin: object) -> list[str]:
    """What is wrong with a plugin, each in one sentence; empty when it can be used."""
    found = implementations(plugin)
    if not found and not hooks_to_do(plugin):
        return ["it implements no hook of Linecard"]
    wrong = [sentence for one in found for sentence in _function_faults(one)]
    if is_provider(plugin):
        wrong += _provider_faults(plugin)
    return wrong


def _function_faults(one: Implementation) -> Iterator[str]:
    if one.hook not in ALL:
        close = get_close_matches(one.hook, ALL, n=1)
        yield f"there is no hook {one.hook}" + (f"; did you mean {close[0]}?" if close else "")
        return
    known = ALL[one.hook].parameters
    for argument in _arguments(one.function):
        if argument.name not in known:
            yield f"{one.hook} takes {argument}, and the hook has only ({', '.join(known)})"
        elif argument.default is not argument.empty:
            yield f"{one.hook} has a default for {argument.name}; hook arguments have none"
    if _is_async(one) and not may_be_async(one.hook):
        yield f"{one.hook} must not be async"


def _arguments(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return [one for one in inspect.signature(function).parameters.values() if one.name != "self"]


def _is_async(one: Implementation) -> bool:
    return inspect.iscoroutinefunction(one.function) and not one.is_wrapper


def _provider_faults(plugin: object) -> Iterator[str]:
    if not isinstance(plugin, type):
        yield "a provider must be a class, since every account gets an instance of its own"
        return
    if plugin.__hash__ is None:
        yield "its instances must be hashable"
    if not _declares_settings(plugin):
        yield "it declares no `settings`, a dataclass of what an account is set to"
    for hook in sorted(STATIC & answered_hooks(plugin)):
        if not isinstance(inspect.getattr_static(plugin, hook, None), staticmethod | classmethod):
            yield f"{hook} must be a static method, since it is asked without an account"


def _declares_settings(cls: type) -> bool:
    settings = getattr(cls, "settings", None)
    return isinstance(settings, type) and is_dataclass(settings)


def capabilities(cls: Any) -> dict[str, frozenset[str]]:
    """What a provider class can do, by stream profile: implemented hooks minus what the profile lacks.

    A provider without profiles has the one line `-`.
    """
    hooks = answered_hooks(cls) & frozenset(PROVIDER)
    if "stream_profiles" not in hooks:
        return {"-": hooks}
    return {profile.name: hooks - profile.lacks for profile in cls.stream_profiles()}

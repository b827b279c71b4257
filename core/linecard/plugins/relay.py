"""The hooks of one account, called through whatever wraps them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from inspect import Signature
from types import MappingProxyType
from typing import Any, Protocol, cast

from linecard.errors import UnsupportedByProvider
from linecard.hookspecs import ProviderHooks
from linecard.plugins.specs import PROVIDER

Hook = Callable[..., Any]
Tap = Callable[[str, str, str, Hook], Hook]
"""What stands around the hooks of every account: given provider, account, the hook's name and the hook."""


class HookCall(Protocol):
    """A hook of the plugin manager: keyword arguments only."""

    def __call__(self, **arguments: Any) -> Any:
        """Call it."""


class Relay:
    """What one account can do, and the way to ask it.

    `hooks` takes arguments by position or by name and gives back the account's own answer; a hook
    that the provider lacks raises UnsupportedByProvider before anything else happens.
    """

    def __init__(
        self,
        provider: str,
        account: str,
        callers: Mapping[str, HookCall],
        taps: Sequence[Tap] = (),
    ) -> None:
        self.provider = provider
        self.account = account
        self._implemented = frozenset(callers)
        offered = {
            name: _tapped(taps, provider, account, name, _binding(callers[name], signature))
            if name in callers
            else partial(_refuse, provider, name)
            for name, signature in PROVIDER.items()
        }
        self.hooks = cast(ProviderHooks, _Hooks(MappingProxyType(offered)))

    def supports(self, hook: str, profile: str | None = None) -> bool:
        """Whether the provider has the hook, and the stream profile does not lack it."""
        return hook in self._implemented and hook not in self._lacks(profile)

    def require(self, hook: str, profile: str | None = None) -> None:
        """Raise UnsupportedByProvider unless the hook is there."""
        if not self.supports(hook, profile):
            raise UnsupportedByProvider(self.provider, hook, profile)

    def _lacks(self, profile: str | None) -> frozenset[str]:
        if profile is None or "stream_profiles" not in self._implemented:
            return frozenset()
        lacking = (one.lacks for one in self.hooks.stream_profiles() if one.name == profile)
        return next(lacking, frozenset())

    def __repr__(self) -> str:
        return f"Relay({self.provider}:{self.account})"


class _Hooks:
    """The hooks as attributes."""

    __slots__ = ("_offered",)

    def __init__(self, offered: Mapping[str, Hook]) -> None:
        self._offered = offered

    def __getattr__(self, name: str) -> Hook:
        try:
            return self._offered[name]
        except KeyError:
            raise AttributeError(f"there is no hook {name}") from None


def _binding(caller: HookCall, signature: Signature) -> Hook:
    names = tuple(signature.parameters)

    def call(*args: Any, **kwargs: Any) -> Any:
        if not kwargs and len(args) == len(names):  # as nearly always, and a fraction of the cost
            return caller(**dict(zip(names, args, strict=True)))
        return caller(**signature.bind(*args, **kwargs).arguments)

    return call


def _tapped(taps: Sequence[Tap], provider: str, account: str, name: str, hook: Hook) -> Hook:
    for tap in taps:
        hook = tap(provider, account, name, hook)
    return hook


def _refuse(provider: str, hook: str, *_args: Any, **_kwargs: Any) -> Any:
    raise UnsupportedByProvider(provider, hook)

"""The plugins of one application: found, registered, and one relay for every account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from importlib.metadata import EntryPoint
from types import MappingProxyType
from typing import Any

from linecard.errors import ConfigurationError, NotFound, PluginError
from linecard.plugins.asking import Asking
from linecard.plugins.discovery import OtherPlugin, ProviderPlugin, Skipped, find
from linecard.plugins.implemented import faults
from linecard.plugins.relay import Relay, Tap
from linecard.settings import ACCOUNT_DEFAULT, AccountSettings

Key = tuple[str, str]


class Plugins(Asking):
    """Every plugin of one application; there is no global one.

    `providers` by name, `others`, and `skipped` with the reason. Accounts are opened once, and then
    registration is closed.
    """

    def __init__(
        self, providers: Iterable[ProviderPlugin] = (), skipped: Iterable[Skipped] = ()
    ) -> None:
        super().__init__()
        self.providers: Mapping[str, ProviderPlugin] = MappingProxyType(
            {provider.name: provider for provider in providers}
        )
        self.others: tuple[OtherPlugin, ...] = ()
        self.skipped: tuple[Skipped, ...] = tuple(skipped)
        self._settings: dict[Key, AccountSettings] = {}
        self._relays: dict[Key, Relay] = {}
        self._taps: list[Tap] = []

    @classmethod
    def discover(
        cls, entry_points: Iterable[EntryPoint] | None = None, strict: bool = False
    ) -> Plugins:
        """What is installed.

        Raises PluginError for two plugins of one name, and for any broken one when `strict`.
        """
        found = list(find(entry_points))
        plugins = cls(
            [one for one in found if isinstance(one, ProviderPlugin)],
            [one for one in found if isinstance(one, Skipped)],
        )
        if strict and plugins.skipped:
            shown = (f"{one.name} ({one.distribution}): {one.reason}" for one in plugins.skipped)
            raise PluginError(f"broken plugins: {'; '.join(shown)}")
        for one in found:
            if isinstance(one, OtherPlugin):
                plugins.add(one)
        return plugins

    def add(self, other: OtherPlugin) -> None:
        """Register a plugin that is no provider. Raises PluginError and leaves nothing of it behind."""
        wrong = faults(other.plugin)
        if wrong:
            raise PluginError(f"plugin {other.name}: {'; '.join(wrong)}")
        self._registered.add(other.plugin, other.name)
        self.others = (*self.others, other)

    def tap(self, tap: Tap) -> None:
        """Put something around every provider hook of the accounts that are opened from now on."""
        self._taps.append(tap)

    def open_accounts(self, accounts: Mapping[str, Sequence[AccountSettings]]) -> None:
        """Make an instance and a relay for every account, then close registration.

        Raises PluginError or ConfigurationError, and then no account is open.
        """
        made: dict[Key, object] = {}
        try:
            for account in (one for listed in accounts.values() for one in listed):
                instance = self._instance(account)
                self._registered.add(instance, f"{account.provider}:{account.name}")
                made[account.provider, account.name] = instance
        except BaseException:
            for instance in made.values():
                self._registered.remove(instance)
            raise
        self._registered.close()
        self._settings = {
            (one.provider, one.name): one for listed in accounts.values() for one in listed
        }
        self._relays = self._make_relays(made)

    def accounts(self, provider: str) -> tuple[str, ...]:
        """The names of a provider's open accounts."""
        return tuple(name for of, name in self._relays if of == provider)

    def values(self, provider: str, account: str) -> object:
        """An open account's settings."""
        return self._settings[provider, account].values

    def api_kind(self, provider: str, account: str) -> str:
        """`simulated` where the account's `api_url` is not the carrier's own, else `carrier`."""
        values: Any = self._settings[provider, account].values
        own = [field.default for field in fields(values) if field.name == "api_url"]
        return "simulated" if own and values.api_url != own[0] else "carrier"

    def relay(self, provider: str, account: str | None = None) -> Relay:
        """The hooks of an account: the named one, else the provider's only one, else `main`.

        Raises NotFound that lists what is configured.
        """
        name = account or self._default(provider)
        if (provider, name) not in self._relays:
            configured = ", ".join(":".join(key) for key in sorted(self._relays)) or "none"
            raise NotFound("account", f"{provider}:{name}", f"configured: {configured}")
        return self._relays[provider, name]

    def _default(self, provider: str) -> str:
        names = self.accounts(provider)
        return names[0] if len(names) == 1 else ACCOUNT_DEFAULT

    def _instance(self, account: AccountSettings) -> object:
        name = f"{account.provider}:{account.name}"
        if account.provider not in self.providers:
            raise PluginError(f"account {name} is of a provider that is not installed")
        try:
            return self.providers[account.provider].cls(account.name, account.values)
        except ConfigurationError as error:
            raise ConfigurationError(f"account {name}: {error}") from error
        except Exception as error:
            raise PluginError(f"account {name} cannot be opened: {error!r}") from error

    def _make_relays(self, made: Mapping[Key, object]) -> dict[Key, Relay]:
        everybody = frozenset(made.values())
        return {
            (provider, name): Relay(
                provider, name, self._registered.answers_of(instance, everybody), self._taps
            )
            for (provider, name), instance in made.items()
        }

"""What the checks look at: settings, plugins, the database's state, and what the public URL has answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from linecard.addresses import Addresses
from linecard.doctor.asking import Answered, Echoed, Fetched

if TYPE_CHECKING:
    from linecard.numbers import Number
    from linecard.plugins import Plugins, Relay
    from linecard.settings import AccountSettings, Settings
    from linecard.store.state import DatabaseState
    from linecard.tokens import Tokens

Account = tuple[str, str]
"""Provider and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """One place where a server runs, or is to run.

    `numbers` is None where the database cannot be read; `came_in` is when the last call came in on each.
    `healthz` is what the public URL says of itself without any account. `answered` and `echoed` are what became of the
    probes of each account; nothing of an account whose provider cannot make its carrier's requests. `opened` are our own paths that were
    asked for without a key, `dates` answers of the accounts' API addresses.
    """

    settings: Settings
    plugins: Plugins
    tokens: Tokens
    database: DatabaseState
    numbers: tuple[Number, ...] | None = None
    came_in: Mapping[str, datetime] = field(default_factory=dict)
    healthz: Fetched
    opened: Mapping[str, Fetched] = field(default_factory=dict)
    dates: Mapping[str, Fetched] = field(default_factory=dict)
    answered: Mapping[Account, Answered] = field(default_factory=dict)
    echoed: Mapping[Account, Echoed] = field(default_factory=dict)

    def accounts(self) -> Iterator[tuple[str, AccountSettings, Relay]]:
        """Every account: how it is called (`PROVIDER:NAME`), its settings and its hooks."""
        for listed in self.settings.accounts.values():
            for one in listed:
                relay = self.plugins.relay(one.provider, one.name)
                yield f"{one.provider}:{one.name}", one, relay

    def addresses(self, relay: Relay) -> Addresses:
        """Our addresses as an account is given them."""
        return Addresses(self.settings.public_url, relay.provider, relay.account, self.tokens)

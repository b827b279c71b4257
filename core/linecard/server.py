"""The running server as plugins hold it: what they may read, and the one way to call somebody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from linecard.calls import Call
    from linecard.carrier import Facts
    from linecard.clock import Clock
    from linecard.numbers import AccountKey
    from linecard.outbound.wish import DialRequest
    from linecard.store import Database


class ClearCall(Protocol):
    """The gate's own question."""

    def __call__(self, to: str, field: str = "to") -> str:
        """The number as E.164 where it may be called. Raises GateRefused or InvalidField with the field."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server: `app.state.linecard` of the application that `on_start` is given, and of requests
    to routes of plugins.

    `database_url` may hold a password. `instance` names this process among others on one database, and is
    the same after a restart. `dial` returns when the intent is written, in a transaction of its own in which
    `may_dial` is asked in the context of the caller; the carrier is asked meanwhile. It raises what `POST /api/calls` answers: InvalidField, GateRefused,
    LimitReached, UnsupportedByProvider, Stopping. `check_agent` raises InvalidField with the field.
    `facts` and `pace`, the calls a second that an account is dialled with, raise NotFound for one that is not set up. `costs` are US dollars of a call of three minutes by
    account, None where nobody has told a price.
    """

    database: Database
    clock: Clock
    public_url: str
    database_url: str = field(repr=False)
    instance: str
    dial: Callable[[DialRequest], Awaitable[Call]]
    open_gate: Callable[[], Awaitable[ClearCall]]
    check_agent: Callable[[str, str], None]
    facts: Callable[[str, str], Facts]
    pace: Callable[[str, str], float]
    costs: Callable[[str], Awaitable[Mapping[AccountKey, Decimal | None]]]

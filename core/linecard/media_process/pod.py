"""The state of a pod: nothing at first, then the one call that it carries."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from linecard.calls import Call
from linecard.clock import Clock
from linecard.exchange.taps import Taps
from linecard.media.formats import StreamProfile
from linecard.media.ticker import Ticker
from linecard.settings import AccountSettings, Secret
from linecard.settings.hollow import hollow
from linecard.tasks import Tasks

if TYPE_CHECKING:
    from linecard.agents import Agents
    from linecard.live import LiveCall
    from linecard.media.session import StreamSession
    from linecard.plugins import Plugins, Relay
    from linecard.pods.link import Link


@dataclass(frozen=True, slots=True)
class Place:
    """What a pod is started with: its name, its keys or its fleet's, and where the server is, `HOST:PORT` or `unix:/PATH`."""

    name: str
    keys: Secret
    control: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A socket whose handshake the server believed; `token` is the id of its stream's token."""

    call: Call
    token: str
    profile: StreamProfile
    relay: Relay
    is_to_end: bool


@dataclass(frozen=True, slots=True)
class Carrying:
    """The call of a pod, with the clock that its server goes by."""

    call: Call
    relay: Relay
    clock: Clock
    ticker: Ticker
    taps: Taps


class Pod:
    """One process and its one call. `done` once nothing is left to do; `is_used` from the first stream on."""

    def __init__(self, place: Place, plugins: Plugins, agents: Agents) -> None:
        self.place = place
        self.plugins = plugins
        self.agents = agents
        self.tasks = Tasks()
        self.linked = asyncio.Event()
        self.done = asyncio.Event()
        self.link: Link | None = None
        self.carrying: Carrying | None = None
        self.live: LiveCall | None = None
        self.carries: set[asyncio.Task[object]] = set()
        self.sessions: dict[str, StreamSession] = {}

    @property
    def is_used(self) -> bool:
        """Whether a call has come."""
        return self.carrying is not None

    def take(self, told: Mapping[str, Any]) -> Admitted:
        """A call that the server has let in here, or another stream of it."""
        if self.carrying is None:
            self.carrying = self._begin(told)
        return Admitted(
            call=self.carrying.call,
            token=told["token"],
            profile=msgspec.convert(told["profile"], StreamProfile),
            relay=self.carrying.relay,
            is_to_end=told["is_to_end"],
        )

    def _begin(self, told: Mapping[str, Any]) -> Carrying:
        call = msgspec.convert(told["call"], Call)
        kind = self.plugins.providers[call.provider].cls.settings
        values = hollow(kind, told["settings"])
        account = AccountSettings(provider=call.provider, name=call.account, values=values)
        self.plugins.open_accounts({call.provider: (account,)})
        clock = Clock(told["speed"])
        relay = self.plugins.relay(call.provider, call.account)
        taps = Taps(Path(told["taps"]) if told["taps"] else None)
        return Carrying(call, relay, clock, Ticker(clock), taps)

    def stands(self) -> dict[str, bool]:
        """How the call stands here."""
        live = self.live
        return {
            "streaming": live is not None and live.streaming,
            "transferring": live is not None and live.transferring,
            "handed_over": live is not None and live.handed_over,
        }

    def heard(self) -> dict[str, float | None]:
        """How many seconds ago each stream was heard."""
        if self.carrying is None:
            return {}
        now = self.carrying.clock.now()
        last = {token: one.counters.last_in for token, one in self.sessions.items()}
        return {token: None if at is None else now - at for token, at in last.items()}

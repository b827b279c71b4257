"""What the parts of the exchange share: a plain record, no behaviour of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from linecard.addresses import Addresses
from linecard.events import CarrierEvent
from linecard.exchange.awaited import Awaited
from linecard.exchange.doors import Doors
from linecard.exchange.elsewhere import Elsewhere
from linecard.exchange.instances import Instances
from linecard.exchange.journal import Journal
from linecard.exchange.misfits import Misfits
from linecard.exchange.notifying.breakers import Breakers
from linecard.exchange.refusals import Refusals
from linecard.exchange.rounds import Rounds
from linecard.exchange.sparing import SparingLog
from linecard.exchange.taps import Taps
from linecard.exchange.turns import Turns
from linecard.flight.redacting import Redactor
from linecard.metrics import Metrics
from linecard.outbound.headroom import Headroom
from linecard.pods import Leases
from linecard.probes import Passes
from linecard.tasks import Tasks
from linecard.tokens import Tokens
from linecard.wall import now

if TYPE_CHECKING:
    from linecard.agents import Agents
    from linecard.calls import Call
    from linecard.clock import Clock
    from linecard.exchange.far.pod import FarPod
    from linecard.exchange.flights import Flights
    from linecard.exchange.running_call import RunningCall
    from linecard.media.ticker import Ticker
    from linecard.plugins import Plugins, Relay
    from linecard.pods.pool import LocalPods
    from linecard.settings import Settings
    from linecard.storage import Storage
    from linecard.store import Database


PATIENCE = 0.7
"""Real seconds within which a carrier is given its answer; it has it within one, then."""

Follow = Callable[["Exchange", "Call", CarrierEvent], Coroutine[Any, Any, None]]
"""What is done in the background after an event has been applied and told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One running server.

    `lives` are the calls with an agent in this process, by id; `followers` act on new events, by kind;
    `work_is_due` wakes the outbox; `waits` counts the documents that a call was kept waiting with;
    `patience` is how long an answer may take before it is one that waits; `flights` records calls, where that is asked for;
    `redactor` hides what may not stand in the inbox; `misfits` are requests that were not believed; `passes` are those of probes; `pressing` are the keys that a document will press, by call, with the document's reference;
    `storage` is where recordings are kept, None for nowhere; `elsewhere` knows which sockets belong to other processes, `instances` who those are.
    `places` is how many calls all servers on the database can carry at once, None: as many as may be live.
    """

    settings: Settings
    database: Database
    plugins: Plugins
    agents: Agents
    clock: Clock
    ticker: Ticker
    tokens: Tokens
    metrics: Metrics = field(default_factory=Metrics)
    tasks: Tasks = field(default_factory=Tasks)
    lives: dict[str, RunningCall] = field(default_factory=dict)
    taps: Taps = field(default_factory=Taps)
    flights: Flights | None = None
    redactor: Redactor = field(default_factory=Redactor)
    sparing: SparingLog = field(default_factory=SparingLog)
    misfits: Misfits = field(default_factory=Misfits)
    passes: Passes = field(default_factory=Passes)
    turns: Turns = field(default_factory=Turns)
    refusals: Refusals = field(default_factory=Refusals)
    doors: Doors = field(default_factory=Doors)
    elsewhere: Elsewhere = field(default_factory=Elsewhere)
    instances: Instances = field(default_factory=Instances)
    headroom: Headroom = field(default_factory=Headroom)
    leases: Leases = field(default_factory=Leases)
    pods: dict[str, FarPod] = field(default_factory=dict)
    pods_changed: asyncio.Event = field(default_factory=asyncio.Event)
    awaited: Awaited = field(default_factory=Awaited)
    breakers: Breakers = field(default_factory=Breakers)
    followers: Mapping[type[CarrierEvent], tuple[Follow, ...]] = field(default_factory=dict)
    journal: Journal = field(default_factory=lambda: Journal(None))
    pressing: dict[str, tuple[str, str]] = field(default_factory=dict)
    waits: Rounds = field(default_factory=Rounds)
    patience: float = PATIENCE
    work_is_due: asyncio.Event = field(default_factory=asyncio.Event)
    storage: Storage | None = None
    pool: LocalPods | None = None
    places: int | None = None

    def later(self, seconds: float) -> datetime:
        """The time of day when so many seconds of the calls' clock have passed."""
        return self.now() + timedelta(seconds=seconds / self.clock.speed)

    def now(self) -> datetime:
        """The time of day by which work is due: the wall's, less what the calls' clock is behind."""
        return now() - timedelta(seconds=self.clock.behind)

    def relay(self, call: Call) -> Relay:
        """The hooks of the account that carries a call."""
        return self.plugins.relay(call.provider, call.account)

    def addresses(self, provider: str, account: str) -> Addresses:
        """Our addresses as one account is given them."""
        return Addresses(self.settings.public_url, provider, account, self.tokens)


def ids_fit(call: Call, ids: Mapping[str, str]) -> bool:
    """Whether ids reported by the carrier contradict none that the call already has."""
    return all(call.carrier_ids.get(name, value) == value for name, value in ids.items())

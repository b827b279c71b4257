"""A simulated Twilio call, which is one leg: what was ordered, where it stands, what runs on it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from linecard_twilio.simulator.endings import Ending

if TYPE_CHECKING:
    from linecard.simulator.handset import Handset
    from linecard.simulator.lines import Line
    from linecard_twilio.simulator.recordings import Recording, RecordingOrder
    from linecard_twilio.simulator.streams import LiveStream

EVENTS = ("initiated", "ringing", "answered", "completed")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a webhook goes. An empty `url` is none."""

    url: str
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Report:
    """A status callback: its address and the events that were asked for."""

    address: Address
    events: frozenset[str] = frozenset({"completed"})


@dataclass(frozen=True, slots=True)
class Next:
    """A document to run in place of the rest: `text`, or what is at `address`.

    `fields` go beside the usual ones; `why` is for the ledger.
    """

    address: Address
    why: str
    fields: tuple[tuple[str, str], ...] = ()
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineOrder:
    """MachineDetection: `waits_for_end` for DetectMessageEnd; with `report` it runs beside the call.

    `timeout`: seconds until the answer is `unknown`.
    """

    waits_for_end: bool
    is_async: bool
    report: Address | None
    timeout: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a call was made with. Seconds."""

    document: Next
    fallback: Address | None = None
    report: Report | None = None
    ring_timeout: float = 60
    time_limit: float = 14400
    send_digits: str = ""
    machine: MachineOrder | None = None
    recording: RecordingOrder | None = None


def _future() -> asyncio.Future[Ending]:
    return asyncio.get_running_loop().create_future()


@dataclass(slots=True, eq=False, kw_only=True)
class Call:
    """One leg. Moments are Unix times of the carrier's clock, None until they come.

    `parent` is the leg whose <Dial> made it, `conference` the room into which the API dials it.
    `streams` are the sockets that run, by sid.
    """

    sid: str
    direction: str
    from_: str
    to: str
    order: Order
    created_at: float
    parent: Call | None = None
    conference: str = ""
    label: str = ""
    status: str = "queued"
    queue_time: int = 0
    answered_at: float | None = None
    ended_at: float | None = None
    ending: Ending | None = None
    answered_by: str | None = None
    price: Decimal | None = None
    over: asyncio.Future[Ending] = field(default_factory=_future)
    handset: Handset | None = None
    line: Line | None = None
    streams: dict[str, LiveStream] = field(default_factory=dict)
    wanted: Next | None = None
    is_wanted: asyncio.Event = field(default_factory=asyncio.Event)
    recordings: list[Recording] = field(default_factory=list)
    more_fields: Mapping[str, str] = field(default_factory=dict)
    base_url: str = ""
    reported: int = 0
    fetches: int = 0

    @property
    def root(self) -> str:
        """The sid that the ledger files it under: that of the first leg."""
        return self.parent.root if self.parent else self.sid

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or is about to."""
        return self.over.done()

    @property
    def is_live(self) -> bool:
        """Whether it has been answered and goes on."""
        return self.answered_at is not None and not self.is_over

    @property
    def seconds(self) -> float:
        """How long it was answered; 0 for a call that never was, or is not over."""
        if self.answered_at is None or self.ended_at is None:
            return 0.0
        return max(0.0, self.ended_at - self.answered_at)

    def end(self, ending: Ending) -> None:
        """End the leg; only the first ending counts."""
        if not self.over.done():
            self.over.set_result(ending)

    def redirect(self, next_: Next) -> None:
        """Let another document take over at once."""
        self.wanted = next_
        self.is_wanted.set()

    def take_wanted(self) -> Next | None:
        """The document that was asked for meanwhile, once."""
        wanted, self.wanted = self.wanted, None
        self.is_wanted.clear()
        return wanted

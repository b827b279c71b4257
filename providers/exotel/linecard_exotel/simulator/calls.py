"""A simulated Exotel call: what was ordered, where it stands, and what runs on it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linecard.simulator.handset import Handset
    from linecard.simulator.lines import Line
    from linecard_exotel.simulator.recordings import Recording
    from linecard_exotel.simulator.streams import LiveStream


@dataclass(frozen=True, slots=True)
class Ending:
    """How a leg ended: Exotel's status, who ended it, and why in our words."""

    status: str
    source: str
    name: str


BY_CALLER = Ending("completed", "Caller", "normal hangup")
BY_CALLEE = Ending("completed", "Callee", "normal hangup")
BY_PERSON = frozenset({"Caller", "Callee"})
BY_BOT = Ending("completed", "Bot", "the stream was closed")
BY_FLOW = Ending("completed", "Flow", "the flow is over")
TIME_LIMIT = Ending("completed", "Exotel", "time limit")
NO_ANSWER = Ending("no-answer", "Callee", "no answer")
BUSY = Ending("busy", "Callee", "busy")
UNREACHABLE = Ending("failed", "Carrier", "not reachable")
GIVEN_UP = Ending("no-answer", "Caller", "gave up")
BROKEN = Ending("failed", "Exotel", "internal error")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusOrder:
    """Where a call's StatusCallback goes, which events, and in what form."""

    url: str
    events: frozenset[str] = frozenset()
    is_json: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a call was made with. One of `stream_url` and `flow` is set for an outbound call. Seconds."""

    stream_url: str = ""
    flow: str = ""
    time_limit: float = 14400
    ring_timeout: float = 60
    record: bool = False
    channels: str = "single"
    custom_field: str = ""
    callback: StatusOrder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFacts:
    """What became of a stream, as a Passthru is told."""

    sid: str = ""
    status: str = "completed"
    seconds: float = 0
    url: str = ""
    by: str = "NA"
    error: str = ""
    recording: str = ""


@dataclass(frozen=True, slots=True)
class Talk:
    """A second leg that was answered, in seconds."""

    seconds: float
    with_machine: bool


def _future() -> asyncio.Future[Ending]:
    return asyncio.get_running_loop().create_future()


@dataclass(slots=True, eq=False, kw_only=True)
class Call:
    """One call. `customer` is who calls or is called, `exophone` the account's number, both E.164.

    Moments are Unix times of the carrier's clock, None until they come. `dialled` is what a Connect
    applet has left behind for later requests.
    """

    sid: str
    direction: str
    customer: str
    exophone: str
    order: Order
    created_at: float
    status: str = "in-progress"
    answered_at: float | None = None
    ended_at: float | None = None
    ending: Ending | None = None
    over: asyncio.Future[Ending] = field(default_factory=_future)
    handset: Handset | None = None
    line: Line | None = None
    stream: LiveStream | None = None
    last_stream: StreamFacts | None = None
    dialled: tuple[tuple[str, str], ...] = ()
    passed: str = ""
    recordings: list[Recording] = field(default_factory=list)
    talks: list[Talk] = field(default_factory=list)
    inr: str | None = None

    @property
    def is_inbound(self) -> bool:
        """Whether it came in."""
        return self.direction == "inbound"

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or is about to."""
        return self.over.done()

    @property
    def was_hung_up(self) -> bool:
        """Whether the customer has ended it."""
        return self.over.done() and self.over.result().source in BY_PERSON

    @property
    def seconds(self) -> float:
        """How long it was answered; 0 for a call that never was."""
        if self.answered_at is None or self.ended_at is None:
            return 0.0
        return max(0.0, self.ended_at - self.answered_at)

    def end(self, ending: Ending) -> None:
        """End the call; only the first ending counts."""
        if not self.over.done():
            self.over.set_result(ending)

"""A simulated Plivo call: what was ordered, where it stands, and what runs on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from linecard_plivo.simulator.codes import Ending, Purpose

if TYPE_CHECKING:
    from linecard.simulator.handset import Handset
    from linecard.simulator.lines import Line
    from linecard_plivo.simulator.recordings import Recording
    from linecard_plivo.simulator.streams import LiveStream


@dataclass(frozen=True, slots=True)
class Address:
    """Where a webhook goes."""

    url: str
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Next:
    """A document to fetch in place of the rest: the address, why, and fields beside the usual ones."""

    address: Address
    purpose: Purpose
    event: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineOrder:
    """machine_detection: `hangs_up` for `hangup`; with an `address` it runs beside the call."""

    hangs_up: bool
    address: Address | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a call was made with. Without `hangup`, the hang-up is posted to `answer`. Seconds."""

    answer: Address
    ring: Address | None = None
    hangup: Address | None = None
    fallback: Address | None = None
    time_limit: float = 14400
    ring_timeout: float = 120
    hangup_on_ring: float | None = None
    send_digits: str = ""
    caller_name: str = ""
    parent: str | None = None
    machine: MachineOrder | None = None


def _future() -> asyncio.Future[Ending]:
    return asyncio.get_running_loop().create_future()


@dataclass(slots=True, eq=False, kw_only=True)
class Call:
    """One call's first leg. Moments are Unix times of the carrier's clock, None until they come."""

    uuid: str
    direction: str
    from_: str
    to: str
    order: Order
    created_at: float
    status: str = "queued"
    rang_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    ending: Ending | None = None
    over: asyncio.Future[Ending] = field(default_factory=_future)
    handset: Handset | None = None
    line: Line | None = None
    stream: LiveStream | None = None
    beside: asyncio.Task[bool] | None = None
    wanted: Next | None = None
    is_wanted: asyncio.Event = field(default_factory=asyncio.Event)
    recordings: list[Recording] = field(default_factory=list)
    on_dial_answer: list[Callable[[], object]] = field(default_factory=list)
    answer_fields: Mapping[str, str] = field(default_factory=dict)
    fetches: int = 0

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or is about to."""
        return self.over.done()

    @property
    def is_live(self) -> bool:
        """Whether it has been answered and goes on."""
        return self.answered_at is not None and not self.is_over

    @property
    def has_stream(self) -> bool:
        """Whether a stream runs, or is being opened beside the document."""
        return self.stream is not None or (self.beside is not None and not self.beside.done())

    @property
    def seconds(self) -> float:
        """How long it was, or has been, answered; 0 for a call that never was."""
        if self.answered_at is None or self.ended_at is None:
            return 0.0
        return max(0.0, self.ended_at - self.answered_at)

    def end(self, ending: Ending) -> None:
        """End the call; only the first ending counts."""
        if not self.over.done():
            self.over.set_result(ending)

    def redirect(self, next_: Next) -> None:
        """Let another document take over: at once, or when the stream that holds the call ends."""
        self.wanted = next_
        self.is_wanted.set()

    def take_wanted(self) -> Next | None:
        """The document that was asked for meanwhile, once."""
        wanted, self.wanted = self.wanted, None
        self.is_wanted.clear()
        return wanted

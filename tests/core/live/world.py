"""A live call for tests: streams without a carrier, a control that keeps what it was asked, a fast clock."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.core.media.lines import Wire, media, profile

from linecard import Call, CallStatus, Direction, LiveCall, RecordingResult, StreamProfile
from linecard.carrier import TransferStart
from linecard.clock import Clock
from linecard.media.codec import Codec
from linecard.media.session import StreamSession
from linecard.media.ticker import Ticker
from linecard.transfers import TransferWish

SPEED = 20.0
CALL = Call(
    id="c1",
    provider="acme",
    account="main",
    direction=Direction.INBOUND,
    from_="+14155550123",
    to="+14155550100",
    number="+14155550100",
    agent="echo",
    profile="test",
    status=CallStatus.IN_PROGRESS,
    created_at=datetime(2030, 1, 1, tzinfo=UTC),
    metadata={"order": 17},
)


@dataclass
class Asked:
    """A control that writes down what it is asked, and raises what it is told to."""

    log: list[tuple[object, ...]] = field(default_factory=list)
    refusals: dict[str, Exception] = field(default_factory=dict)
    hang_up_takes: float = 0.0
    start: TransferStart = TransferStart.DOCUMENT_AFTER_STREAM

    async def hang_up(self, call_id: str, reason: str) -> None:
        self._ask("hang_up", call_id, reason)
        await asyncio.sleep(self.hang_up_takes)

    async def transfer(self, call_id: str, wish: TransferWish) -> TransferStart:
        self._ask("transfer", call_id, wish.targets, wish.mode, wish.ring_seconds)
        return self.start

    async def record(
        self, call_id: str, action: str, resume_after: int | None = None
    ) -> RecordingResult:
        self._ask("record", call_id, action)
        return RecordingResult.STARTED

    async def send_digits(self, call_id: str, digits: str) -> None:
        self._ask("send_digits", call_id, digits)

    async def press_by_document(self, call_id: str, digits: str) -> None:
        self._ask("press_by_document", call_id, digits)

    async def opt_out(self, call_id: str) -> None:
        self._ask("opt_out", call_id)

    async def note(self, call_id: str, name: str, facts: dict[str, object]) -> None:
        self._ask("note", call_id, name, facts)

    async def set_outcome(self, call_id: str, outcome: str) -> None:
        self._ask("set_outcome", call_id, outcome)

    async def agent_finished(self, call_id: str, reason: str) -> None:
        self._ask("agent_finished", call_id, reason)

    def names(self) -> list[object]:
        return [entry[0] for entry in self.log]

    def _ask(self, name: str, *details: object) -> None:
        self.log.append((name, *details))
        if name in self.refusals:
            raise self.refusals[name]


@dataclass
class Socket:
    """One stream of the call, with all that was sent on it."""

    session: StreamSession
    sent: list[list[str]]
    log: list[tuple[object, ...]]

    def frames(self) -> bytes:
        """The audio sent so far."""
        from base64 import b64decode

        return b"".join(b64decode(said[1]) for said in self.sent if said[0] == "play")

    def speaks(self, pcm: bytes) -> None:
        """The caller's audio."""
        self.session.receive(media(pcm))

    def presses(self, keys: str) -> None:
        """The caller's keys."""
        for key in keys:
            self.session.receive(json.dumps(["digit", key]))


@dataclass
class World:
    """A live call and its surroundings."""

    control: Asked = field(default_factory=Asked)
    clock: Clock = field(default_factory=lambda: Clock(SPEED))

    def __post_init__(self) -> None:
        self.ticker = Ticker(self.clock)
        self.live = LiveCall(CALL, self.control, self.clock)

    def attach(
        self, wire: Wire | None = None, chosen: StreamProfile | None = None, rate: int | None = None
    ) -> Socket:
        """A new stream; without marks of the carrier, so that the clock says what was heard."""
        sent: list[list[str]] = []
        chosen = chosen or profile()
        session = StreamSession(
            profile=chosen,
            protocol=wire or Wire(has_marks=False),
            codec=Codec(chosen.format, rate),
            send=lambda message: sent.append(json.loads(message)),
            shut=lambda reason: self.control.log.append(("shut", reason)),
            clock=self.clock,
            rouse=self.ticker.add,
        )
        self.live.attach(session)
        return Socket(session, sent, self.control.log)


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    """A world that leaves no task behind."""
    one = World()
    try:
        yield one
    finally:
        one.live.finish("the test is over")
        await one.ticker.close()


async def soon(fits: Callable[[], object]) -> None:
    """Wait until it is so; 10 s at most."""
    async with asyncio.timeout(10):
        while not fits():
            await asyncio.sleep(0.001)


async def turns(count: int = 10) -> None:
    """Let other tasks run."""
    for _ in range(count):
        await asyncio.sleep(0)

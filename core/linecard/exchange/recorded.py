"""A live call that writes down what is asked of it, so that a replay can ask the same."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from linecard.errors import ConfigurationError, LinecardError, NotFound
from linecard.exchange.control import LocalControl
from linecard.live import LiveCall
from linecard.live.transfers import several
from linecard.transfers import RingOrder, TransferWish

if TYPE_CHECKING:
    from linecard.calls import Call
    from linecard.clock import Clock
    from linecard.control import Control
    from linecard.events import RecordingResult, TransferResult
    from linecard.exchange.context import Exchange
    from linecard.flight import Flight


def new_live(exchange: Exchange, call: Call) -> LiveCall:
    """The live call of a call; one that is recorded, where calls are."""
    control = LocalControl(exchange)
    if exchange.flights is None:
        return LiveCall(call, control, exchange.clock)
    flight = exchange.flights.of(call)
    flight.put("agent", {"agent": call.agent} | _agent(exchange, call.agent))
    return RecordedCall(call, control, exchange.clock, flight)


def _agent(exchange: Exchange, name: str) -> dict[str, object]:
    try:
        return {"found": True, "rate": exchange.agents.find(name).rate}
    except (NotFound, ConfigurationError):
        return {"found": False, "rate": None}


class RecordedCall(LiveCall):
    """A live call with a recorder. What an agent is told stands in the record already, as what came in."""

    def __init__(self, call: Call, control: Control, clock: Clock, flight: Flight) -> None:
        super().__init__(call, control, clock)
        self._put = flight.put

    def _note_ask(self, ask: str, **facts: object) -> None:
        self._put("ask", {"ask": ask, **facts})

    @property
    def outcome(self) -> str | None:
        """The agent's own result."""
        return self._outcome

    @outcome.setter
    def outcome(self, outcome: str) -> None:
        self._note_ask("outcome", outcome=outcome)
        self._outcome = outcome
        self._in_background(self._control.set_outcome(self.id, outcome), "outcome")

    async def send(self, pcm: bytes) -> None:
        """Play audio after what is queued."""
        self._put("ask", {"ask": "send", "pcm": pcm})
        await super().send(pcm)

    def send_nowait(self, pcm: bytes) -> None:
        """Play audio after what is queued, without waiting."""
        self._put("ask", {"ask": "send_nowait", "pcm": pcm})
        super().send_nowait(pcm)

    async def played(self) -> bool:
        """Wait until the caller has heard all that is queued."""
        self._note_ask("played")
        return await super().played()

    def mark(self, name: str) -> Awaitable[None]:
        """Report MarkReached once the caller has heard what is queued now."""
        self._note_ask("mark", name=name)
        return super().mark(name)

    def clear(self) -> Awaitable[None]:
        """Barge-in."""
        self._note_ask("clear")
        return super().clear()

    async def send_digits(self, digits: str, *, how: str | None = None) -> None:
        """Press keys toward the caller."""
        self._note_ask("send_digits", digits=digits, how=how)
        await super().send_digits(digits, how=how)

    async def opt_out(self) -> None:
        """Nobody calls the other side any more."""
        self._note_ask("opt_out")
        await super().opt_out()

    async def transfer(
        self,
        to: str | Sequence[str],
        mode: str = "cold",
        timeout: int = 25,
        *,
        order: str = RingOrder.TOGETHER,
        whisper: str | None = None,
        accept_key: str | None = None,
    ) -> TransferResult:
        """Connect the caller with somebody else."""
        how = {"order": str(order), "whisper": whisper, "accept_key": accept_key}
        self._note_ask("transfer", to=several(to), mode=mode, ring_seconds=timeout, **how)
        try:
            return await super().transfer(
                to, mode, timeout, order=order, whisper=whisper, accept_key=accept_key
            )
        except LinecardError as error:
            self._note_ask("refused", what="transfer", to=several(to), error=type(error).__name__)
            raise

    async def begin_transfer(self, wish: TransferWish) -> None:
        """A transfer asked for outside the agent."""
        asked = asdict(wish)
        targets = asked.pop("targets")
        self._note_ask("begin_transfer", to=targets, **asked)
        try:
            await super().begin_transfer(wish)
        except LinecardError as error:
            self._note_ask("refused", what="transfer", to=targets, error=type(error).__name__)
            raise

    async def record(
        self, action: str = "start", *, resume_after: int | None = None
    ) -> RecordingResult:
        """`start`, `stop`, `pause` or `resume` the recording."""
        self._note_ask("record", action=action, resume_after=resume_after)
        return await super().record(action, resume_after=resume_after)

    async def hang_up(self, *, now: bool = False, reason: str = "hung up by the agent") -> None:
        """End the call."""
        self._note_ask("hang_up", now=now, reason=reason)
        await super().hang_up(now=now, reason=reason)

    async def agent_finished(self, reason: str) -> None:
        """The agent is done."""
        self._note_ask("finished", reason=reason)
        await super().agent_finished(reason)

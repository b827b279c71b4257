"""What an agent holds: the call, while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linecard.errors import CallOver, InvalidField, UnsupportedByProvider
from linecard.events import (
    AgentEvent,
    CallEnded,
    CallerSilent,
    OptedOut,
    RecordingResult,
    StreamLost,
    StreamResumed,
    TransferEnded,
    TransferResult,
)
from linecard.live.detecting import Detecting
from linecard.live.ears import Ears
from linecard.live.found import Found
from linecard.live.inbox import Inbox
from linecard.live.keys import Keys
from linecard.live.outcomes import OPTED_OUT, VOICEMAIL_CUT_SHORT, VOICEMAIL_LEFT
from linecard.live.speaking import Speaking
from linecard.live.transfers import FLUSH_SECONDS, Transfers, several
from linecard.live.voice import Voice
from linecard.tasks import Tasks
from linecard.transfers import RingOrder, TransferWish

if TYPE_CHECKING:
    from linecard.calls import Call, Detection, MachineKind
    from linecard.clock import Clock
    from linecard.control import Control
    from linecard.media.session import StreamSession

RECORD_ACTIONS = ("start", "stop", "pause", "resume")
HANG_UP_SECONDS = 5.0
"""So long the carrier's yes to a hang-up is waited for before our stream ends all the same."""


class LiveCall(Speaking):
    """A running call: what is asked of it here raises CallOver once it has ended.

    `async for event in call` yields what happens, until CallEnded. Audio is int16 mono little-endian
    PCM at `rate`. Without a stream (a handshake is repeated, a transfer is under way) commands wait
    for the next one, up to 10 s beyond a transfer; then the call counts as over.
    """

    def __init__(self, call: Call, control: Control, clock: Clock) -> None:
        self.id = call.id
        self.from_, self.to, self.direction = call.from_, call.to, call.direction
        self.number, self.provider, self.agent = call.number, call.provider, call.agent
        self.metadata = call.metadata
        self.transfer_targets: tuple[str, ...] = ()
        self.clock = clock
        self.rate = 8000
        self.unsent_ms = 0
        self.silent_since: float | None = None
        self.opt_out_key: str | None = None
        self._outcome = call.outcome
        self._control = control
        self._tasks = Tasks()
        self._inbox = Inbox()
        self._voice = Voice(call.id, clock)
        self._transfers = Transfers(call.id, control, self._voice, clock)
        self._keys = Keys(call.id, control, self._inbox, self._transfers, clock)
        self._detecting = Detecting(call.machine, self._inbox, self._voice, clock, self.report)
        self._streams = 0
        self._found = Found(self._note)

    @property
    def streaming(self) -> bool:
        """Whether the call has an open stream."""
        return self._voice.session is not None

    @property
    def handed_over(self) -> bool:
        """Whether the caller was connected with somebody: the agent's end is not the call's."""
        return self._voice.handed_over

    @property
    def transferring(self) -> bool:
        """Whether a transfer is under way: the call has no stream, and that is as it should be."""
        return self._voice.transferring

    @property
    def is_over(self) -> bool:
        """Whether the call has ended."""
        return self._voice.over is not None

    @property
    def dropped_audio(self) -> int:
        """Frames of the caller that a lagging iteration has lost."""
        return self._inbox.dropped_audio

    @property
    def outcome(self) -> str | None:
        """The agent's own result, kept on the call's record; may be set after the call's end too."""
        return self._outcome

    @outcome.setter
    def outcome(self, outcome: str) -> None:
        self._outcome = outcome
        self._in_background(self._control.set_outcome(self.id, outcome), "outcome")

    def __aiter__(self) -> LiveCall:
        return self

    async def __anext__(self) -> AgentEvent:
        event = await self._inbox.next()
        if event is None:
            raise StopAsyncIteration
        return event

    async def gather(
        self,
        digits: int = 1,
        seconds: float = 5.0,
        finish_on: str = "#",
        *,
        first_seconds: float | None = None,
    ) -> str:
        """Keys, until there are `digits`, one of `finish_on` is pressed, or none came for `seconds`.

        The first may take `first_seconds`. The finishing key is not among them. Others see the keys too:
        DigitPressed is reported all the same. Raises InvalidField for what could never be gathered.
        """
        self._voice.check()
        return await self._keys.gather(self._voice, digits, seconds, finish_on, first_seconds)

    async def send_digits(self, digits: str, *, how: str | None = None) -> None:
        """Press keys toward the caller: on the stream, as tones behind what is queued, or by the carrier's API.

        `how` chooses: `stream`, `tones`, `api`, or `document`, which has the carrier press them and open
        another stream. Raises InvalidField for what is on no keypad, or too long, UnsupportedByProvider.
        """
        self._voice.check()
        await self._keys.send(self._voice, digits, how)

    @property
    def answered_by(self) -> MachineKind | None:
        """Who answered, as far as the carrier has told; None: not yet, or it was not asked."""
        found = self._detecting.found
        return None if found is None else found.kind

    async def leave_message(
        self, sound: bytes | str | Path, *, seconds: float | None = None, is_machine: bool = False
    ) -> bool:
        """Where a machine answered, leave it a message once its greeting is over, and hang up: True.

        False where none did, or the carrier has not told within `seconds` (10; 40 with wait-for-beep;
        at once where no detection was asked for); then nothing has happened. What was queued is cut off
        for a machine. `is_machine`: the agent knows by itself. `outcome` becomes `voicemail-left`, or
        `voicemail-cut-short` where the machine did not hear all. Raises CallOver; as `play` does for a sound.
        """
        await self._voice.stream()
        pcm = await self._pcm(sound)
        if not is_machine:
            await self._detecting.verdict(seconds)
        if not (is_machine or self._detecting.is_machine):
            return False
        await self.clear()
        await self._leave(pcm)
        return True

    async def _leave(self, pcm: bytes) -> None:
        """The message, and the end; whatever happens, the outcome says whether it was heard."""
        after, heard = "", False
        try:
            after = await self._detecting.greeting_over()
            await self.send(pcm)
            heard = await self.played()
        finally:
            outcome = self.outcome = VOICEMAIL_LEFT if heard else VOICEMAIL_CUT_SHORT
            self._note(outcome, {"after": after})
        await self.hang_up(now=True, reason=outcome)

    async def machine_found(self) -> None:
        """Wait until an answering machine has the call, and nobody else was put on the line."""
        await self._inbox.changes.until(
            lambda: self._detecting.is_machine and not (self.transferring or self.handed_over)
        )

    def machine_detected(self, found: Detection | None) -> None:
        """Who answered, as the record has it."""
        self._detecting.told(found)

    async def opt_out(self) -> None:
        """Put the other side's number on the blocklist: nobody dials it any more. `outcome` becomes `opted-out`.

        Both are written in one transaction; also after the call's end. Raises InvalidField for a
        withheld number.
        """
        await self._control.opt_out(self.id)
        self._outcome = OPTED_OUT

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
        """Connect the caller with somebody else; `timeout` is how many seconds it rings at each target.

        Several targets ring `together` or in `sequence`. `whisper` is said to whoever answers before the
        caller is connected; with an `accept_key` they must press it, else the result is `declined`, or
        `voicemail` where no key came at all. On `bridged` the call is theirs; after any other result the caller is back with the agent.
        Raises GateRefused, CarrierError or Conflict; then nothing has changed.
        """
        wish = TransferWish(
            targets=several(to),
            mode=mode,
            ring_seconds=timeout,
            order=order,
            whisper=whisper,
            accept_key=accept_key,
        )
        try:
            await self._transfers.ask(wish)
        except UnsupportedByProvider:
            return TransferResult.UNSUPPORTED
        return await self._transfers.go_through()

    async def record(
        self, action: str = "start", *, resume_after: int | None = None
    ) -> RecordingResult:
        """`start`, `stop`, `pause` or `resume` the recording; returns once the carrier has confirmed it.

        With `resume_after`, a pause is over so many seconds later whatever happens here. Raises
        UnsupportedByProvider, RecordingRefused or CarrierError: then do not ask for what must not be recorded.
        """
        if self._voice.over is not None:
            raise CallOver(self.id, self._voice.over)
        if action not in RECORD_ACTIONS:
            raise InvalidField("action", f"must be one of {', '.join(RECORD_ACTIONS)}")
        return await self._control.record(self.id, action, resume_after)

    async def hang_up(self, *, now: bool = False, reason: str = "hung up by the agent") -> None:
        """End the call, once the caller has heard what is queued (3 s at most; `now`: at once).

        Of a call that is over already, nothing is asked.
        """
        if self._voice.over is not None:
            return
        if not now:
            await self._voice.heard(FLUSH_SECONDS)
        asking = self._in_background(self._ask_hang_up(reason), "hang up")
        await asyncio.wait({asking}, timeout=HANG_UP_SECONDS)
        self.finish(reason)
        await asking

    async def ended(self) -> str:
        """Wait for the call's end; its reason."""
        await self._voice.changes.until(lambda: self._voice.over is not None)
        return self._voice.over or ""

    async def begin_transfer(self, wish: TransferWish) -> None:
        """A transfer asked for outside the agent, who hears TransferEnded.

        Returns when the carrier has accepted it; raises what the gate or the carrier refuses.
        """
        await self._transfers.ask(wish)
        self._in_background(self._report_transfer(), "transfer")

    def attach(self, session: StreamSession) -> None:
        """A stream carries the call from now on; another that still did is closed."""
        if self._voice.over is not None:
            session.close("the call is over")
            return
        former, self._voice.session = self._voice.session, session
        if former is not None:
            former.close("another stream has taken its place")
        self._streams += 1
        self.rate = session.rate
        self._voice.handed_over = False
        ears = Ears(
            session,
            self._inbox,
            self._digit,
            self._voice,
            self._found.note,
            self._stream_gone,
            lambda seconds: self.report(CallerSilent(seconds)),
        )
        session.listen(ears)
        if self._streams > 1:
            self.report(StreamResumed())
        self._voice.changes.tell()

    def stream_lost(self, reason: str) -> None:
        """The call's socket has closed."""
        if self._voice.session is not None:
            self._voice.session.lost(reason)

    def report(self, event: AgentEvent) -> None:
        """Tell the agent."""
        self._inbox.put(event)

    def transfer_ended(self, result: TransferResult) -> None:
        """The carrier has reported the end of a transfer."""
        if not self._transfers.ended(result) and not self._voice.handed_over:
            self.report(TransferEnded(result))

    async def flush(self) -> None:
        """Wait until the caller has heard what is queued now, at most 3 s: the carrier cuts it off."""
        await self._transfers.flush()

    async def leave_stream(self) -> None:
        """The caller is brought to the target of a consultation: the stream ends after what is queued."""
        await self._transfers.leave_stream()

    def leg_bridged(self) -> None:
        """The caller is connected with the target of a transfer."""
        self._voice.handed_over = True
        self._transfers.ended(TransferResult.BRIDGED)

    def finish(self, reason: str) -> None:
        """The call is over; safe to repeat, the first reason stays."""
        if self._voice.over is not None:
            return
        self._voice.over = reason
        if self._voice.session is not None:
            self._voice.session.close(reason)
        self.report(CallEnded(reason))
        self._voice.changes.tell()
        self._inbox.changes.tell()

    def give_to(self, agent: str, rate: int | None) -> None:
        """Another agent has the call from now on: what was said and pressed before is not for it."""
        self.agent = agent
        self._inbox.forget()
        if self._voice.session is not None:
            self._voice.session.retune(rate)
            self.rate = self._voice.session.rate

    async def first_stream(self) -> None:
        """Wait for a stream before the agent begins. Raises CallOver."""
        await self._voice.stream()

    def listen(
        self,
        on_audio: Callable[[bytes], object],
        on_digit: Callable[[str], object] | None,
        on_mark: Callable[[str], object] | None,
    ) -> None:
        """Callbacks of an agent, called straight from the socket's read; audio is not queued any more."""
        self._inbox.listen(on_audio, on_digit, on_mark)

    async def callback_failed(self) -> BaseException:
        """Wait for a callback to raise, and return what it raised."""
        await self._inbox.changes.until(lambda: self._inbox.failure is not None)
        assert self._inbox.failure is not None
        return self._inbox.failure

    async def agent_finished(self, reason: str) -> None:
        """The agent is done: a transfer under way is waited for, then the control is told.

        After a normal end the caller hears what is queued, 3 s of it at most.
        """
        voice = self._voice
        await voice.changes.until(lambda: voice.over is not None or not voice.transferring)
        if reason == "completed" and not voice.handed_over:
            await voice.heard(FLUSH_SECONDS)
        with suppress(CallOver):
            await self._control.agent_finished(self.id, reason)
        await self._tasks.close()

    async def _ask_hang_up(self, reason: str) -> None:
        with suppress(CallOver):
            await self._control.hang_up(self.id, reason)

    async def _report_transfer(self) -> None:
        with suppress(CallOver):
            self.report(TransferEnded(await self._transfers.go_through()))

    def _stream_gone(self) -> None:
        if self._voice.over is None and not self._voice.transferring:
            self.report(StreamLost())

    def _digit(self, digit: str) -> None:
        self._inbox.digit(digit)
        if digit == self.opt_out_key and self._outcome != OPTED_OUT:
            self._outcome = OPTED_OUT
            self._in_background(self._control.opt_out(self.id), "opt out")
            self.report(OptedOut())

    def _note(self, name: str, facts: dict[str, object]) -> None:
        self._in_background(self._control.note(self.id, name, facts), "note")

    def _in_background(self, work: Coroutine[Any, Any, None], what: str) -> asyncio.Task[Any]:
        return self._tasks.start(work, f"{what} of call {self.id}")

"""What an agent holds: the call, while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linecard.errors import CallOver, InvalidField, UnsupportedByProvider
from linecard.events import (
    AgentEvent,
    CallEnded,
    CallerSilent,
    RecordingResult,
    StreamLost,
    StreamResumed,
    TransferEnded,
    TransferResult,
)
from linecard.live.done import DONE
from linecard.live.ears import Ears
from linecard.live.inbox import Gathering, Inbox
from linecard.live.transfers import FLUSH_SECONDS, Transfers
from linecard.live.voice import Voice
from linecard.media.marks import MarkEnd
from linecard.media.tones import check_keys
from linecard.media.wav import load_wav
from linecard.tasks import Tasks
from linecard.transfers import RingOrder, TransferWish

if TYPE_CHECKING:
    from linecard.calls import Call
    from linecard.clock import Clock
    from linecard.control import Control
    from linecard.media.session import StreamSession

RECORD_ACTIONS = ("start", "stop", "pause", "resume")
HANG_UP_SECONDS = 5.0
"""So long the carrier's yes to a hang-up is waited for before our stream ends all the same."""


class LiveCall:
    """A running call: what is asked of it here raises CallOver once it has ended.

    `async for event in call` yields what happens, until CallEnded. Audio is int16 mono little-endian
    PCM at `rate`. Without a stream (a handshake is repeated, a transfer is under way) commands wait
    for the next one, up to 10 s beyond a transfer; then the call counts as over.
    """

    def __init__(self, call: Call, control: Control, clock: Clock) -> None:
        self.id = call.id
        self.from_ = call.from_
        self.to = call.to
        self.direction = call.direction
        self.number = call.number
        self.provider = call.provider
        self.agent = call.agent
        self.metadata = call.metadata
        self.transfer_targets: tuple[str, ...] = ()
        self.clock = clock
        self.rate = 8000
        self.unsent_ms = 0
        self.silent_since: float | None = None
        self._outcome = call.outcome
        self._control = control
        self._tasks = Tasks()
        self._inbox = Inbox()
        self._voice = Voice(call.id, clock)
        self._transfers = Transfers(call.id, control, self._voice, clock)
        self._streams = 0

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

    async def send(self, pcm: bytes) -> None:
        """Play audio after what is queued; waits while 30 s are queued already."""
        await self._voice.send(pcm)

    def send_nowait(self, pcm: bytes) -> None:
        """Play audio after what is queued; what finds no room or no stream is dropped and counted."""
        self._voice.check()
        session = self._voice.session
        if session is None:
            self.unsent_ms += len(pcm) * 500 // self.rate
        else:
            session.queue(pcm)

    async def play(self, sound: bytes | str | Path) -> None:
        """Play PCM, a WAV file, or a WAV file's bytes; returns when it is queued.

        Raises ValueError for what is no PCM WAV, OSError for a file that cannot be read.
        """
        await self._voice.stream()
        is_pcm = isinstance(sound, bytes) and not (sound[:4] == b"RIFF" and sound[8:12] == b"WAVE")
        if is_pcm and isinstance(sound, bytes):
            await self.send(sound)
        else:
            await self.send(await asyncio.to_thread(load_wav, sound, self.rate))

    async def played(self) -> bool:
        """Wait until the caller has heard all that is queued; False when a clear or a lost stream came first."""
        self._voice.check()
        return await self._voice.heard()

    def mark(self, name: str) -> Awaitable[None]:
        """Report MarkReached once the caller has heard what is queued now; may be awaited or not."""
        self._voice.check()
        if self._voice.session is not None:
            self._voice.session.mark(partial(self._mark_ended, name))
        return DONE

    def clear(self) -> Awaitable[None]:
        """Barge-in: the caller hears nothing more of what was queued; may be awaited or not."""
        self._voice.check()
        if self._voice.session is not None:
            self._voice.session.clear()
        return DONE

    async def gather(self, digits: int = 1, seconds: float = 5.0, finish_on: str = "#") -> str:
        """Keys, until there are `digits`, one of `finish_on` is pressed, or none came for `seconds`.

        Others see the keys too: DigitPressed is reported all the same.
        """
        self._voice.check()
        gathering = Gathering(digits, finish_on)
        self._inbox.gatherings.append(gathering)
        try:
            with suppress(TimeoutError):
                while not gathering.is_done:
                    await self._next_key(gathering, seconds)
        finally:
            self._inbox.gatherings.remove(gathering)
        return gathering.keys

    async def send_digits(self, digits: str) -> None:
        """Press keys toward the caller: on the stream, as tones behind what is queued, or by the carrier's API.

        Raises InvalidField for what is on no keypad.
        """
        self._voice.check()
        keys, session = check_keys(digits), self._voice.session
        if session is None:
            await self._control.send_digits(self.id, keys)
            return
        how = session.send_digits(keys)
        await self._control.note(self.id, "digits-sent", {"how": how, "count": len(keys)})

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
            targets=_several(to),
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
            session, self._inbox, self._voice, self._note, self._stream_gone, self._caller_silent
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

    async def _next_key(self, gathering: Gathering, seconds: float) -> None:
        presses, voice = gathering.presses, self._voice
        async with self.clock.timeout(seconds):
            await self._inbox.changes.until(
                lambda: gathering.presses != presses or voice.over is not None
            )
        voice.check()

    async def _ask_hang_up(self, reason: str) -> None:
        with suppress(CallOver):
            await self._control.hang_up(self.id, reason)

    async def _report_transfer(self) -> None:
        with suppress(CallOver):
            self.report(TransferEnded(await self._transfers.go_through()))

    def _mark_ended(self, name: str, end: MarkEnd) -> None:
        if end is MarkEnd.HEARD:
            self._inbox.mark(name)

    def _stream_gone(self) -> None:
        if self._voice.over is None and not self._voice.transferring:
            self.report(StreamLost())

    def _caller_silent(self, seconds: int) -> None:
        self.report(CallerSilent(seconds))

    def _note(self, name: str, facts: dict[str, object]) -> None:
        self._in_background(self._control.note(self.id, name, facts), "note")

    def _in_background(self, work: Coroutine[Any, Any, None], what: str) -> asyncio.Task[Any]:
        return self._tasks.start(work, f"{what} of call {self.id}")


def _several(to: str | Sequence[str]) -> tuple[str, ...]:
    return (to,) if isinstance(to, str) else tuple(to)

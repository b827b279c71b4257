"""`LiveCall`: what an agent sees of a call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import structlog

from linecard.calls import Call, Direction
from linecard.clock import Clock
from linecard.control import Control
from linecard.errors import CallOver, Conflict, UnsupportedByProvider
from linecard.events import (
    AgentEvent,
    AudioReceived,
    CallEnded,
    DigitPressed,
    MarkReached,
    StreamLost,
    StreamResumed,
    TransferEnded,
    TransferResult,
)
from linecard.live.handover import COMES_BACK_SECONDS, Handover
from linecard.live.mailbox import Mailbox
from linecard.live.playing import Waits
from linecard.media.marks import MarkEnd

if TYPE_CHECKING:
    from linecard.media.session import StreamSession

log = structlog.get_logger()

LAST_WORDS_SECONDS = 3.0
"""How long what was accepted may still be heard before a hang-up or a transfer."""
STREAM_SECONDS = 10.0
"""How long audio waits for a stream, as after a failed transfer, before the call counts as over."""


class LiveCall:
    """A call in the agent's hands.

    Audio is int16 mono little-endian at `rate`. Commands raise CallOver once the call has ended.
    """

    def __init__(self, call: Call, control: Control, clock: Clock) -> None:
        self.call = call
        self.rate = 0
        self.handed_over = False
        self.started = False
        self.dropped = 0
        self._control = control
        self._clock = clock
        self._mailbox = Mailbox()
        self._waits = Waits()
        self._gathering: list[asyncio.Queue[str]] = []
        self._handover: Handover | None = None
        self._session: StreamSession | None = None
        self._attached = asyncio.Event()
        self._over = asyncio.Event()
        self._end_reason = ""
        self._outcome: str | None = None
        self._callbacks: Any = None
        self._background: set[asyncio.Task[Any]] = set()

    @property
    def id(self) -> str:
        """The call's id."""
        return self.call.id

    @property
    def from_(self) -> str | None:
        """Who calls, in E.164; None when withheld."""
        return self.call.from_

    @property
    def to(self) -> str:
        """Who is called, in E.164."""
        return self.call.to

    @property
    def direction(self) -> Direction:
        """`inbound` or `outbound`."""
        return self.call.direction

    @property
    def number(self) -> str:
        """The registered number that carries the call."""
        return self.call.number

    @property
    def metadata(self) -> Mapping[str, object]:
        """What was given with the call when it was placed."""
        return self.call.metadata

    @property
    def is_over(self) -> bool:
        """Whether the call has ended."""
        return self._over.is_set()

    @property
    def streaming(self) -> bool:
        """Whether an audio stream is open."""
        return self._session is not None and self._session.closed is None

    @property
    def outcome(self) -> str | None:
        """The agent's own result of the call; kept on its record."""
        return self._outcome

    @outcome.setter
    def outcome(self, outcome: str) -> None:
        self._outcome = outcome
        self._start(self._control.set_outcome(self.id, outcome), "outcome")

    async def send(self, pcm: bytes) -> None:
        """Queue audio; waits while half a minute is queued already, or for the stream to come back."""
        session = await self._stream()
        await session.room()
        session.queue(pcm)

    def send_nowait(self, pcm: bytes) -> bool:
        """Queue audio without waiting; False, and counted, when there is no room or no stream."""
        session = self._session
        if session is None or session.closed is not None or not session.has_room:
            self.dropped += 1
            return False
        session.queue(pcm)
        return True

    async def play(self, sound: bytes | str | PathLike[str]) -> None:
        """Queue a sound: PCM at `rate`, or the path of a WAV file. Returns when it is queued."""
        session = await self._stream()
        if not isinstance(sound, bytes):
            sound = await asyncio.to_thread(_read_wav, sound, self.rate)
        step = 2 * self.rate
        for start in range(0, len(sound), step):
            await session.room()
            session.queue(sound[start : start + step])

    async def played(self) -> bool:
        """Wait until the caller has heard all that was queued; False when it was cleared or is not known."""
        session = self._session
        if session is None or session.closed is not None:
            return False
        name, end = self._waits.new()
        session.mark(name)
        return await end is MarkEnd.HEARD

    async def mark(self, name: str) -> None:
        """Put a mark behind what is queued; `MarkReached` comes when the caller has heard all before it."""
        (await self._stream()).mark(f"agent:{name}")

    async def clear(self) -> None:
        """Barge-in: the caller hears silence at once; nothing older is sent."""
        if self._session is not None:
            self._session.clear()

    async def gather(self, digits: int = 1, seconds: float = 5.0, finish_on: str = "#") -> str:
        """The keys the caller presses: so many, or until `finish_on`, or until none came for `seconds`."""
        self._require_live()
        keys: asyncio.Queue[str] = asyncio.Queue()
        self._gathering.append(keys)
        try:
            return await self._collect(keys, digits, seconds, finish_on)
        finally:
            self._gathering.remove(keys)

    async def send_digits(self, digits: str) -> None:
        """Press keys toward the far end: on the stream, else in the sound."""
        session = await self._stream()
        how = session.send_digits(digits)
        await self._control.note(self.id, "digits-sent", {"how": how, "count": len(digits)})

    async def record(self, action: str = "start") -> None:
        """`start`, `stop`, `pause` or `resume` the recording, where the carrier can."""
        self._require_live()
        await self._control.record(self.id, action)

    async def transfer(
        self, to: str | Sequence[str], mode: str = "cold", timeout: int = 25
    ) -> TransferResult:
        """Hand the caller to somebody; returns when they talk, or when the caller is back.

        Raises GateRefused for a number that is not allowed, Conflict while another transfer runs,
        CarrierError when the carrier refused; then nothing has changed.
        """
        targets = [to] if isinstance(to, str) else list(to)
        try:
            handover = await self.begin_transfer(targets, mode, timeout)
        except UnsupportedByProvider:
            return TransferResult.UNSUPPORTED
        return await handover.result()

    async def begin_transfer(self, to: Sequence[str], mode: str, ring_seconds: int) -> Handover:
        """Ask for a transfer; once it is accepted the caller hears the last words and the stream ends."""
        self._require_live()
        if self._handover is not None and not self._handover.is_over:
            raise Conflict(f"call {self.id} is being transferred already")
        handover = self._handover = Handover()
        try:
            await self._control.transfer(self.id, to, mode, ring_seconds)
        except BaseException:
            self._handover = None
            raise
        await self._last_words()
        self._close_stream("transfer")
        return handover

    async def hang_up(self, now: bool = False) -> None:
        """End the call, once what was accepted has been heard (3 s at most), or at once."""
        if self.is_over:
            return
        if not now:
            await self._last_words()
        await self._control.hang_up(self.id, "hung up by the agent")
        self._close_stream("hung up by the agent")

    def __aiter__(self) -> AsyncIterator[AgentEvent]:
        return self

    async def __anext__(self) -> AgentEvent:
        return await self._mailbox.get()

    async def until_over(self) -> str:
        """Wait for the call's end; its reason."""
        await self._over.wait()
        return self._end_reason

    def use_callbacks(self, callbacks: object) -> None:
        """Give audio, digits and marks straight to an object instead of the event queue."""
        self._callbacks = callbacks

    def attach(self, session: StreamSession) -> None:
        """A stream carries the call from now on."""
        is_first = self._session is None
        self._session = session
        self.rate = session.codec.rate
        session.listener = self
        self._attached.set()
        if not is_first:
            self._mailbox.put(StreamResumed())
        if self._handover is not None:
            self._handover.stream_is_back()

    def stream_lost(self, session: StreamSession) -> None:
        """A stream is gone."""
        if session is self._session:
            self._attached.clear()
            if not self.is_over:
                self._mailbox.put(StreamLost())

    def report(self, event: AgentEvent) -> None:
        """Something the agent should know."""
        self._mailbox.put(event)

    def leg_bridged(self) -> None:
        """The target of a transfer talks with the caller."""
        self.handed_over = True
        if self._handover is not None:
            self._handover.bridged()

    def transfer_ended(self, result: TransferResult) -> None:
        """The dialling of a transfer is over."""
        self.handed_over = self.handed_over or result is TransferResult.BRIDGED
        if self._handover is not None:
            self._handover.ended(result, COMES_BACK_SECONDS / self._clock.speed)
        self._mailbox.put(TransferEnded(result))

    async def finish_agent(self, reason: str) -> None:
        """The agent is done: what it said last is heard, then the call ends unless it was handed over."""
        if not self.is_over and not self.handed_over:
            await self._last_words()
        await self._control.agent_finished(self.id, reason)

    def finish(self, reason: str) -> None:
        """The call is over."""
        if self.is_over:
            return
        self._end_reason = reason
        self._over.set()
        self._attached.set()
        self._mailbox.put(CallEnded(reason))
        self._waits.end_all()
        if self._handover is not None:
            self._handover.call_over(CallOver(self.id, reason))
        self._close_stream(reason)

    def on_audio(self, pcm: bytes) -> None:
        """From the stream: the caller's audio."""
        if self._callbacks is not None:
            self._callbacks.on_audio(pcm)
        else:
            self._mailbox.put(AudioReceived(pcm))

    def on_digit(self, digit: str) -> None:
        """From the stream: a key."""
        for keys in self._gathering:
            keys.put_nowait(digit)
        self._tell("on_digit", digit)
        self._mailbox.put(DigitPressed(digit))

    def on_mark(self, name: str, end: MarkEnd) -> None:
        """From the stream: a mark's end."""
        if self._waits.end(name, end) or end is not MarkEnd.HEARD:
            return
        own = name.removeprefix("agent:")
        self._tell("on_mark", own)
        self._mailbox.put(MarkReached(own))

    def _tell(self, method: str, value: str) -> None:
        told = getattr(self._callbacks, method, None)
        if told is not None:
            told(value)

    async def _stream(self) -> StreamSession:
        self._require_live()
        if not self.streaming:
            await self._wait_for_stream()
        if self._session is None or self._session.closed is not None:
            raise CallOver(self.id, "no stream carries it")
        return self._session

    async def _wait_for_stream(self) -> None:
        try:
            async with self._clock.timeout(STREAM_SECONDS):
                await self._attached.wait()
        except TimeoutError as error:
            raise CallOver(self.id, "no stream carries it") from error
        self._require_live()

    async def _last_words(self) -> None:
        session = self._session
        if session is not None and session.closed is None:
            await self._clock.sleep(min(LAST_WORDS_SECONDS, session.unheard_seconds))

    async def _collect(
        self, keys: asyncio.Queue[str], digits: int, seconds: float, finish_on: str
    ) -> str:
        pressed = ""
        while len(pressed) < digits:
            try:
                async with self._clock.timeout(seconds):
                    key = await keys.get()
            except TimeoutError:
                break
            if key in finish_on:
                break
            pressed += key
        return pressed

    def _close_stream(self, reason: str) -> None:
        if self._session is not None:
            self._session.close(reason)

    def _require_live(self) -> None:
        if self.is_over:
            raise CallOver(self.id, self._end_reason)

    def _start(self, work: Coroutine[Any, Any, None], what: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=what)
        self._background.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("not kept", what=task.get_name(), call=self.id, exc_info=task.exception())


def _read_wav(path: str | PathLike[str], rate: int) -> bytes:
    from linecard.media.wav import load_wav

    return load_wav(path, rate)

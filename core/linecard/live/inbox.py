"""What a call has to tell its agent: to callbacks at once, to an iteration by a bounded queue."""

from __future__ import annotations

from collections.abc import Callable

from linecard.events import AgentEvent, AudioReceived, CallEnded, DigitPressed, MarkReached
from linecard.live.changes import Changes

MOST_AUDIO = 250
"""Frames, 5 s as a rule; of an agent that lags more, the oldest audio is dropped and counted."""


MOST_UNREAD = 1000
"""Events kept for an agent with callbacks, which may read them too and seldom does."""


class Gathering:
    """Keys collected beside everything else that happens."""

    def __init__(self, digits: int, finish_on: str) -> None:
        self.keys = ""
        self.presses = 0
        self.is_done = digits < 1
        self._digits = digits
        self._finish_on = finish_on

    def press(self, key: str) -> None:
        """One more key."""
        if self.is_done:
            return
        self.presses += 1
        if key in self._finish_on:
            self.is_done = True
            return
        self.keys += key
        self.is_done = len(self.keys) >= self._digits


class Inbox:
    """Events in their order. Audio has a queue of its own, numbered with the others.

    Both are short lists: an empty deque would take ten times the room, and most calls queue nothing.
    """

    __slots__ = (
        "_audio",
        "_is_over",
        "_number",
        "_others",
        "changes",
        "dropped_audio",
        "ears",
        "failure",
        "gatherings",
        "on_audio",
        "on_digit",
        "on_mark",
    )

    def __init__(self) -> None:
        self.changes = Changes()
        self.dropped_audio = 0
        self.failure: BaseException | None = None
        self.on_audio: Callable[[bytes], object] | None = None
        self.on_digit: Callable[[str], object] | None = None
        self.on_mark: Callable[[str], object] | None = None
        self.gatherings: list[Gathering] = []
        self.ears: list[Callable[[bytes], None]] = []
        self._audio: list[tuple[int, AgentEvent]] = []
        self._others: list[tuple[int, AgentEvent]] = []
        self._number = 0
        self._is_over = False

    def audio(self, pcm: bytes, original: bytes | None = None) -> None:
        """The caller's audio, and as it came where its noise was taken out.

        Those who listen beside the agent hear it first; they judge by the sound, so by the original.
        """
        if self.ears:
            for hear in self.ears:
                hear(original or pcm)
            self.changes.tell()
        if self.on_audio is not None:
            try:
                self.on_audio(pcm)
            except (Exception, SystemExit) as error:  # noqa: BLE001 (raised again where the agent runs)
                self._failed(error)
            return
        if len(self._audio) >= MOST_AUDIO:
            self._audio.pop(0)
            self.dropped_audio += 1
        self._put(self._audio, AudioReceived(pcm, original))

    def digit(self, digit: str) -> None:
        """A key of the caller."""
        for gathering in self.gatherings:
            gathering.press(digit)
        self.put(DigitPressed(digit))
        if self.on_digit is not None:
            self._call(self.on_digit, digit)

    def mark(self, name: str) -> None:
        """A mark that the caller has heard."""
        self.put(MarkReached(name))
        if self.on_mark is not None:
            self._call(self.on_mark, name)

    def listen(
        self,
        on_audio: Callable[[bytes], object],
        on_digit: Callable[[str], object] | None,
        on_mark: Callable[[str], object] | None,
    ) -> None:
        """Callbacks from now on; the audio that came before them is given to them first."""
        self.on_audio, self.on_digit, self.on_mark = on_audio, on_digit, on_mark
        while self._audio:
            _, event = self._audio.pop(0)
            if isinstance(event, AudioReceived) and self.on_audio is not None:
                self._call(self.on_audio, event.pcm)

    def put(self, event: AgentEvent) -> None:
        """Any other event; never dropped for an agent that reads, bounded for one that does not."""
        self._put(self._others, event)
        if self.on_audio is not None and len(self._others) > MOST_UNREAD:
            self._others.pop(0)

    def forget(self) -> None:
        """Drop what was heard and pressed; the end of the call stays."""
        self._audio.clear()
        ends = [item for item in self._others if isinstance(item[1], CallEnded)]
        self._others = ends

    async def next(self) -> AgentEvent | None:
        """The oldest event, waited for; None after CallEnded."""
        if self._is_over:
            return None
        if not (self._audio or self._others):
            await self.changes.until(lambda: self._audio or self._others)
        event = self._oldest()
        self._is_over = isinstance(event, CallEnded)
        return event

    def _put(self, queue: list[tuple[int, AgentEvent]], event: AgentEvent) -> None:
        self._number += 1
        queue.append((self._number, event))
        self.changes.tell()

    def _oldest(self) -> AgentEvent:
        audio, others = self._audio, self._others
        first = audio if audio and (not others or audio[0][0] < others[0][0]) else others
        return first.pop(0)[1]

    def _call(self, callback: Callable[..., object], value: object) -> None:
        """A callback that raises ends its agent, never the socket's reading; nothing calls it again."""
        try:
            callback(value)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (raised again where the agent runs)
            self._failed(error)

    def _failed(self, error: BaseException) -> None:
        self.failure = self.failure or error
        self.on_audio = self.on_digit = self.on_mark = None
        self.changes.tell()

"""What a live call hears of one of its streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linecard.live.inbox import Inbox
    from linecard.live.voice import Voice
    from linecard.media.session import StreamSession


class Ears:
    """The listener of one stream; once another has taken its place, its end means nothing."""

    def __init__(
        self,
        session: StreamSession,
        inbox: Inbox,
        digit: Callable[[str], None],
        voice: Voice,
        note: Callable[[str, dict[str, object]], None],
        gone: Callable[[], None],
        silent: Callable[[int], None],
    ) -> None:
        self.on_audio = inbox.audio
        self.on_enhanced = inbox.audio
        self.on_digit = digit
        self.on_silence = silent
        self._note = note
        self._session = session
        self._voice = voice
        self._gone = gone

    def on_room(self) -> None:
        """The queue takes audio again."""
        self._voice.rooms += 1
        self._voice.changes.tell()

    def on_fact(self, name: str, facts: dict[str, object]) -> None:
        """For the call's record."""
        self._note(name, facts)

    def on_lost(self, reason: str) -> None:
        """The stream is over."""
        if self._voice.session is self._session:
            self._voice.session = None
            self._voice.changes.tell()
            self._gone()

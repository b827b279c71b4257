"""Keys of a call: those that the caller presses, collected, and those that are pressed toward them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from linecard.carrier import KeysBy
from linecard.errors import InvalidField
from linecard.live.inbox import Gathering
from linecard.media.tones import KEYS, check_keys, dtmf

if TYPE_CHECKING:
    from linecard.clock import Clock
    from linecard.control import Control
    from linecard.live.inbox import Inbox
    from linecard.live.transfers import Transfers
    from linecard.live.voice import Voice

SENT = "digits-sent"
MOST_GATHERED = 64
LONGEST_SECONDS = 14_400.0
"""No call is longer."""


class Keys:
    """The keys of one call."""

    def __init__(
        self, call_id: str, control: Control, inbox: Inbox, transfers: Transfers, clock: Clock
    ) -> None:
        self._call_id = call_id
        self._control = control
        self._inbox = inbox
        self._transfers = transfers
        self._clock = clock

    async def gather(
        self, voice: Voice, digits: int, seconds: float, finish_on: str, first_seconds: float | None
    ) -> str:
        """Keys, until there are enough, or none has come for too long. Raises InvalidField or CallOver."""
        check_gather(digits, seconds, finish_on, first_seconds)
        gathering = Gathering(digits, finish_on.upper())
        patience = seconds if first_seconds is None else first_seconds
        self._inbox.gatherings.append(gathering)
        try:
            with suppress(TimeoutError):
                while not gathering.is_done:
                    await self._next(voice, gathering, patience)
                    patience = seconds
        finally:
            self._inbox.gatherings.remove(gathering)
        return gathering.keys

    async def send(self, voice: Voice, digits: str, how: str | None) -> None:
        """Press keys: as asked, or on the stream where there is one, else by the carrier's API."""
        keys, by = check_keys(digits), _way(how)
        if by is KeysBy.DOCUMENT:
            await self._transfers.press_by_document(keys)
        elif by is KeysBy.API or (by is None and voice.session is None):
            await self._control.send_digits(self._call_id, keys)
        else:
            done = await self._on_stream(voice, keys, by)
            await self._control.note(self._call_id, SENT, sent(done, keys))

    async def _on_stream(self, voice: Voice, keys: str, by: KeysBy | None) -> KeysBy:
        """By a message of the socket, else as tones behind what is queued; how it was done."""
        session = await voice.stream()
        if by is not KeysBy.TONES and session.press(keys):
            return KeysBy.STREAM
        if by is KeysBy.STREAM:
            raise InvalidField("how", "this carrier's stream presses no keys; there are tones")
        await voice.send(dtmf(keys, session.rate))
        return KeysBy.TONES

    async def _next(self, voice: Voice, gathering: Gathering, seconds: float) -> None:
        presses = gathering.presses
        async with self._clock.timeout(seconds):
            await self._inbox.changes.until(
                lambda: gathering.presses != presses or voice.over is not None
            )
        voice.check()


def check_gather(
    digits: int, seconds: float, finish_on: str, first_seconds: float | None = None
) -> None:
    """Raise InvalidField for what could never be gathered."""
    if not 1 <= digits <= MOST_GATHERED:
        raise InvalidField("digits", f"must be 1 to {MOST_GATHERED}")
    for name, value in (("seconds", seconds), ("first_seconds", first_seconds)):
        if value is not None and not 0 < value <= LONGEST_SECONDS:
            raise InvalidField(name, f"must be more than 0 and at most {LONGEST_SECONDS:g}")
    if any(key not in KEYS for key in finish_on.upper()):
        raise InvalidField("finish_on", f"must be keys out of {KEYS}, or empty")


def sent(how: str, keys: str) -> dict[str, object]:
    """How the record tells of keys that were pressed: never which."""
    return {"how": str(how), "count": len(keys)}


def _way(how: str | None) -> KeysBy | None:
    if how is None:
        return None
    try:
        return KeysBy(how)
    except ValueError:
        raise InvalidField("how", f"must be one of {', '.join(KeysBy)}") from None

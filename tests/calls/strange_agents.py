"""Agents that listen well, and agents that fail in every place where one can."""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict

import linecard
from linecard.simulator.speech import beep

HEARD: defaultdict[str, list[bytes]] = defaultdict(list)
"""What `listener` was given, by the call's id."""
LISTENERS: defaultdict[str, list[object]] = defaultdict(list)


class Failure(Exception):
    """What the failing agents raise."""


@linecard.agent
class Listener:
    """Keeps every frame it hears."""

    def __init__(self, call: linecard.LiveCall) -> None:
        self._heard = HEARD[call.id]
        LISTENERS[call.id].append(self)

    def on_audio(self, pcm: bytes) -> None:
        self._heard.append(pcm)


@linecard.agent
class FailsAtBirth:
    """Cannot be made."""

    def __init__(self, call: linecard.LiveCall) -> None:
        raise Failure("at birth")

    def on_audio(self, pcm: bytes) -> None:
        """Never called."""


@linecard.agent
class FailsOnAudio:
    """Cannot bear the tenth frame."""

    def __init__(self, call: linecard.LiveCall) -> None:
        self._frames = 0

    def on_audio(self, pcm: bytes) -> None:
        self._frames += 1
        if self._frames == 10:
            raise Failure("on audio")


@linecard.agent
class ExitsOnAudio:
    """Tries to take the whole server with it."""

    def __init__(self, call: linecard.LiveCall) -> None:
        """Nothing to keep."""

    def on_audio(self, pcm: bytes) -> None:
        sys.exit(1)


@linecard.agent
async def fails_at_once(call: linecard.LiveCall) -> None:
    """Raises before it has heard anything."""
    raise Failure("at once")


@linecard.agent
async def fails_midway(call: linecard.LiveCall) -> None:
    """Raises while the caller is being spoken to."""
    await call.play(b"\x00\x10" * call.rate)
    await asyncio.sleep(0)
    async for event in call:
        if isinstance(event, linecard.AudioReceived):
            raise Failure("midway")


@linecard.agent
async def exits(call: linecard.LiveCall) -> None:
    """Tries to take the whole server with it."""
    sys.exit(1)


@linecard.agent
async def cancels_itself(call: linecard.LiveCall) -> None:
    """Raises what only the server should."""
    raise asyncio.CancelledError


@linecard.agent
async def card_taker(call: linecard.LiveCall) -> None:
    """Asks for a card number only when nothing is recorded."""
    try:
        paused = await call.record("pause", resume_after=60)
    except linecard.LinecardError as error:
        call.outcome = f"not asked: {type(error).__name__}"
    else:
        call.outcome = (
            "asked" if paused is linecard.RecordingResult.PAUSED else f"not asked: {paused}"
        )
        await call.record("resume")
    await call.ended()


@linecard.agent(rate=8000)
async def speaks_once(call: linecard.LiveCall) -> None:
    """Says one thing, and listens."""
    await asyncio.sleep(0.1)
    await call.play(beep() * 5)
    await call.ended()

"""Agents that are always there: `echo` and `greeter`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from linecard.agents.declare import agent
from linecard.errors import CarrierError, Conflict, GateRefused

QUIET_FRAMES = 1500
"""Half a minute of frames without a key ends the greeter's call."""
GREETING = ((523, 0.18), (659, 0.18), (784, 0.18), (1047, 0.5))
SORRY = ((392, 0.25), (311, 0.4))
BEEP_HERTZ = 880


@agent
class Echo:
    """Says back what it hears, at once."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def on_audio(self, pcm: bytes) -> None:
        """Send the frame back."""
        self._call.send_nowait(pcm)


@agent
async def greeter(call: Any) -> None:
    """Plays a greeting, answers each key with as many beeps, transfers on 0, ends on #.

    `0` goes to `metadata["transfer_to"]`.
    """
    from linecard.events import AudioReceived, DigitPressed

    await call.play(melody(GREETING, call.rate))
    quiet = 0
    async for event in call:
        if isinstance(event, AudioReceived):
            quiet += 1
        elif isinstance(event, DigitPressed):
            quiet = 0
            await call.clear()
            if event.digit == "#" or not await _answer_key(call, event.digit):
                return
        if quiet >= QUIET_FRAMES:
            return


async def _answer_key(call: Any, digit: str) -> bool:
    """Whether the greeter stays with the caller."""
    if digit == "0":
        return not await _hand_over(call)
    await call.play(
        melody(((BEEP_HERTZ, 0.12), (0, 0.1)) * (int(digit) if digit.isdigit() else 1), call.rate)
    )
    return True


async def _hand_over(call: Any) -> bool:
    from linecard.events import TransferResult

    target = call.metadata.get("transfer_to")
    try:
        result = await call.transfer(str(target), mode="warm") if target else None
    except (GateRefused, CarrierError, Conflict):
        result = None
    if result is TransferResult.BRIDGED:
        return True
    await call.play(melody(SORRY, call.rate))
    return False


@cache
def melody(notes: tuple[tuple[int, float], ...], rate: int) -> bytes:
    """Soft notes, (hertz, seconds) each, as int16 PCM; 0 hertz is a rest."""
    return b"".join(_note(hertz, seconds, rate) for hertz, seconds in notes)


def _note(hertz: int, seconds: float, rate: int) -> bytes:
    import numpy as np

    time = np.arange(int(rate * seconds)) / rate
    fade = np.minimum(1, np.minimum(time, seconds - time) / 0.02)
    wave = np.sin(2 * np.pi * hertz * time) + 0.3 * np.sin(4 * np.pi * hertz * time)
    return (wave * fade * 7000).astype("<i2").tobytes()


BUILT_IN: Mapping[str, object] = MappingProxyType({"echo": Echo, "greeter": greeter})

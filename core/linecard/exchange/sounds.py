"""What a caller hears of our own: WAV files of LINECARD_SOUNDS, or texts spoken by espeak-ng where it is installed."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from linecard.media.wav import load_wav
from linecard.routing import Carrier, Message

if TYPE_CHECKING:
    from linecard.carrier import Facts
    from linecard.settings import Settings

log = structlog.get_logger()

SYNTHESISER = "espeak-ng"
SYNTHESIS_SECONDS = 10.0
HEADER_BYTES = 44


def carrier(settings: Settings, facts: Facts) -> Carrier:
    """How callers are spoken to at a carrier, as routings are checked against it."""
    return Carrier(
        speaks=facts.speaks,
        gathers=facts.gathers,
        has_sound=lambda name: sound_file(settings, name) is not None,
        can_synthesise=can_synthesise(),
    )


def can_synthesise() -> bool:
    """Whether texts can be turned into sound on this machine."""
    return shutil.which(SYNTHESISER) is not None


def sound_file(settings: Settings, name: str) -> Path | None:
    """A WAV file of the folder of sounds, or None. A name is one word: it leads nowhere else."""
    if settings.sounds is None or Path(name).name != name:
        return None
    path = Path(settings.sounds) / name
    return path if path.is_file() else None


def can_be_heard(settings: Settings, message: Message) -> bool:
    """Whether a message can be had as sound here."""
    if message.sound is not None and sound_file(settings, message.sound) is not None:
        return True
    return message.say is not None and can_synthesise()


async def pcm(settings: Settings, message: Message, rate: int) -> bytes:
    """A message as PCM at `rate`; empty, and an error in the log, where it cannot be had any more."""
    try:
        file = sound_file(settings, message.sound) if message.sound else None
        sound: Path | bytes = file or await _synthesised(message)
        return await asyncio.to_thread(load_wav, sound, rate)
    except (OSError, ValueError, TimeoutError) as error:
        log.error("a message cannot be spoken", sound=message.sound, error=str(error))
        return b""


async def _synthesised(message: Message) -> bytes:
    """A text as a WAV file. Raises ValueError where there is none, OSError where nobody speaks it."""
    if message.say is None:
        raise ValueError(f"the sound {message.sound} is gone")
    voice = message.language.lower()
    process = await asyncio.create_subprocess_exec(
        SYNTHESISER,
        *("-v", voice, "--stdin", "--stdout"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(SYNTHESIS_SECONDS):
            spoken, _ = await process.communicate(message.say.encode())
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    if spoken[:4] != b"RIFF" or len(spoken) < HEADER_BYTES:
        raise ValueError(f"{SYNTHESISER} gave no WAV in {voice}")
    return _with_lengths(spoken)


def _with_lengths(wav: bytes) -> bytes:
    """A WAV that was written to a pipe does not know its length; its header is given it."""
    size, data = len(wav) - 8, len(wav) - HEADER_BYTES
    return (
        b"RIFF"
        + size.to_bytes(4, "little")
        + wav[8:40]
        + data.to_bytes(4, "little")
        + wav[HEADER_BYTES:]
    )

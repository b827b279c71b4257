"""What a caller is told, as texts: the simulated carriers say each text as a row of tones of its own.

Our own stream says the same tones: as recorded prompts, or by an espeak-ng that is not the real one.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from linecard.simulator.sound import frames, level, write_wav
from linecard.simulator.speech import speech
from tests.calls.lines import Line

OTHER = "(something else)"
HUSHED = -40.0
"""Decibels below full scale that nobody would call a word."""
UNKNOWN_LENGTHS = {4: b"\x24\xf0\xff\x7f", 40: b"\x00\xf0\xff\x7f"}
"""What espeak-ng 1.51 writes for the two lengths in the header of a WAV that goes to a pipe."""
PROGRAM = """#!/bin/sh
[ "$#" = 4 ] && [ "$1" = -v ] && [ "$3 $4" = "--stdin --stdout" ] || exit 2
cat "$(dirname "$0")/$2-$(sha256sum | cut -c1-16).wav"
"""


def said(text: str) -> dict[str, str]:
    """A text for carriers that speak, and the same as a recorded prompt for our own stream."""
    return {"say": text, "sound": f"{_key(text)}.wav"}


def record(folder: Path, *texts: str) -> None:
    """The recorded prompts of some texts."""
    for text in texts:
        (folder / f"{_key(text)}.wav").write_bytes(write_wav([speech(text)]))


def install_espeak(folder: Path, patch: pytest.MonkeyPatch, *texts: str, voice: str) -> None:
    """An espeak-ng on PATH that can say these texts with one voice, and fails with all others."""
    program = folder / "espeak-ng"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    for text in texts:
        wav = bytearray(write_wav([speech(text)]))
        for place, length in UNKNOWN_LENGTHS.items():
            wav[place : place + 4] = length
        (folder / f"{voice}-{_key(text)}.wav").write_bytes(wav)
    patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def told(at: Line, texts: Iterable[str], caller: str | None = None) -> list[str]:
    """Which texts were heard whole in the last call of the customer, or of another caller, in their order."""
    return [text for text in all_heard(at, texts, caller) if text != OTHER]


def all_heard(at: Line, texts: Iterable[str], caller: str | None = None) -> list[str]:
    """The same, with a word in the place of every other sound."""
    heard, position = _sound(at, caller or at.customer), 0
    words: list[str] = []
    for place, text in sorted(_found(heard, texts)):
        words += _others(heard[position:place])
        words.append(text)
        position = place + len(speech(text))
    return [*words, *_others(heard[position:])]


def _sound(at: Line, caller: str) -> bytes:
    """What the phone heard; where our own stream spoke, what was played of it, without the pauses."""
    carrier = at.world.carrier
    if carrier.name != "exotel":
        return bytes(carrier.phones.handsets(caller)[-1].heard)
    call = carrier.ledger.calls()[-1]
    return b"".join(bytes(one.played) for one in carrier.playbacks(call))


def _found(heard: bytes, texts: Iterable[str]) -> Iterator[tuple[int, str]]:
    for text in texts:
        sound = speech(text)
        place = heard.find(sound)
        while place >= 0:
            yield place, text
            place = heard.find(sound, place + len(sound))


def _others(sound: bytes) -> Sequence[str]:
    return [OTHER] if any(level(frame) > HUSHED for frame in frames(sound)) else []

"""How long somebody who had answered heard nothing: from the answer to the first audio of ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from linecard.store.timeline import Line
from linecard.wall import now

if TYPE_CHECKING:
    from linecard.calls import Call

AFTER_ANSWER = "after_answer_ms"
FIRST_AUDIO = "first_audio_ms"
SILENCE = "silence_ms"
"""In milliseconds of the calls' clock: the answer to the stream's opening, that to its first audio, and both."""


def after_answer(call: Call, speed: float) -> dict[str, int]:
    """For a stream that opens now. One that opens before the answer was told has been the answer."""
    if call.answered_at is None:
        return {AFTER_ANSWER: 0}
    waited = (now() - call.answered_at).total_seconds() * speed
    return {AFTER_ANSWER: max(0, round(waited * 1000))}


def silence(lines: Iterable[Line], ending: Mapping[str, object]) -> dict[str, int]:
    """For a stream that ends, if it is the first of its call on which we were heard."""
    before = {
        line.name: line.facts
        for line in lines
        if SILENCE in line.facts or AFTER_ANSWER in line.facts
    }
    opened, first = before.get("stream-started", {}).get(AFTER_ANSWER), ending.get(FIRST_AUDIO)
    if "stream-ended" in before or not isinstance(opened, int) or not isinstance(first, int):
        return {}
    return {SILENCE: opened + first}


def told(lines: Iterable[Line]) -> int | None:
    """A call's silence, once its stream has ended."""
    found = (line.facts[SILENCE] for line in lines if SILENCE in line.facts)
    said = next(found, None)
    return said if isinstance(said, int) else None

"""Checks of the sound itself: what was played, heard and said, sample for sample."""

from __future__ import annotations

from linecard.demo import script
from linecard.demo.checks import Seen
from linecard.demo.evidence import Evidence
from linecard.demo.hearing import (
    RATE,
    cut_short,
    end_of_sound,
    first_sound,
    is_within,
    likest,
    place_of,
    sounding,
)
from linecard.demo.script import by_agent, by_customer
from linecard.media.incoming import ENHANCED
from linecard.simulator.ledger import What

LIKE = 0.7
"""An echo whose noise was taken out is not the same sound any more, but much like it."""
BARGE_IN_MS = 400.0
"""In real time. A faster clock magnifies the machine's own share, so the limit grows with it."""
OUTBOUND_REST = (
    by_agent(script.ASK_NUMBER),
    script.BOOKING_BEEPS,
    by_agent(script.CONNECTING),
    by_agent(script.STILL_BUSY),
)


def played(evidence: Evidence) -> bytes:
    """All that the carrier played to the customer, without the pauses that it put in itself."""
    line = evidence.line
    return b"".join(line.decoded(bytes(one.played)) for one in evidence.playbacks)


def _comparable(evidence: Evidence, pcm: bytes) -> bytes:
    """A sound as it can be compared: a line that fills its chunks up puts silence where we sent none."""
    return sounding(pcm) if evidence.line.pads else pcm


def gaps(evidence: Evidence) -> int:
    """How often the agent's sound came too late."""
    return sum(one.underruns for one in evidence.playbacks)


def heard_as_played(evidence: Evidence) -> Seen:
    """The greeting up to the interruption and every later line, and nothing else."""
    heard = evidence.line.heard
    first, rest = heard(by_agent(script.GREETING)), heard(b"".join(OUTBOUND_REST))
    sounds = (_comparable(evidence, one) for one in (played(evidence), first, rest))
    kept = cut_short(*sounds)
    if kept is None or not _stands_at_the_phone(evidence):
        return False, _unlike(evidence)
    seconds = len(played(evidence)) / 2 / RATE
    return True, f"{seconds:.1f} s alike, gaps: {gaps(evidence)}"


def echoed_as_said(evidence: Evidence) -> Seen:
    """The welcome, the caller's own words, the notes and the goodbye, whole and in this order."""
    # Only the caller's own words have gone over the line before: they are coded twice.
    lines = (
        evidence.line.heard(by_agent(script.WELCOME)),
        _as_heard(evidence, by_customer(script.CALLER_SAYS)),
        evidence.line.heard(script.ROOM_BEEPS + by_agent(script.THANKS)),
    )
    sound = _comparable(evidence, played(evidence))
    first, _, last = (_comparable(evidence, line) for line in lines)
    places = [place_of(first, sound), _place_of_echo(evidence, lines[1]), place_of(last, sound)]
    known = [place for place in places if place is not None]
    in_order = len(known) == len(lines) and known == sorted(known)
    if not in_order or not _stands_at_the_phone(evidence):
        return False, _unlike(evidence)
    echo = "; the echo, enhanced, much alike" if ENHANCED in evidence.events else ""
    return True, f"{len(sound) / 2 / RATE:.1f} s alike, gaps: {gaps(evidence)}{echo}"


def _place_of_echo(evidence: Evidence, words: bytes) -> int | None:
    """Where the caller's words stand in what was played: sample for sample, or enhanced and much alike."""
    whole = played(evidence)
    if ENHANCED not in evidence.events:
        return place_of(_comparable(evidence, words), _comparable(evidence, whole))
    place, like = likest(words, whole)
    return len(_comparable(evidence, whole[: 2 * place])) // 2 if like >= LIKE else None


def _as_heard(evidence: Evidence, pcm: bytes) -> bytes:
    """A sound of ours at the phone; one that came from there has gone over the line before."""
    return evidence.line.heard(evidence.line.said(pcm))


def _unlike(evidence: Evidence) -> str:
    return "samples missing, doubled or changed" if played(evidence) else "nothing was played"


def repeated(evidence: Evidence, keys: str, notes: bytes) -> Seen:
    """Whether these keys were pressed and came back as these notes."""
    pressed = "".join(
        str(entry.facts["digit"]) for _, entry in evidence.entries(What.DIGIT_PRESSED)
    )
    notes = _comparable(evidence, evidence.line.heard(notes))
    heard = place_of(notes, _comparable(evidence, played(evidence))) is not None
    seen = f"{pressed or 'no key'} pressed, {'repeated' if heard else 'not repeated'} as notes"
    return pressed == keys and heard, seen


def _stands_at_the_phone(evidence: Evidence) -> bool:
    """Whether each stream's sound, with the carrier's own pauses, is found whole at the phone."""
    if evidence.phone is None or not evidence.playbacks:
        return False
    heard = evidence.phone.heard
    sounds = (evidence.line.decoded(one.with_gaps()) for one in evidence.playbacks)
    return all(place_of(one, heard) is not None for one in sounds)


def interruption_heard(evidence: Evidence) -> Seen:
    """The agent's side of our own session has the customer's words."""
    return _in_our_session(evidence, by_customer(script.INTERRUPTION))


def caller_heard(evidence: Evidence) -> Seen:
    """The agent's side of our own session has the caller's words."""
    return _in_our_session(evidence, by_customer(script.CALLER_SAYS))


def _in_our_session(evidence: Evidence, words: bytes) -> Seen:
    said = evidence.line.said(words)
    found = evidence.sound is not None and is_within(said, evidence.sound.caller)
    return found, f"{len(words) / 2 / RATE:.1f} s alike" if found else "not found"


def barge_in_ms(evidence: Evidence) -> float | None:
    """From the customer's first sample to the agent's last one, at the customer's own phone."""
    phone = evidence.phone
    begins = first_sound(phone.said) if phone else None
    ends = end_of_sound(phone.heard, begins) if phone and begins is not None else None
    return None if begins is None or ends is None else (ends - begins) * 1000 / RATE


def silenced(evidence: Evidence) -> Seen:
    """The greeting stopped soon after the customer began to talk, and long before its own end."""
    took = barge_in_ms(evidence)
    limit = BARGE_IN_MS * evidence.speed
    cleared = [one for playback in evidence.playbacks for one in playback.dropped if one.audio]
    if took is None or not cleared:
        return False, "the greeting was never cut short"
    return took <= limit, f"after {took:.0f} ms; at most {limit:.0f} ms"


def echo_ms(evidence: Evidence) -> float | None:
    """From the caller's mouth to the caller's ear: through carrier, server and agent, and back."""
    words = by_customer(script.CALLER_SAYS)
    phone = evidence.phone
    said = place_of(words, phone.said) if phone else None
    heard = _echo_at(evidence, words, phone.heard) if phone else None
    return None if said is None or heard is None else (heard - said) * 1000 / RATE


def _echo_at(evidence: Evidence, words: bytes, heard: bytes | bytearray) -> int | None:
    """Where the echo begins at the phone."""
    if ENHANCED not in evidence.events:
        return place_of(_as_heard(evidence, words[:320]), heard)
    place, like = likest(_as_heard(evidence, words), heard)
    return place if like >= LIKE else None

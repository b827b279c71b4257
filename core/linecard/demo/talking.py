"""Who talks when: at the phones as the phones know it, and the agent as our own session has it."""

from __future__ import annotations

import numpy as np

from linecard.demo import cast
from linecard.demo.evidence import Evidence
from linecard.demo.hearing import RATE
from linecard.demo.report import Talk
from linecard.demo.story import Who
from linecard.simulator.handset import plain
from linecard.simulator.ledger import What

LOUD = 400
PAUSE_SECONDS = 0.35


def talks(evidence: Evidence) -> list[Talk]:
    """Every stretch of talk, lane by lane."""
    humans = evidence.scene.stage.carrier.phones.handsets(cast.MARIA)
    found = _agent(evidence)
    if evidence.phone is not None:
        found += _at_phone(
            evidence, Who.CUSTOMER, evidence.phone.number, bytes(evidence.phone.said)
        )
    for human in humans:
        found += _at_phone(evidence, Who.HUMAN, human.number, bytes(human.said))
    return found


def _agent(evidence: Evidence) -> list[Talk]:
    sound = evidence.sound
    if sound is None:
        return []
    stretches = spoken(sound.agent, sound.rate)
    return [Talk(Who.AGENT, sound.at + start, sound.at + end) for start, end in stretches]


def _at_phone(evidence: Evidence, who: Who, number: str, said: bytes) -> list[Talk]:
    """A phone counts its sound from the moment at which it was answered."""
    answers = evidence.entries(What.ANSWERED)
    at = [at for at, entry in answers if plain(str(entry.facts["by"])) == plain(number)]
    stretches = spoken(said, RATE) if at else []
    return [Talk(who, at[0] + start, at[0] + end) for start, end in stretches]


def spoken(pcm: bytes, rate: int, gap: float = PAUSE_SECONDS) -> list[tuple[float, float]]:
    """The stretches, in seconds, in which somebody talks; pauses shorter than `gap` belong to them."""
    frame = rate // 50
    samples = np.frombuffer(pcm, "<i2")
    count = len(samples) // frame
    loud = (
        np.abs(samples[: count * frame].reshape(count, frame).astype(np.int32)).max(axis=1) > LOUD
    )
    found: list[tuple[float, float]] = []
    for place in np.flatnonzero(loud):
        start, end = place * 0.02, (place + 1) * 0.02
        if found and start - found[-1][1] < gap:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found

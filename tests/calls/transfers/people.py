"""Phones that a caller is brought to: each made for one case, with the moments that it waits for or tells of."""

from __future__ import annotations

from linecard.simulator.phone import Outcome, Phone
from linecard.simulator.script import HangUp, Press, Speak, Step, Wait, WaitForSilence, WaitForSound
from linecard.simulator.speech import speech
from tests.calls.transfers.cues import Cue, Reaches, Until
from tests.calls.transfers.ways import KEY, Way

LONG = 60.0
"""Seconds after which whoever was forgotten hangs up, so that no test waits for ever; it counts as a fault."""
FAILS = Phone(outcome=Outcome.FAIL, ring_seconds=0.3)
REJECTS = Phone(outcome=Outcome.REJECT, ring_seconds=0.3)
MACHINE = Phone(
    ring_seconds=0.3,
    script=(Speak(speech("leave a message")), Wait(LONG)),
    is_machine=True,
    hangs_up=True,
)
REFUSES = Phone(
    ring_seconds=0.3, script=(WaitForSound(), Wait(0.5), Press("2"), Wait(LONG)), hangs_up=True
)
"""Presses a key that was not asked for."""


def accepting(way: Way) -> tuple[Step, ...]:
    """What a target does to be connected."""
    return (WaitForSound(), Wait(0.5), Press(KEY)) if way.key else ()


def answers(way: Way, *then: Step, ring_seconds: float = 0.5) -> Phone:
    """Somebody who takes the call, and does something then; in the end they hang up."""
    script = (*accepting(way), *then, Wait(LONG))
    return Phone(ring_seconds=ring_seconds, script=script, hangs_up=True)


def talks(way: Way, bridged: Cue, ring_seconds: float = 0.5) -> Phone:
    """Somebody who hangs up some seconds after they were connected."""
    return answers(way, Until(bridged), Wait(4.0), HangUp(), ring_seconds=ring_seconds)


def rings(way: Way, ring_seconds: float = 3.0) -> Phone:
    """Somebody who lets it ring, and stays."""
    return answers(way, ring_seconds=ring_seconds)


def hears(*, whisper: Cue | None = None, question: Cue | None = None) -> Phone:
    """Somebody who tells when the words have begun, or when they are over and a key is waited for."""
    began = (Reaches(whisper),) if whisper else ()
    over = (WaitForSilence(), Reaches(question)) if question else ()
    script = (WaitForSound(), *began, *over, Wait(LONG))
    return Phone(ring_seconds=0.5, script=script, hangs_up=True)


def leaves(cue: Cue) -> Phone:
    """A caller who hangs up at a moment."""
    return Phone(script=(Until(cue), HangUp()))

"""Simulated phones: what they do when called, and who is at them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from linecard.simulator.script import Speak, Step, Wait, WaitForSilence, WaitForSound
from linecard.simulator.speech import beep, speech, tone


class Outcome(StrEnum):
    """How a phone takes a call."""

    ANSWER = "answer"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    REJECT = "reject"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A phone and the person at it.

    `ring_seconds`: how long it rings before its outcome. `script` runs from the answer; after it the
    person stays and listens, or hangs up where `hangs_up` is set. `hang_up_after` (seconds from the
    answer) ends it whatever the script does; `patience` is how long a caller lets it ring, None: for
    ever. `is_machine`: a voicemail; `is_fax`: a fax. Of one that `is_puzzling` a carrier's detection of
    machines never says anything. `code`: a carrier's own code
    for the outcome `fail`.
    """

    outcome: Outcome = Outcome.ANSWER
    ring_seconds: float = 1.0
    script: tuple[Step, ...] = ()
    hangs_up: bool = False
    hang_up_after: float | None = None
    patience: float | None = None
    is_machine: bool = False
    is_fax: bool = False
    is_puzzling: bool = False
    code: str | None = None


BUSY = Phone(outcome=Outcome.BUSY, ring_seconds=0.3)
NO_ANSWER = Phone(outcome=Outcome.NO_ANSWER)
REJECTS = Phone(outcome=Outcome.REJECT)
SILENT = Phone()


def says(text: str, *, ring_seconds: float = 1.0) -> Phone:
    """Somebody who lets the other side speak first, says one thing, and stays."""
    script = (WaitForSound(), WaitForSilence(), Speak(speech(text)))
    return Phone(ring_seconds=ring_seconds, script=script)


def human(text: str, *, ring_seconds: float = 2.0, talk_seconds: float = 3.0) -> Phone:
    """Somebody to transfer to: answers, says who they are, listens a while and hangs up."""
    script = (Speak(speech(text)), Wait(talk_seconds))
    return Phone(ring_seconds=ring_seconds, script=script, hangs_up=True)


def voicemail(text: str, *, ring_seconds: float = 3.0, patience: float = 60.0) -> Phone:
    """A machine: greets, beeps and records for `patience` seconds."""
    script = (Wait(0.3), Speak(speech(text)), Wait(0.3), Speak(beep()), Wait(patience))
    return Phone(ring_seconds=ring_seconds, script=script, hangs_up=True, is_machine=True)


def fax(*, ring_seconds: float = 1.0) -> Phone:
    """A fax: answers with its tone of 2,100 Hz for 3 s (ITU-T T.30), and waits for another one."""
    script = (Wait(0.2), Speak(tone((2100.0,), 3.0)), Wait(30.0))
    return Phone(ring_seconds=ring_seconds, script=script, hangs_up=True, is_fax=True)


def cut_short(phone: Phone, seconds: float) -> Phone:
    """The same phone, hung up some seconds after the answer."""
    return replace(phone, hang_up_after=seconds)

"""The people of the demo: their numbers, and what they do at their phones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from linecard.demo import script
from linecard.demo.story import Who
from linecard.simulator.phone import BUSY, Phone
from linecard.simulator.script import Act, Ear, Press, Speak, Wait, WaitForSilence, WaitForSound

HOTEL = "+14155550100"
HOTLINE = "+14155550101"
CUSTOMER = "+14155550123"
DESK = "+14155550141"
MARIA = "+14155550142"
CALLER = "+14155550177"

NAMES: Mapping[str, str] = MappingProxyType(
    {
        HOTEL: "the hotel",
        HOTLINE: "the hotel's hotline",
        CUSTOMER: "the customer",
        DESK: "the front desk",
        MARIA: "Maria",
        CALLER: "a caller",
    }
)

LISTENS_SECONDS = 2.4
PATIENCE_SECONDS = 120.0
FRAME_SECONDS = 0.02


Tell = Callable[[Who, Who, str], None]
"""Told of each line as it is spoken: who, to whom, what."""


@dataclass(frozen=True, slots=True)
class Says:
    """Somebody says a line; `tell` hears of it as it begins."""

    who: Who
    to: Who
    text: str
    tell: Tell

    def acts(self, ear: Ear) -> Iterator[Act]:
        """The line in the speaker's voice."""
        self.tell(self.who, self.to, f"“{self.text}”")
        yield from Speak(self.sound).acts(ear)

    @property
    def sound(self) -> bytes:
        """The line as it sounds."""
        return VOICES[self.who](self.text)


VOICES = {Who.CUSTOMER: script.by_customer, Who.HUMAN: script.by_human}


@dataclass(slots=True)
class Cue:
    """A step that waits until it is given, as an actor does; out of patience, the script goes on."""

    name: str
    given: bool = False

    def acts(self, ear: Ear) -> Iterator[Act]:
        """Silence until the cue."""
        for _ in range(round(PATIENCE_SECONDS / FRAME_SECONDS)):
            if self.given:
                return
            yield Act()
        ear.gave_up.append(self.name)


def customer(bridged: Cue, tell: Tell) -> Phone:
    """Interrupts the greeting, types a booking number, and talks to the human once connected."""
    return Phone(
        ring_seconds=1.6,
        script=(
            WaitForSound(),
            Wait(LISTENS_SECONDS),
            Says(Who.CUSTOMER, Who.AGENT, script.INTERRUPTION, tell),
            WaitForSound(),
            WaitForSilence(),
            Press(script.BOOKING, gap_seconds=0.4),
            bridged,
            WaitForSound(),
            WaitForSilence(),
            Says(Who.CUSTOMER, Who.HUMAN, script.CUSTOMER_REQUEST, tell),
        ),
    )


def maria(bridged: Cue, tell: Tell) -> Phone:
    """The human who answers: hears who is coming, says who she is, listens, says goodbye, hangs up."""
    return Phone(
        ring_seconds=1.2,
        script=(
            bridged,
            Wait(0.3),
            Says(Who.HUMAN, Who.CUSTOMER, script.HUMAN_HELLO, tell),
            WaitForSound(),
            WaitForSilence(),
            Says(Who.HUMAN, Who.CUSTOMER, script.HUMAN_BYE, tell),
            Wait(0.4),
        ),
        hangs_up=True,
    )


def caller(tell: Tell) -> Phone:
    """Calls the hotline: listens, speaks, hears it back, types a room number, and waits for the end."""
    return Phone(
        script=(
            WaitForSound(),
            WaitForSilence(),
            Says(Who.CUSTOMER, Who.AGENT, script.CALLER_SAYS, tell),
            WaitForSilence(),
            Press(script.ROOM, gap_seconds=0.4),
        ),
    )


DESK_PHONE = BUSY

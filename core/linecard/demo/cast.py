"""The people of the demo: their numbers, and what they do at their phones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from linecard.demo import script
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
PATIENCE_SECONDS = 45.0
FRAME_SECONDS = 0.02


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


def customer(bridged: Cue) -> Phone:
    """Interrupts the greeting, types a booking number, and talks to the human once connected."""
    return Phone(
        ring_seconds=1.6,
        script=(
            WaitForSound(),
            Wait(LISTENS_SECONDS),
            Speak(script.by_customer(script.INTERRUPTION)),
            WaitForSound(),
            WaitForSilence(),
            Press(script.BOOKING, gap_seconds=0.4),
            bridged,
            WaitForSound(),
            WaitForSilence(),
            Speak(script.by_customer(script.CUSTOMER_REQUEST)),
        ),
    )


def maria() -> Phone:
    """The human who answers: says who she is, listens, says goodbye and hangs up."""
    return Phone(
        ring_seconds=1.2,
        script=(
            Wait(0.3),
            Speak(script.by_human(script.HUMAN_HELLO)),
            WaitForSound(),
            WaitForSilence(),
            Speak(script.by_human(script.HUMAN_BYE)),
            Wait(0.4),
        ),
        hangs_up=True,
    )


def caller() -> Phone:
    """Calls the hotline: listens, speaks, hears it back, types a room number, and waits for the end."""
    return Phone(
        script=(
            WaitForSound(),
            WaitForSilence(),
            Speak(script.by_customer(script.CALLER_SAYS)),
            WaitForSilence(),
            Press(script.ROOM, gap_seconds=0.4),
        ),
    )


DESK_PHONE = BUSY

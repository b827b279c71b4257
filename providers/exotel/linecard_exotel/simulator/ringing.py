"""How long a phone rings, and what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linecard.simulator.phone import Outcome, Phone
from linecard_exotel.simulator.calls import BUSY, NO_ANSWER, UNREACHABLE, Ending

if TYPE_CHECKING:
    from linecard_exotel.simulator.switch import Switch


async def until_outcome(switch: Switch, phone: Phone, limit: float) -> Ending | None:
    """Ring for as long as the phone does, at most `limit`: None when it answers."""
    never = phone.outcome is Outcome.NO_ANSWER
    await switch.clock.sleep(limit if never else min(phone.ring_seconds, limit))
    if never or phone.ring_seconds > limit:
        return NO_ANSWER
    endings = {
        Outcome.BUSY: BUSY,
        Outcome.FAIL: UNREACHABLE,
        Outcome.REJECT: Ending(switch.quirks.rejected_is, "Callee", "rejected"),
    }
    return endings.get(phone.outcome)

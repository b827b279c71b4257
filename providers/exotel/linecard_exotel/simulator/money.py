"""What a leg costs. The figures are made up, but for their currency and the order of size."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What

if TYPE_CHECKING:
    from linecard_exotel.simulator.calls import Call
    from linecard_exotel.simulator.switch import Switch

RUPEES_A_MINUTE = Decimal("0.600")
RUPEES_A_DOLLAR = Decimal(85)
PULSE = 60


def charge(switch: Switch, call: Call, leg: str, seconds: float) -> None:
    """Charge a leg that is over; nothing for one that was never answered."""
    if seconds <= 0:
        return
    minutes = (Decimal(str(seconds)) / PULSE).to_integral_value(ROUND_UP)
    inr = minutes * RUPEES_A_MINUTE
    call.inr = str(Decimal(call.inr or 0) + inr)
    usd = (inr / RUPEES_A_DOLLAR).quantize(Decimal("0.00001"))
    facts = {"inr": str(inr), "usd": str(usd), "minutes": str(minutes)}
    switch.ledger.write(What.MONEY, call.sid, leg=leg, **facts)

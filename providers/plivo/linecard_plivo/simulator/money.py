"""What a leg costs, written into the ledger."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What

if TYPE_CHECKING:
    from linecard_plivo.simulator.switch import Switch


def charge(
    switch: Switch, call: str, leg: str, direction: str, number: str, seconds: float
) -> Decimal:
    """Charge a leg that is over; nothing for one that was never answered."""
    per_minute = switch.rates.per_minute(direction, number)
    usd = switch.rates.cost(per_minute, seconds)
    if seconds > 0:
        minutes = Decimal(switch.rates.billed(seconds)) / 60
        switch.ledger.write(What.MONEY, call, leg=leg, usd=str(usd), minutes=str(minutes))
    return usd

"""What a leg costs: written into the ledger at its end, into its price when it has been rated."""

from __future__ import annotations

from decimal import Decimal
from math import ceil
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard_twilio.simulator.rates import per_minute

if TYPE_CHECKING:
    from linecard_twilio.simulator.calls import Call
    from linecard_twilio.simulator.switch import Switch


def charge(switch: Switch, call: Call) -> None:
    """Charge a leg that is over by started minutes; one that was never answered costs nothing."""
    if call.answered_at is None:
        return
    minutes = max(1, ceil(call.seconds / 60))
    usd = per_minute(call.direction, call.from_, call.to) * minutes
    switch.ledger.write(What.MONEY, call.root, leg=call.sid, usd=str(usd), minutes=str(minutes))
    switch.tasks.start(_rate(switch, call, usd), "rating")


async def _rate(switch: Switch, call: Call, usd: Decimal) -> None:
    await switch.clock.sleep(switch.quirks.rating_delay)
    call.price = -usd

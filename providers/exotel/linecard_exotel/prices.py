"""What a call cost. Exotel writes rupees; dollars come of it only at a rate that somebody has set."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from linecard import CallRated
from linecard_exotel.replies import Amount
from linecard_exotel.settings import ExotelSettings

CURRENCY = "INR"
PLACES = Decimal("0.00001")


def rated(settings: ExotelSettings, call_sid: str, price: Amount) -> CallRated | None:
    """The price of a call; None while Exotel has none."""
    read = _decimal(price)
    if read is None:
        return None
    return CallRated(
        key=f"rated:{call_sid}:{read}",
        carrier_ids={"call_sid": call_sid},
        cost=_dollars(settings, read),
        price=str(price),
        currency=CURRENCY,
    )


def _decimal(price: Amount) -> Decimal | None:
    try:
        read = Decimal(str(price)) if price not in (None, "") else None
    except InvalidOperation:
        return None
    return read if read is None or read.is_finite() else None


def _dollars(settings: ExotelSettings, rupees: Decimal) -> str | None:
    if settings.usd_per_inr is None:
        return None
    return str((rupees * Decimal(settings.usd_per_inr)).quantize(PLACES))

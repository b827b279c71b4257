"""Prices of outgoing calls, from Twilio's pricing API; and fees that it does not give, from a dated list."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from importlib.resources import files

import msgspec

from linecard import Charge, InvalidField, RateLine, country_of_prefix, read_prices
from linecard_twilio.replies import Country, PrefixPrice
from linecard_twilio.rest import Rest

PULSE_SECONDS = 60
"""Minutes begun (Twilio: how minutes are rounded for billing)."""
SOURCE = "Twilio pricing API"
LIST = "Twilio list price"
ANY_ORIGIN = "ALL"
USD = "USD"


async def rates(rest: Rest, destination: str) -> Sequence[RateLine]:
    """The price toward a number or prefix, that of the longest prefix that fits; then the fees.

    Nothing is said of calls where the account's prices are not in US dollars. Raises InvalidField.
    """
    digits = destination.removeprefix("+")
    country = _country(digits)
    listed = await rest.find(
        lambda client: client.pricing.v2.voice.countries(country).fetch_async(), Country
    )
    return (*_calls(listed, digits), *fees())


def _calls(listed: Country | None, digits: str) -> tuple[RateLine, ...]:
    """The longest prefix; prices for any caller id before those for some; of several, the dearest."""
    if listed is None or (listed.price_unit or "").upper() != USD:
        return ()
    prices = msgspec.convert(listed.outbound_prefix_prices or [], list[PrefixPrice])
    fitting = [
        (
            len(prefix),
            ANY_ORIGIN in price.origination_prefixes,
            Decimal(price.current_price),
            prefix,
        )
        for price in prices
        for prefix in price.destination_prefixes
        if digits.startswith(prefix)
    ]
    return tuple(_call(prefix, usd) for _, _, usd, prefix in sorted(fitting)[-1:])


def _call(prefix: str, usd: Decimal) -> RateLine:
    return RateLine(
        what=Charge.CALL,
        prefix=f"+{prefix}",
        usd=str(usd),
        source=SOURCE,
        pulse_seconds=PULSE_SECONDS,
    )


@cache
def fees() -> tuple[RateLine, ...]:
    """The fees that are written down beside this module."""
    return read_prices(files("linecard_twilio").joinpath("prices.toml").read_text("utf-8"), LIST)


def _country(digits: str) -> str:
    """The ISO code of the country that a number, or only its beginning, belongs to."""
    country = country_of_prefix(digits)
    if country is None:
        raise InvalidField("destination", f"+{digits} begins with no country code")
    return country

"""Prices of outgoing calls, from Twilio's pricing API; and fees that it does not give, from a dated list."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from importlib.resources import files

import msgspec
import phonenumbers

from linecard import Charge, InvalidField, Per, RateLine
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
    text = files("linecard_twilio").joinpath("prices.toml").read_text("utf-8")
    return tuple(
        RateLine(
            what=Charge(price["what"]),
            prefix="",
            usd=price["usd"],
            source=f"{LIST}, since {price['since']}",
            per=Per(price.get("per", Per.MINUTE)),
            pulse_seconds=PULSE_SECONDS,
        )
        for price in tomllib.loads(text)["price"]
    )


def _country(digits: str) -> str:
    """The ISO code of the country that a number, or only its beginning, belongs to."""
    region = _region_of_number(digits) or _region_of_code(digits)
    if region is None:
        raise InvalidField("destination", f"+{digits} begins with no country code")
    return region


def _region_of_number(digits: str) -> str | None:
    try:
        region = phonenumbers.region_code_for_number(phonenumbers.parse(f"+{digits}", None))
    except phonenumbers.NumberParseException:
        return None
    return region if region and region.isalpha() else None


def _region_of_code(digits: str) -> str | None:
    codes = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    for length in (1, 2, 3):
        regions = codes.get(int(digits[:length])) if digits[:length].isdecimal() else None
        if regions and regions[0].isalpha():
            return str(regions[0])
    return None

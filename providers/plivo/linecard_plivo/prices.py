"""Prices of calls, from Plivo's pricing API. Fees that it does not list are not guessed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import phonenumbers

from linecard import Charge, InvalidField, RateLine
from linecard_plivo.replies import Pricing, VoicePrices, text
from linecard_plivo.rest import Rest

PULSE_SECONDS = 60
"""Plivo's hang-up reports show minutes begun (66 s billed as 120)."""
SOURCE = "Plivo pricing API"


async def rates(rest: Rest, destination: str) -> Sequence[RateLine]:
    """The price toward a number or prefix, and that of calls from there: in on a local number of the country.

    Raises InvalidField.
    """
    digits = destination.removeprefix("+")
    country = _country(digits)
    answer = await rest.ask(lambda client: client.pricing.get(country), Pricing, tries=2)
    return (
        *_outbound(answer.voice, digits),
        *_inbound(answer.voice, text(answer.country_code)),
    )


def _outbound(voice: VoicePrices, digits: str) -> Iterator[RateLine]:
    """The line of the longest prefix that fits."""
    fitting = [
        (prefix, rate.rate)
        for rate in voice.outbound.rates
        for prefix in rate.prefix
        if digits.startswith(prefix)
    ]
    if fitting:
        prefix, usd = max(fitting, key=lambda line: len(line[0]))
        yield _line(Charge.CALL, prefix, usd, SOURCE)


def _inbound(voice: VoicePrices, country_code: str) -> Iterator[RateLine]:
    if voice.inbound.local and country_code:
        yield _line(
            Charge.INBOUND, country_code, voice.inbound.local.rate, f"{SOURCE}, local numbers"
        )


def _line(what: Charge, prefix: str, usd: str, source: str) -> RateLine:
    return RateLine(
        what=what, prefix=f"+{prefix}", usd=usd, pulse_seconds=PULSE_SECONDS, source=source
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

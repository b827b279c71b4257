"""Prices of calls, from Plivo's pricing API. Fees that it does not list are not guessed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from linecard import Charge, InvalidField, RateLine, country_of_prefix
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
    country = country_of_prefix(digits)
    if country is None:
        raise InvalidField("destination", f"+{digits} begins with no country code")
    return country

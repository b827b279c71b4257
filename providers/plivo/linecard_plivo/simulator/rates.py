"""Prices of the simulated Plivo: per minute, in pulses, longest prefix first. The figures are made up,
but for the shape and the order of size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from types import MappingProxyType

CENT_FRACTION = Decimal("0.00001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """One country's prices in US dollars a minute; `outbound` by prefix."""

    name: str
    code: str
    inbound: str
    outbound: Mapping[str, str]
    rental: str = "0.80000"


COUNTRIES: Mapping[str, Country] = MappingProxyType(
    {
        "US": Country(
            name="United States",
            code="1",
            inbound="0.00550",
            outbound={"1": "0.01200", "1907": "0.09000"},
        ),
        "IN": Country(name="India", code="91", inbound="0.00400", outbound={"91": "0.00500"}),
        "GB": Country(
            name="United Kingdom",
            code="44",
            inbound="0.00500",
            outbound={"44": "0.01400", "447": "0.02800"},
        ),
    }
)
ELSEWHERE = "0.05000"


class Rates:
    """What calls cost. `pulse` is in seconds; every started one is charged."""

    def __init__(self, pulse: int = 60) -> None:
        self.pulse = pulse

    def per_minute(self, direction: str, number: str) -> Decimal:
        """The price of a minute: toward `number`, or in on `number`."""
        digits = number.lstrip("+")
        found = [country for country in COUNTRIES.values() if digits.startswith(country.code)]
        if direction == "inbound":
            return Decimal(found[0].inbound if found else ELSEWHERE)
        prefixes = {prefix: rate for country in found for prefix, rate in country.outbound.items()}
        fitting = [prefix for prefix in prefixes if digits.startswith(prefix)]
        return Decimal(prefixes[max(fitting, key=len)] if fitting else ELSEWHERE)

    def billed(self, seconds: float) -> int:
        """The seconds charged: whole pulses."""
        pulses = (Decimal(str(seconds)) / self.pulse).to_integral_value(ROUND_UP)
        return int(pulses) * self.pulse

    def cost(self, per_minute: Decimal, seconds: float) -> Decimal:
        """The price of a leg."""
        return (per_minute * self.billed(seconds) / 60).quantize(CENT_FRACTION)


def pricing(iso: str) -> dict[str, object] | None:
    """The body of `GET /Pricing/?country_iso=`; None for a country that is not in the list."""
    country = COUNTRIES.get(iso)
    if country is None:
        return None
    inbound, rental = {"rate": country.inbound}, {"rate": country.rental}
    ip = {"rate": "0.00300"}
    rates = [{"prefix": [prefix], "rate": rate} for prefix, rate in country.outbound.items()]
    standard = {"rate": country.outbound[country.code]}
    return {
        "country": country.name,
        "country_code": int(country.code),
        "country_iso": iso,
        "phone_numbers": {"local": rental, "tollfree": rental},
        "voice": {
            "inbound": {"ip": ip, "local": inbound, "tollfree": inbound},
            "outbound": {"ip": ip, "local": standard, "tollfree": standard, "rates": rates},
        },
    }

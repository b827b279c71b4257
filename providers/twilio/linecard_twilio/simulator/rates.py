"""Prices of the simulated Twilio, longest prefix first. The figures are made up, but for the shape
and the order of size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """One country's prices in US dollars a minute.

    `outbound`: name and price by prefix; `inbound` by kind of number.
    """

    name: str
    code: str
    outbound: Mapping[str, tuple[str, str]]
    inbound: Mapping[str, str]


COUNTRIES: Mapping[str, Country] = MappingProxyType(
    {
        "US": Country(
            name="United States",
            code="1",
            outbound={
                "1": ("Programmable Outbound Minute - United States", "0.0140"),
                "1907": ("Programmable Outbound Minute - United States - Alaska", "0.0900"),
            },
            inbound={"local": "0.0085", "toll free": "0.0220"},
        ),
        "IN": Country(
            name="India",
            code="91",
            outbound={"91": ("Programmable Outbound Minute - India", "0.0497")},
            inbound={"local": "0.0050"},
        ),
        "GB": Country(
            name="United Kingdom",
            code="44",
            outbound={
                "44": ("Programmable Outbound Minute - United Kingdom", "0.0158"),
                "447": ("Programmable Outbound Minute - United Kingdom - Mobile", "0.0354"),
            },
            inbound={"local": "0.0100", "mobile": "0.0100"},
        ),
    }
)
ELSEWHERE = Decimal("0.0500")
SIP = Decimal("0.0040")


def country_of_number(number: str) -> tuple[str, Country] | None:
    """The country in the list that a number is in, with its ISO code."""
    digits = number.lstrip("+")
    found = [(iso, one) for iso, one in COUNTRIES.items() if digits.startswith(one.code)]
    return found[0] if found else None


def outbound_price(number: str) -> tuple[str, Decimal]:
    """The name and the price of a minute toward a number."""
    found = country_of_number(number)
    digits = number.lstrip("+")
    prefixes = found[1].outbound if found else {}
    fitting = [prefix for prefix in prefixes if digits.startswith(prefix)]
    if not fitting:
        return "Programmable Outbound Minute", ELSEWHERE
    name, price = prefixes[max(fitting, key=len)]
    return name, Decimal(price)


def inbound_price(number: str) -> Decimal:
    """The price of a minute in on a number."""
    found = country_of_number(number)
    return Decimal(found[1].inbound["local"]) if found else ELSEWHERE


def per_minute(direction: str, from_: str, to: str) -> Decimal:
    """The price of a minute of a leg."""
    if to.startswith("sip:"):
        return SIP
    return inbound_price(to) if direction == "inbound" else outbound_price(to)[1]

"""Telephone numbers: E.164, the registered number, and numbers cleared to leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import phonenumbers

from linecard.errors import InvalidField

AccountKey = tuple[str, str]
"""A provider and the name of one of its accounts."""


class Blocks(StrEnum):
    """Which calls an entry of the blocklist stops: theirs to us, ours to them, or both."""

    BOTH = "both"
    INBOUND = "inbound"
    OUTBOUND = "outbound"


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A registered number: what a company owns at a carrier.

    `stream` is a stream profile of the provider, or None for its default; `channels` is how many
    calls at once we dial from it (calls that come in are counted, not refused); `max_seconds` is how long
    its calls may last. `proofs` are the
    secrets in the addresses that a person pastes at an unsigned carrier: the first goes out, all count.
    `notify` is where its calls' notifications go, None: nowhere; `routing` is what `linecard.routing`
    reads: who gets a call that comes in. `consent` is what is asked before a call is recorded (see
    `linecard.consent`); `record_after_transfer`: a recorded call is recorded again once it was transferred.
    `enhance` names the enhancer that takes the noise out of what its callers say, None: nothing does.
    """

    id: str
    number: str
    provider: str
    account: str
    agent: str
    channels: int = 1
    max_seconds: int = 1800
    stream: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    record: bool = False
    enabled: bool = True
    former_target: str | None = None
    connected_target: str | None = None
    proofs: tuple[str, ...] = field(default=(), repr=False)
    notify: str | None = field(default=None, repr=False)
    routing: Mapping[str, object] = field(default_factory=dict)
    consent: Mapping[str, object] = field(default_factory=dict)
    record_after_transfer: bool = False
    enhance: str | None = None


def parse_e164(text: str, field_name: str = "number") -> str:
    """The number in E.164 (`+14155550100`).

    Raises InvalidField when it is not written in international form or cannot exist.
    """
    try:
        parsed = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException as error:
        raise InvalidField(
            field_name, f"{text!r} is not an E.164 number such as +14155550100"
        ) from error
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if written != text or not phonenumbers.is_possible_number(parsed):
        raise InvalidField(field_name, f"{text!r} is not an E.164 number such as +14155550100")
    return written


def country_of(number: str) -> str | None:
    """The ISO country code of an E.164 number; None for numbers that belong to no country."""
    region = phonenumbers.region_code_for_number(phonenumbers.parse(number, None))
    return region if region and region.isalpha() else None


def country_of_prefix(prefix: str) -> str | None:
    """The ISO country code of a number, or of no more than its beginning (`+91`); None without one.

    Where several countries share a code, the one that the code is known for.
    """
    digits = prefix.removeprefix("+")
    return _country_of_whole(digits) or _country_of_code(digits)


def _country_of_whole(digits: str) -> str | None:
    try:
        return country_of(f"+{digits}")
    except phonenumbers.NumberParseException:
        return None


def _country_of_code(digits: str) -> str | None:
    for length in (1, 2, 3):
        code = digits[:length]
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code) if code.isdecimal() else 0)
        if regions and regions[0].isalpha():
            return str(regions[0])
    return None


def mask(number: str | None) -> str:
    """The number as logs may show it: `+1415***0100`. Short and withheld ones show nothing."""
    if not number:
        return "-"
    return number[:5] + "***" + number[-4:] if len(number) > 9 else "***"


_SEAL = object()


class Cleared:
    """A number or SIP address that has passed the gate and may leave Linecard.

    Document builders and dial requests take only this type; `linecard.outbound` alone makes it.
    """

    __slots__ = ("address",)

    def __init__(self, address: str, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only the gate in linecard.outbound clears an address")
        self.address = address

    @property
    def is_sip(self) -> bool:
        """Whether this is a SIP address and not a telephone number."""
        return self.address.startswith("sip:")

    def __repr__(self) -> str:
        return f"Cleared({mask(self.address)})"

"""The one place through which a telephone number or SIP address leaves Linecard."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import phonenumbers
from phonenumbers import PhoneNumberType, shortnumberinfo

from linecard import numbers
from linecard.errors import GateRefused, InvalidField
from linecard.numbers import Cleared, country_of, parse_e164
from linecard.store import numbers as registered

if TYPE_CHECKING:
    from linecard.settings import Settings
    from linecard.store import Database

COSTLY = {
    PhoneNumberType.PREMIUM_RATE: "a premium-rate number",
    PhoneNumberType.SHARED_COST: "a shared-cost number",
    PhoneNumberType.PERSONAL_NUMBER: "a personal number that forwards at the caller's cost",
    PhoneNumberType.PAGER: "a pager",
    PhoneNumberType.VOICEMAIL: "a voicemail access number",
    PhoneNumberType.UNKNOWN: "not a number that exists",
}
SIP = re.compile(r"sip:[A-Za-z0-9+._~-]{1,64}@[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?")
"""One user at one host: no second host, parameter or header can ride on a pattern that fits."""
BEYOND_COUNTRIES = frozenset({870, 878, 881, 882, 883, 888, 979})
"""Country codes of satellites, global networks and international premium services (ITU E.164)."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What may leave. `countries` are ISO codes; `transfer_allow` E.164 numbers, prefixes with `*`, SIP patterns."""

    countries: frozenset[str]
    transfer_allow: tuple[str, ...]

    def clear_call(self, to: str, field: str = "to") -> Cleared:
        """A destination we may dial. Raises GateRefused or InvalidField with the field."""
        number = parse_e164(to, field)
        _refuse_unsafe(number, field)
        self._refuse_country(number, field)
        return _clear(number)

    def clear_target(self, to: str, own: Iterable[str], field: str = "to") -> Cleared:
        """A destination a call may be transferred to: on the allow list, and none of its own numbers."""
        if to.startswith("sip:") and not SIP.fullmatch(to):
            raise InvalidField(field, "not a SIP address such as sip:desk@cc.example.com")
        if not any(_fits(to, pattern) for pattern in self.transfer_allow):
            raise GateRefused(
                field, f"{numbers.mask(to)} is not on the allow list (LINECARD_TRANSFER_ALLOW)"
            )
        if to in own:
            raise GateRefused(field, "a call cannot be transferred to its own numbers")
        return _clear(to) if to.startswith("sip:") else self.clear_call(to, field)

    def _refuse_country(self, number: str, field: str) -> None:
        country = country_of(number)
        if country not in self.countries:
            allowed = ", ".join(sorted(self.countries)) or "none"
            raise GateRefused(
                field,
                f"calls to {country or 'no country'} are not allowed; "
                f"allowed: {allowed} (LINECARD_ALLOWED_COUNTRIES)",
            )


async def open_gate(settings: Settings, database: Database) -> Gate:
    """The gate as it stands now: without a setting, the countries of the registered numbers."""
    countries = settings.allowed_countries
    if countries is None:
        async with database.read() as conn:
            countries = await registered.countries(conn)
    return Gate(countries, settings.transfer_allow)


def _clear(address: str) -> Cleared:
    return Cleared(address, numbers._SEAL)  # noqa: SLF001  the gate alone holds the seal


def _fits(address: str, pattern: str) -> bool:
    if pattern.startswith("sip:"):
        return fnmatchcase(address, pattern)
    if pattern.endswith("*"):
        return address.startswith(pattern[:-1])
    return address == pattern


def _refuse_unsafe(number: str, field: str) -> None:
    parsed = phonenumbers.parse(number, None)
    if parsed.country_code in BEYOND_COUNTRIES:
        raise GateRefused(field, "satellite and international service numbers are never dialled")
    if _is_short(parsed):
        raise GateRefused(field, "emergency and short numbers are never dialled")
    reason = COSTLY.get(phonenumbers.number_type(parsed))
    if reason:
        raise GateRefused(field, f"{reason}: never dialled")


def _is_short(parsed: phonenumbers.PhoneNumber) -> bool:
    region = phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    national = phonenumbers.national_significant_number(parsed)
    return shortnumberinfo.is_emergency_number(
        national, region
    ) or shortnumberinfo.is_valid_short_number(parsed)

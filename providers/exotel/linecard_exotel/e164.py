"""Exotel's way of writing telephone numbers: national with a leading 0, or E.164, field by field."""

from __future__ import annotations

import phonenumbers

from linecard import InvalidField

OURS = frozenset({"CallerId", "outgoing_phone_number", "PhoneNumberSid", "caller_id"})
"""Fields that hold an ExoPhone: Exotel writes those as 0XXXXXXXXXX."""
NOBODY = "+266696687"
"""ANONYMOUS on a keypad."""


def read_number(text: str, field: str, country: str) -> str | None:
    """The number in E.164; None for a withheld caller.

    Digits without a plus are read as national ones of `country`, then as international ones. Raises
    InvalidField for digits that cannot be a number, except in `from`: who calls with a false number
    has withheld his own.
    """
    written = text.strip().strip('"')
    digits = written.removeprefix("+")
    if not digits or written == NOBODY or not (digits.isascii() and digits.isdecimal()):
        return None
    found = _first_fitting(written, digits, country)
    if found is None and field != "from":
        raise InvalidField(field, f"{text!r} is not a telephone number")
    return found


def _first_fitting(written: str, digits: str, country: str) -> str | None:
    if written.startswith("+"):
        return _written(_parsed(written, None))
    national, international = _parsed(digits, country), _parsed(f"+{digits}", None)
    for candidate in (national, international):
        if candidate is not None and phonenumbers.is_valid_number(candidate):
            return _written(candidate)
    return _written(national) or _written(international)


def _parsed(text: str, country: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None


def _written(number: phonenumbers.PhoneNumber | None) -> str | None:
    if number is None or not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def write_number(number: str, field: str, country: str) -> str:
    """A number as a field takes it: an ExoPhone national with a leading 0, anybody else in E.164."""
    parsed = _parsed(number, None) if field in OURS else None
    if (
        parsed is None
        or phonenumbers.region_code_for_country_code(parsed.country_code or 0) != country
    ):
        return number
    return f"0{phonenumbers.national_significant_number(parsed)}"

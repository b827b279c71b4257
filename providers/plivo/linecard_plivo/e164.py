"""Plivo's way of writing telephone numbers: digits, with or without a plus, and words for nobody."""

from __future__ import annotations

import phonenumbers

from linecard import InvalidField, parse_e164

WITHHELD = frozenset({"", "266696687"})
"""`+266696687` spells ANONYMOUS on a keypad. Words and SIP addresses are no numbers either."""


def read_number(text: str, field: str, country: str | None = None) -> str | None:
    """The number in E.164; None for a withheld caller.

    Only digits of `country` are read as national ones. Raises InvalidField for digits that cannot be
    a number, except in `from`: who calls with a false number has withheld his own.
    """
    digits = text.strip().removeprefix("+")
    if digits in WITHHELD or not (digits.isascii() and digits.isdecimal()):
        return None
    try:
        return parse_e164(f"+{digits}", field)
    except InvalidField:
        national = _national(digits, country) if country else None
        if national is None and field != "from":
            raise
        return national


def _national(digits: str, country: str) -> str | None:
    try:
        parsed = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def write_number(address: str) -> str:
    """A number as Plivo writes it, without the plus; a SIP address stays as it is."""
    return address.removeprefix("+")

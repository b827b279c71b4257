"""Twilio's way of writing telephone numbers: E.164 with a plus, and words or codes for nobody."""

from __future__ import annotations

import phonenumbers

from linecard import InvalidField, parse_e164

WITHHELD = frozenset({"", "266696687", "7378742833", "2562533", "8656696", "86282452253"})
"""On a keypad ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN, UNAVAILABLE. Words and SIP addresses are no numbers either."""


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

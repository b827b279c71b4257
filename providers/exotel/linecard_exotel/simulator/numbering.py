"""Numbers as Exotel writes them: national with a 0 in most places, E.164 in some."""

from __future__ import annotations

import re

INDIA = "+91"
LOCAL = 10
PLAIN = re.compile(r"\+?\d{5,15}", re.ASCII)


def is_number(text: str) -> bool:
    """Whether Exotel would try to dial this."""
    return PLAIN.fullmatch(text) is not None


def e164(text: str) -> str:
    """A number in any of the forms Exotel takes; without a country it is an Indian one."""
    digits = text.removeprefix("+")
    if text.startswith("+") or not digits:
        return text
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    if digits.startswith("0"):
        return INDIA + digits[1:]
    return INDIA + digits if len(digits) == LOCAL else f"+{digits}"


def national(number: str) -> str:
    """`+919441233609` as `09441233609`; numbers of other countries stay in E.164 (unverified)."""
    return f"0{number.removeprefix(INDIA)}" if number.startswith(INDIA) else number

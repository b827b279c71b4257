"""Which line of a price list counts: the longest prefix, and a written price before the carrier's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import phonenumbers

from linecard.carrier import Charge, RateLine
from linecard.errors import InvalidField

PROVIDER = "provider"
FILE = "file"
_DESTINATION = re.compile(r"[+ ]?([0-9]{1,15})")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The line that counts, `given_by` the provider or a file; `instead_of` the provider's, if it had one."""

    line: RateLine
    given_by: str
    instead_of: RateLine | None = None


def read_destination(text: str, field: str) -> str:
    """A number, or the beginning of one, with its plus. In a query a plus is read as a space.

    Raises InvalidField, also where it begins with no country code.
    """
    digits = _DESTINATION.fullmatch(text)
    if digits is None:
        raise InvalidField(field, f"{text!r} is no number and no prefix, such as +91")
    codes = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    if not any(int(digits[1][:length]) in codes for length in (1, 2, 3)):
        raise InvalidField(field, f"+{digits[1]} begins with no country code")
    return f"+{digits[1]}"


def choose(
    destination: str,
    provider: Iterable[RateLine],
    written: Sequence[Iterable[RateLine]],
) -> Iterator[Chosen]:
    """One line for each charge that has a price. `written` are lists of files, the strongest first."""
    theirs = _fitting(destination, provider)
    ours: dict[Charge, RateLine] = {}
    for lines in reversed(written):
        ours |= _fitting(destination, lines)
    for charge in Charge:
        if charge in ours:
            yield Chosen(ours[charge], FILE, theirs.get(charge))
        elif charge in theirs:
            yield Chosen(theirs[charge], PROVIDER)


def _fitting(destination: str, lines: Iterable[RateLine]) -> Mapping[Charge, RateLine]:
    """The longest prefix; of several that are equally long the dearest, so that nothing is promised."""
    best: dict[Charge, RateLine] = {}
    for line in sorted(lines, key=lambda line: (len(line.prefix), Decimal(line.usd))):
        if destination.startswith(line.prefix):
            best[line.what] = line
    return best

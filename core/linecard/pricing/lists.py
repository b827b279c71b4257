"""Price lists as text, in TOML and in CSV; what is wrong is said with file, line and key."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from linecard.carrier import RateLine
from linecard.errors import ConfigurationError
from linecard.pricing.entry import REQUIRED, RULES, WrongEntry, read_entry

OWN = "price"
"""The table of a list that belongs to one account or provider: `[[price]]`."""
ACCOUNT = "account"
"""The column of a CSV that says whose price it is; in TOML the table's name says so."""
Lists = Mapping[str, tuple[RateLine, ...]]
"""Prices by owner: `PROVIDER`, `PROVIDER:ACCOUNT`, or `price` where the list does not say."""


def read_prices(text: str, source: str) -> tuple[RateLine, ...]:
    """The prices in a list of `[[price]]` tables, such as a provider ships for fees of no API.

    Keys: `what`, `usd` and the date `since` are required; `prefix` ("": everywhere), `per` (minute)
    and `pulse_seconds` (60) are not. `source` says what the list is, and names it in an error.
    Raises ConfigurationError.
    """
    tables = _tables(text, source)
    for owner in tables.keys() - {OWN}:
        raise ConfigurationError(f"{source}: {owner} is not known; prices stand in [[{OWN}]]")
    return _of_owner(text, OWN, tables.get(OWN, []), source)


def read_toml(text: str, source: str) -> Lists:
    """The tables of a list by their names. Raises ConfigurationError."""
    tables = _tables(text, source)
    return {owner: _of_owner(text, owner, table, source) for owner, table in tables.items()}


def read_csv(text: str, source: str) -> Lists:
    """The rows of a list by what stands in `account`; the first row names the columns.

    Empty cells count as left out. Raises ConfigurationError.
    """
    rows = csv.DictReader(text.removeprefix("\ufeff").splitlines(), restkey="", strict=True)
    found: dict[str, tuple[RateLine, ...]] = {}
    try:
        _check_columns(rows.fieldnames or (), source)
        for row in rows:
            owner, line = _row(row, f"{source}, line {rows.line_num}", source)
            found[owner] = (*found.get(owner, ()), line)
    except csv.Error as error:
        raise ConfigurationError(
            f"{source}, line {rows.reader.line_num}: not CSV: {error}"
        ) from error
    return found


def _tables(text: str, source: str) -> Mapping[str, Any]:
    try:
        # Numbers stay the decimals that were written.
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{source} is not a TOML file: {error}") from error


def _of_owner(text: str, owner: str, table: Any, source: str) -> tuple[RateLine, ...]:
    if not isinstance(table, list) or not all(isinstance(one, Mapping) for one in table):
        raise ConfigurationError(f"{source}: {owner} must be tables: [[{owner}]]")
    return tuple(
        _entry(entry, _Place(text, owner, number), source) for number, entry in enumerate(table)
    )


def _entry(entry: Mapping[str, object], place: _Place, source: str) -> RateLine:
    try:
        return read_entry(entry, source)
    except WrongEntry as error:
        raise ConfigurationError(f"{source}, {place.of(error.key)}: {error}") from error


class _Place:
    """Where the table number N of an owner stands in a file: the reader of TOML does not say."""

    def __init__(self, text: str, owner: str, number: int) -> None:
        self._lines = text.splitlines()
        self._owner = owner
        self._number = number

    def of(self, key: str) -> str:
        """The line of a key; that of the table's head where the key is not there."""
        heads = [number for number, line in enumerate(self._lines) if self._is_head(line)]
        if len(heads) <= self._number:
            return f"[[{self._owner}]] number {self._number + 1}"
        head = heads[self._number]
        written = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=")
        of_key = (number for number in self._body(head) if written.match(self._lines[number]))
        return f"line {next(of_key, head) + 1}"

    def _is_head(self, line: str) -> bool:
        found = re.match(r"\s*\[\[(.*)\]\]", line)
        return found is not None and found[1].strip().strip("\"'") == self._owner

    def _body(self, head: int) -> Iterator[int]:
        for number in range(head + 1, len(self._lines)):
            if self._lines[number].lstrip().startswith("["):
                return
            yield number


def _check_columns(columns: Sequence[str], source: str) -> None:
    known = (ACCOUNT, *RULES)
    wrong = [column for column in columns if column not in known]
    if wrong:
        shown = ", ".join(repr(column) for column in wrong)
        raise ConfigurationError(
            f"{source}, line 1: no column may be called {shown}; known are {', '.join(known)}"
        )
    for column in REQUIRED:
        if column not in columns:
            raise ConfigurationError(f"{source}, line 1: the column {column} is missing")


def _row(row: Mapping[str, Any], place: str, source: str) -> tuple[str, RateLine]:
    if "" in row:
        raise ConfigurationError(f"{place}: has more cells than there are columns")
    given = {name: cell.strip() for name, cell in row.items() if cell and cell.strip()}
    owner = given.pop(ACCOUNT, OWN)
    try:
        return owner, read_entry(given, source)
    except WrongEntry as error:
        raise ConfigurationError(f"{place}: {error}") from error

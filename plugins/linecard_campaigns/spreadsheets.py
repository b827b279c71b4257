"""Leads in CSV, as spreadsheets write and read it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from linecard import InvalidField

KNOWN = ("to", "reference", "payload", "not_before", "timezone", "agent")
"""Columns with a meaning of their own; all others go into the payload."""
COLUMNS = (
    *("id", "to", "reference", "status", "outcome", "reason", "attempts", "call", "not_before"),
    *("timezone", "agent", "due_at", "created_at", "ended_at", "payload"),
)
"""The columns of an export."""
MOST_LINES = 100_000
DELIMITERS = ",;\t"
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
"""What a spreadsheet would take for a formula, and what we have made of it."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file that is no header: its place in the file, and its cells by column; empty ones are left out."""

    number: int
    cells: Mapping[str, str]


def read_lines(content: bytes) -> list[Line]:
    """The lines of a CSV file in UTF-8, with commas, semicolons or tabs. Raises InvalidField, `line.N`."""
    text = _text(content)
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = _header(next(reader, []))
        return list(_lines(reader, header))
    except csv.Error as error:
        raise InvalidField(f"line.{reader.line_num}", f"is not CSV: {error}") from error


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InvalidField(f"line.{line}", "is not UTF-8; save the file as UTF-8 CSV") from error
    if "\0" in text:
        raise InvalidField("body", "holds NUL characters; is it a CSV file?")
    return text


def _header(cells: Sequence[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    known = [name.lower() if name.lower() in KNOWN else name for name in names]
    if "to" not in known:
        raise InvalidField("line.1", "must be a header with a column 'to'")
    twice = sorted({name for name in known if name and known.count(name) > 1})
    if twice:
        raise InvalidField("line.1", f"has two columns {twice[0]!r}")
    return known


def _lines(reader: Iterator[list[str]], header: list[str]) -> Iterator[Line]:
    end = 1
    for count, cells in enumerate(reader, 1):
        begins, end = end + 1, getattr(reader, "line_num", end + 1)
        if count > MOST_LINES:
            raise InvalidField("body", f"has more than {MOST_LINES} lines; split it")
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(header):
            raise InvalidField(
                f"line.{begins}", f"has {len(cells)} cells, and there are {len(header)} columns"
            )
        named = zip(header, map(plain, cells), strict=False)
        yield Line(begins, MappingProxyType({name: cell for name, cell in named if name and cell}))


def plain(cell: str) -> str:
    """A cell as it was before `harmless`."""
    stripped = cell.strip()
    return stripped[1:] if stripped.startswith("'") and _FORMULA.match(stripped) else stripped


def harmless(cell: str) -> str:
    """A cell that no spreadsheet carries out as a formula; `plain` gives it back as it was."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def payload_of(line: Line) -> dict[str, object]:
    """What a line says for the agent: its `payload`, and its further columns. Raises InvalidField."""
    further = {name: cell for name, cell in line.cells.items() if name not in KNOWN}
    return {**_payload(line.cells.get("payload", "{}")), **further}


def _payload(cell: str) -> dict[str, object]:
    try:
        read = json.loads(cell)
    except ValueError as error:
        raise InvalidField("payload", f"is not JSON: {error}") from error
    if not isinstance(read, dict):
        raise InvalidField("payload", "must be a JSON object")
    return read


def written(rows: Sequence[Sequence[object]]) -> str:
    """Rows as CSV, with no cell that would be carried out."""
    text = io.StringIO()
    csv.writer(text).writerows([[harmless(_cell(value)) for value in row] for row in rows])
    return text.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return json.dumps(dict(value), ensure_ascii=False) if value else ""
    return str(value)

"""Cells and files of any kind."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from linecard import InvalidField
from linecard_campaigns.spreadsheets import harmless, plain, read_lines


@given(st.text())
def test_whatever_stands_in_a_cell_is_no_formula_and_comes_back(text: str) -> None:
    cell = text.strip()
    assert harmless(cell)[:1] not in ("=", "+", "-", "@")
    assert plain(harmless(cell)) == cell


@given(st.binary(max_size=200))
def test_any_bytes_are_lines_or_a_fault_that_is_named(content: bytes) -> None:
    with suppress(InvalidField):
        assert all(line.number > 1 for line in read_lines(b"to,name\n" + content))

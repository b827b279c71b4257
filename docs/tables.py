"""Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A table of cells as they print."""
    columns = list(head)
    body = ([_cell(cell) for cell in row] for row in rows)
    return "\n".join(_line(cells) for cells in [columns, ["---"] * len(columns), *body])


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|")


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"

"""Tables on the terminal, and in files and pipes, where nothing may be cut."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

WIDE = 200


def show(table: Table) -> None:
    """Print a table: as wide as the terminal, or as wide as it wants to be."""
    Console(width=None if Console().is_terminal else WIDE).print(table)

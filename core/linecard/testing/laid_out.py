"""Databases with our tables in them, copied: a world wants its own, and every migration takes its time."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from linecard.store.migrate import migrate
from linecard.store.urls import parse_url


def lay_out(file: Path) -> str:
    """The URL of an SQLite file that has our tables and no rows; one that is there stays as it is."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_template())
    return f"sqlite:///{file}"


@cache
def _template() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder, "template.db")
        migrate(parse_url(f"sqlite:///{file}"))
        return file.read_bytes()

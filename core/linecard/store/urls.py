"""Database URLs as people write them, with the driver that we use."""

from __future__ import annotations

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from linecard.errors import ConfigurationError

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_SYNC_DRIVERS = {"sqlite+aiosqlite": "sqlite", "postgresql+psycopg": "postgresql+psycopg"}


def parse_url(text: str) -> URL:
    """The URL with our driver in it. Raises ConfigurationError for another database, or one in memory."""
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise _wrong("is not a database URL") from error
    if url.drivername not in _DRIVERS:
        raise _wrong(f"names {url.drivername}, which is not supported")
    if is_sqlite(url) and _in_memory(url):
        raise _wrong("names a database in memory, which would forget every call")
    return url.set(drivername=_DRIVERS[url.drivername])


def sync_url(url: URL) -> URL:
    """The same database by a driver for plain threads, as migrations want it."""
    return url.set(drivername=_SYNC_DRIVERS[url.drivername])


def is_sqlite(url: URL) -> bool:
    """Whether the database is a file of SQLite."""
    return url.get_backend_name() == "sqlite"


def shown(url: URL) -> str:
    """The URL as it may be printed, without its password."""
    return url.render_as_string(hide_password=True)


def _in_memory(url: URL) -> bool:
    name = url.database or ""
    return name in {"", ":memory:"} or "mode=memory" in str(url) or "::memory:" in str(url)


def _wrong(what: str) -> ConfigurationError:
    return ConfigurationError(
        f"LINECARD_DATABASE_URL {what}; write sqlite:///linecard.db or postgresql://USER@HOST/NAME"
    )

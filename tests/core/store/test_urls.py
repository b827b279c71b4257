"""Database URLs as people write them."""

from __future__ import annotations

import pytest

from linecard.errors import ConfigurationError
from linecard.store.urls import parse_url, shown, sync_url


@pytest.mark.parametrize(
    ("written", "driver"),
    [
        ("sqlite:///x.db", "sqlite+aiosqlite"),
        ("sqlite+aiosqlite:///x.db", "sqlite+aiosqlite"),
        ("postgres://user@host/name", "postgresql+psycopg"),
        ("postgresql://user@host/name", "postgresql+psycopg"),
        ("postgresql+psycopg://user@host/name", "postgresql+psycopg"),
    ],
)
def test_the_driver_is_ours(written: str, driver: str) -> None:
    assert parse_url(written).drivername == driver
    assert parse_url(written).database in ("x.db", "name")


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("linecard.db", "not a database URL"),
        ("mysql://host/name", "mysql"),
        ("postgresql+asyncpg://host/name", "asyncpg"),
        ("sqlite://", "memory"),
        ("sqlite:///:memory:", "memory"),
        ("sqlite:///file:x?mode=memory&uri=true", "memory"),
    ],
)
def test_another_database_is_refused_by_name(written: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"LINECARD_DATABASE_URL.*{complaint}"):
        parse_url(written)


def test_migrations_use_the_same_database() -> None:
    url = sync_url(parse_url("sqlite:///x.db"))
    assert (url.drivername, url.database) == ("sqlite", "x.db")


def test_a_password_is_never_shown() -> None:
    assert "hush" not in shown(parse_url("postgresql://user:hush@host/name"))

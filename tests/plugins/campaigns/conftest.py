"""Databases with the tables of campaigns and without rows, of both kinds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete
from tests.calls.postgres import postgres

from linecard.store import Database
from linecard_campaigns.plugin import Campaigns
from linecard_campaigns.tables import attempts, campaigns, leads


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL for the tests of a file."""
    with postgres() as server:
        yield server.url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the test's database is."""
    file = f"sqlite:///{tmp_path}/campaigns.db"
    return file if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database without leads."""
    made = Database(database_url, Campaigns().migrations())
    await made.open()
    async with made.write() as conn:
        for table in (attempts, leads, campaigns):
            await conn.execute(delete(table))
    yield made
    await made.close()

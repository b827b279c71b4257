"""Migrations: they make what the tables say, and plugins bring their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, Table, create_engine, insert, inspect

from linecard.store import Database
from linecard.store.migrate import alembic_config, migrate
from linecard.store.tables import metadata
from linecard.store.urls import parse_url, sync_url

MORNING, DAY = datetime(2026, 11, 24, 9, 0, tzinfo=UTC), timedelta(days=1)


def test_migrations_make_the_tables_that_the_code_knows(url: str) -> None:
    migrate(parse_url(url))
    engine = create_engine(sync_url(parse_url(url)))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)
    engine.dispose()
    assert differences == []


def test_the_comparison_sees_a_missing_table(url: str) -> None:
    migrate(parse_url(url))
    engine = create_engine(sync_url(parse_url(url)))
    with engine.begin() as connection:
        metadata.tables["inbox"].drop(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata)
    engine.dispose()


EMPTY: Mapping[type, object] = {str: "", int: 0, bool: False, object: {}, datetime: MORNING}
OF_BEFORE: tuple[tuple[str, Mapping[str, object]], ...] = (
    ("calls", {"id": "a", "ended_at": MORNING}),
    ("calls", {"id": "b"}),
    ("recordings", {"call_id": "a", "n": 1, "recording": "R1", "kept_at": MORNING + DAY}),
    ("recordings", {"call_id": "a", "n": 2, "recording": "R2"}),
    ("recordings", {"call_id": "b", "n": 1, "recording": "R3", "status": "external"}),
    ("recordings", {"call_id": "b", "n": 2, "recording": "R4", "status": "recording"}),
    ("outbox", {"id": 1, "kind": "delete-recording", "key": "delete-recording:a/R1:old"}),
    ("outbox", {"id": 2, "kind": "delete-recording", "key": "delete-recording:a/2"}),
)
STATES = {"recordings": "completed", "outbox": "waiting"}


def test_recordings_of_before_have_an_age_and_no_day_of_their_own(url: str) -> None:
    engine = create_engine(sync_url(parse_url(url)))
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0015")
        known = MetaData()
        known.reflect(connection)
        for name, values in OF_BEFORE:
            connection.execute(
                insert(known.tables[name]).values(_filled(known.tables[name], values))
            )
    migrate(parse_url(url))
    with engine.connect() as connection:
        told = connection.exec_driver_sql("SELECT recording, told_at FROM recordings").all()
        left = connection.exec_driver_sql("SELECT key FROM outbox").scalars().all()
    engine.dispose()
    days = {recording: at and str(at)[:10] for recording, at in told}
    assert days == {"R1": "2026-11-25", "R2": "2026-11-24", "R3": "2026-11-24", "R4": None}
    assert left == ["delete-recording:a/2"]


def _filled(table: Table, values: Mapping[str, object]) -> dict[str, object]:
    """A row with something in each column that must have it."""
    wanted = (column for column in table.columns if not column.nullable)
    empty = {column.name: EMPTY[column.type.python_type] for column in wanted}
    state = {name: STATES[table.name] for name in ("state", "status") if table.name in STATES}
    return empty | {name: one for name, one in state.items() if name in empty} | dict(values)


async def test_a_plugin_adds_a_branch_of_its_own(url: str, tmp_path: Path) -> None:
    versions = tmp_path / "versions with 100% space"
    versions.mkdir()
    (versions / "leads_0001.py").write_text(
        dedent("""
        import sqlalchemy as sa
        from alembic import op

        revision, down_revision, branch_labels, depends_on = "leads0001", None, ("leads",), None

        def upgrade() -> None:
            op.create_table("leads_lead", sa.Column("id", sa.Integer, primary_key=True))
        """)
    )
    before = Database(url)
    await before.open()
    await before.close()
    database = Database(url, [str(versions)])
    await database.open()
    async with database.read() as conn:
        names = await conn.run_sync(lambda sync: inspect(sync).get_table_names())
    await database.close()
    assert {"leads_lead", "calls"} <= set(names)

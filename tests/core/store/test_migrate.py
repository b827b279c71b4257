"""Migrations: they make what the tables say, and plugins bring their own."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from linecard.store import Database
from linecard.store.migrate import migrate
from linecard.store.tables import metadata
from linecard.store.urls import parse_url, sync_url


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

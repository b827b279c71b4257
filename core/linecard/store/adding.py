"""Rows that are added unless they are there: one statement for each table."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from linecard.store.prepared import Prepared
from linecard.store.rows import dialect_insert

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.ext.asyncio import AsyncConnection


async def add_row(conn: AsyncConnection, table: Table, row: Mapping[str, Any]) -> bool:
    """Add a row; False where one is there that it would contradict."""
    return await _adding(table).finds(conn, row)


@cache
def _adding(table: Table) -> Prepared:
    return Prepared(partial(_made, table=table))


def _made(conn: AsyncConnection, table: Table) -> Any:
    return _statement(conn.dialect.name, table)


@cache
def _statement(dialect: str, table: Table) -> Any:
    added = dialect_insert(dialect, table).on_conflict_do_nothing()
    return added.returning(next(iter(table.primary_key)))

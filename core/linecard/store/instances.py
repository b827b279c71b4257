"""The processes that share a database: where each is reached, and when it was last seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from linecard.store.rows import from_row, insert, to_row
from linecard.store.tables import calls, instances

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A process. `url` is `http://HOST:PORT` inside; a `draining` one takes no new calls."""

    name: str
    url: str
    started_at: datetime
    seen_at: datetime
    draining: bool = False


async def beat(conn: AsyncConnection, instance: Instance) -> None:
    """Write that a process lives."""
    row = to_row(instance)
    seen = {"url": row["url"], "seen_at": row["seen_at"], "draining": row["draining"]}
    added = insert(conn, instances).values(row)
    await conn.execute(added.on_conflict_do_update(index_elements=["name"], set_=seen))


async def every(conn: AsyncConnection) -> list[Instance]:
    """All that stand there, dead ones too, the longest running first."""
    query = select(instances).order_by(instances.c.started_at, instances.c.name)
    return [from_row(Instance, row) for row in (await conn.execute(query)).mappings()]


async def get(conn: AsyncConnection, name: str) -> Instance | None:
    """A process by its name."""
    row = (await conn.execute(select(instances).where(instances.c.name == name))).mappings().first()
    return from_row(Instance, row) if row else None


async def leave(conn: AsyncConnection, name: str) -> None:
    """A process has ended."""
    await conn.execute(delete(instances).where(instances.c.name == name))


async def forget(conn: AsyncConnection, before: datetime) -> None:
    """Forget those that were last seen before a moment."""
    await conn.execute(delete(instances).where(instances.c.seen_at < before))


async def owner_of(conn: AsyncConnection, call_id: str) -> str | None:
    """Who holds a call; None for nobody, and for no call."""
    query = select(calls.c.owner).where(calls.c.id == call_id)
    return (await conn.execute(query)).scalar_one_or_none()


async def own(conn: AsyncConnection, call_id: str, name: str) -> None:
    """A process holds a call from now on."""
    await conn.execute(update(calls).where(calls.c.id == call_id).values(owner=name))

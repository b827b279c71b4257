"""Carrier events as they came, each once: repeats are known by their key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, bindparam, cast, func, select

from linecard.store.prepared import Prepared
from linecard.store.rows import dialect_insert, from_row
from linecard.store.tables import inbox

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event as it was kept; `call_id` is None while no call of ours is known for it."""

    provider: str
    account: str
    key: str
    call_id: str | None
    payload: Mapping[str, object]
    at: datetime


async def put(
    conn: AsyncConnection,
    provider: str,
    account: str,
    key: str,
    call_id: str | None,
    payload: Mapping[str, object],
    at: datetime,
) -> bool:
    """Keep an event; False when it is there already.

    An event kept before its call was known is news once the call is: it is given to the call.
    """
    row = {
        "provider": provider,
        "account": account,
        "key": key,
        "call_id": call_id,
        "payload": dict(payload),
        "at": at,
    }
    return await _PUT.finds(conn, row)


@cache
def _putting(dialect: str) -> Any:
    added = dialect_insert(dialect, inbox)
    added = added.on_conflict_do_update(
        index_elements=[inbox.c.provider, inbox.c.account, inbox.c.key],
        set_={"call_id": added.excluded.call_id},
        where=inbox.c.call_id.is_(None) & added.excluded.call_id.is_not(None),
    )
    return added.returning(inbox.c.key)


_PUT = Prepared(lambda conn: _putting(conn.dialect.name))


async def of_call(conn: AsyncConnection, call_id: str) -> list[Entry]:
    """The events of a call, oldest first."""
    query = select(inbox).where(inbox.c.call_id == call_id).order_by(inbox.c.at, inbox.c.key)
    return [from_row(Entry, row) for row in (await conn.execute(query)).mappings()]


async def of_stranger(conn: AsyncConnection, name: str) -> list[Entry]:
    """The events of no known call that the carrier calls `name`, oldest first."""
    holds = cast(inbox.c.payload, Text).contains(name, autoescape=True)
    query = select(inbox).where(inbox.c.call_id.is_(None), holds).order_by(inbox.c.at, inbox.c.key)
    found = [from_row(Entry, row) for row in (await conn.execute(query.limit(MOST))).mappings()]
    return [entry for entry in found if _is_named(entry, name)]


def _is_named(entry: Entry, name: str) -> bool:
    ids = entry.payload.get("carrier_ids")
    return isinstance(ids, Mapping) and name in ids.values()


_OF_NOBODY = (
    select(inbox.c.payload)
    .where(
        inbox.c.call_id.is_(None),
        # not by the primary key: SQLite would read every event that the account has ever reported
        func.coalesce(inbox.c.provider, "") == bindparam("provider"),
        func.coalesce(inbox.c.account, "") == bindparam("account"),
        inbox.c.at >= bindparam("since"),
    )
    .order_by(inbox.c.at, inbox.c.key)
)
_WAITING = Prepared(lambda _conn: _OF_NOBODY)


async def waiting(
    conn: AsyncConnection, provider: str, account: str, since: datetime
) -> list[Mapping[str, object]]:
    """What an account has told since a time of no known call, oldest first."""
    named = {"provider": provider, "account": account, "since": since}
    return [row["payload"] for row in await _WAITING.all(conn, named)]


async def unmatched(conn: AsyncConnection) -> list[Entry]:
    """The events of no known call, oldest first."""
    query = select(inbox).where(inbox.c.call_id.is_(None)).order_by(inbox.c.at, inbox.c.key)
    return [from_row(Entry, row) for row in (await conn.execute(query)).mappings()]

"""Calls, and the ids by which carriers know them.

In a write transaction on PostgreSQL a call that is read stays locked until the end, and so does the
right to count: what has been read is still true when it is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Numeric, bindparam, cast, func, select, tuple_
from sqlalchemy import update as update_rows

from linecard.calls import Call, CallStatus, Direction
from linecard.errors import Conflict, NotFound
from linecard.numbers import AccountKey
from linecard.store.adding import add_row
from linecard.store.live import LIVE
from linecard.store.page import Page, fetch_page
from linecard.store.prepared import Prepared
from linecard.store.rows import check_changes, from_row, lock_counting, locking, to_row
from linecard.store.tables import calls, carrier_ids

if TYPE_CHECKING:
    from sqlalchemy import RowMapping, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

_LIVE_ONES = [bindparam(f"live_{name}", name, calls.c.status.type) for name in LIVE]


def _once(query: Select[Any]) -> Prepared:
    return Prepared(lambda conn: locking(conn, query))


_BY_ID = _once(select(calls).where(calls.c.id == bindparam("its_id")))
_CHANGING = update_rows(calls).where(calls.c.id == bindparam("its_id"))
_CHANGED = Prepared(lambda _conn: _CHANGING)
_COUNTING_LIVE = (
    select(func.count().label("count")).select_from(calls).where(calls.c.status.in_(_LIVE_ONES))
)
_ALL_LIVE = Prepared(lambda _conn: _COUNTING_LIVE)


def _held(*named: ColumnElement[bool]) -> Select[Any]:
    """The oldest call that holds such ids of a carrier."""
    ids = select(carrier_ids.c.call_id)
    ids = ids.where(carrier_ids.c.provider == bindparam("provider"), *named)
    query = select(calls).where(calls.c.id.in_(ids))
    return query.order_by(calls.c.created_at, calls.c.id).limit(1)


_BY_ONE = _once(
    _held(carrier_ids.c.name == bindparam("name"), carrier_ids.c.value == bindparam("value"))
)
_HOLDS = select(carrier_ids.c.call_id).where(
    carrier_ids.c.provider == bindparam("provider"),
    carrier_ids.c.name == bindparam("name"),
    carrier_ids.c.value == bindparam("value"),
)
_HOLDER = Prepared(lambda _conn: _HOLDS)
_BY_SEVERAL = _held(
    tuple_(carrier_ids.c.name, carrier_ids.c.value).in_(bindparam("ids", expanding=True))
)
_FIXED = ("id", "provider", "account", "created_at", "carrier_ids")


async def add(conn: AsyncConnection, call: Call) -> None:
    """Write a new call. Raises Conflict when its id, or one of its carrier ids, is taken."""
    if not await add_row(conn, calls, to_row(call)):
        raise Conflict(f"call {call.id} exists already")
    await _claim_ids(conn, call, call.carrier_ids)


async def get(conn: AsyncConnection, call_id: str) -> Call | None:
    """A call by our own id."""
    return await _first(conn, _BY_ID, {"its_id": call_id})


async def find(conn: AsyncConnection, provider: str, ids: Mapping[str, str]) -> Call | None:
    """A call by any of the carrier's ids."""
    if not ids:
        return None
    if len(ids) == 1:
        ((name, value),) = ids.items()
        return await _first(conn, _BY_ONE, {"provider": provider, "name": name, "value": value})
    named = {"provider": provider, "ids": list(ids.items())}
    row = (await conn.execute(locking(conn, _BY_SEVERAL), named)).mappings().first()
    return _call(row) if row else None


async def is_known(conn: AsyncConnection, provider: str, ids: Mapping[str, str]) -> bool:
    """Whether a call holds any of the carrier's ids; nothing is locked."""
    named = ({"provider": provider, "name": name, "value": ids[name]} for name in ids)
    return any([await _HOLDER.finds(conn, one) for one in named])


async def called(conn: AsyncConnection, value: str) -> Call | None:
    """The call that a carrier calls so, whichever carrier; None where there is none, or several."""
    query = select(carrier_ids.c.call_id).where(carrier_ids.c.value == value).distinct().limit(2)
    found = list((await conn.execute(query)).scalars())
    return await get(conn, found[0]) if len(found) == 1 else None


async def add_ids(conn: AsyncConnection, call: Call, ids: Mapping[str, str]) -> Call:
    """Add ids by which the carrier knows a call.

    Raises Conflict when one is held by another call, or contradicts one that this call has.
    """
    known = await get(conn, call.id)
    if known is None:
        raise NotFound("call", call.id)
    for name, value in ids.items():
        if known.carrier_ids.get(name, value) != value:
            raise Conflict(f"call {call.id} has another {name} already")
    fresh = {name: value for name, value in ids.items() if name not in known.carrier_ids}
    if fresh:
        await _claim_ids(conn, call, fresh)
        merged = {**known.carrier_ids, **fresh}
        await _CHANGED.run(conn, {"its_id": call.id, "carrier_ids": merged})
        return replace(known, carrier_ids=merged)
    return known


async def update(conn: AsyncConnection, call_id: str, **changes: Any) -> Call:
    """Change some fields; carrier ids go through `add_ids`. Raises NotFound."""
    await change(conn, call_id, **changes)
    call = await get(conn, call_id)
    if call is None:
        raise NotFound("call", call_id)
    return call


async def change(conn: AsyncConnection, call_id: str, **changes: Any) -> None:
    """The same of a call that is there, which is not read again."""
    check_changes(Call, changes, fixed=_FIXED)
    if changes:
        await _CHANGED.run(conn, {"its_id": call_id, **changes})


async def page(
    conn: AsyncConnection,
    limit: int,
    cursor: str | None,
    status: CallStatus | None = None,
    number: str | None = None,
    among: Sequence[str] | None = None,
) -> Page[Call]:
    """Calls, newest first; `number` is the registered one, `among` the ids that may be shown."""
    query = select(calls)
    if among is not None:
        query = query.where(calls.c.id.in_(among))
    if status is not None:
        query = query.where(calls.c.status == status)
    if number is not None:
        query = query.where(calls.c.number == number)
    return await fetch_page(
        conn, calls, query, _call, limit=limit, cursor=cursor, newest_first=True
    )


async def count_live(
    conn: AsyncConnection, number: str | None = None, account: AccountKey | None = None
) -> int:
    """How many calls are not over, of all, of one registered number or account; `unknown` counts."""
    if number is None and account is None:
        await lock_counting(conn)
        counted = await _ALL_LIVE.first(conn, {})
        return int(counted["count"]) if counted else 0
    live: list[ColumnElement[bool]] = [calls.c.status.in_(LIVE), *_of_account(account)]
    if number is not None:
        live.append(calls.c.number == number)
    return await _count(conn, *live)


async def live_on_number(conn: AsyncConnection, e164: str) -> int:
    """How many calls of a registered number are not over."""
    return await count_live(conn, e164)


async def count_dialed(
    conn: AsyncConnection,
    since: datetime,
    to: str | None = None,
    account: AccountKey | None = None,
) -> int:
    """How many outbound calls were written since a time, to one destination, of one account, or all."""
    outbound = calls.c.direction == Direction.OUTBOUND
    recent = calls.c.created_at >= since
    dialed: list[ColumnElement[bool]] = [outbound, recent, *_of_account(account)]
    if to is not None:
        dialed.append(calls.c.to == to)
    return await _count(conn, *dialed)


async def last_dialed(
    conn: AsyncConnection, since: datetime, account: AccountKey, most: int
) -> list[datetime]:
    """When the last outbound calls of an account were written since a time, the latest first."""
    query = (
        select(calls.c.created_at)
        .where(calls.c.direction == Direction.OUTBOUND, calls.c.created_at > since)
        .where(*_of_account(account))
        .order_by(calls.c.created_at.desc())
        .limit(most)
    )
    return list((await conn.execute(query)).scalars())


async def spent(conn: AsyncConnection, since: datetime) -> Decimal:
    """The cost of the calls made since a time, in US dollars; those without a price count nothing."""
    total = func.sum(cast(calls.c.cost, Numeric(18, 6)))
    found = await conn.execute(select(total).where(calls.c.created_at >= since))
    return Decimal(str(found.scalar_one() or 0))


async def count_arrived(conn: AsyncConnection, since: datetime, from_: str, number: str) -> int:
    """How many calls of one caller came in to a registered number since a time, whatever became of them."""
    inbound = calls.c.direction == Direction.INBOUND
    recent = calls.c.created_at >= since
    return await _count(conn, inbound, recent, calls.c.from_ == from_, calls.c.number == number)


async def last_arrivals(conn: AsyncConnection) -> dict[str, datetime]:
    """When the last call came in, by number of ours."""
    query = (
        select(calls.c.number, func.max(calls.c.created_at).label("at"))
        .where(calls.c.direction == Direction.INBOUND)
        .group_by(calls.c.number)
    )
    return {str(row.number): row.at for row in await conn.execute(query)}


async def _first(
    conn: AsyncConnection, query: Prepared, named: Mapping[str, object]
) -> Call | None:
    row = await query.first(conn, named)
    return _call(row) if row else None


def _of_account(account: AccountKey | None) -> list[ColumnElement[bool]]:
    if account is None:
        return []
    return [calls.c.provider == account[0], calls.c.account == account[1]]


async def _count(conn: AsyncConnection, *conditions: ColumnElement[bool]) -> int:
    await lock_counting(conn)
    counted = await conn.execute(select(func.count()).select_from(calls).where(*conditions))
    return counted.scalar_one()


async def _claim_ids(conn: AsyncConnection, call: Call, ids: Mapping[str, str]) -> None:
    for name, value in ids.items():
        row = {"provider": call.provider, "name": name, "value": value, "call_id": call.id}
        if not await add_row(conn, carrier_ids, row):
            await _refuse_foreign(conn, call, name, value)


async def _refuse_foreign(conn: AsyncConnection, call: Call, name: str, value: str) -> None:
    holder = await find(conn, call.provider, {name: value})
    if holder is not None and holder.id != call.id:
        raise Conflict(f"{name} {value} belongs to call {holder.id}, not to {call.id}")


def _call(row: Mapping[str, Any] | RowMapping) -> Call:
    return from_row(Call, row)

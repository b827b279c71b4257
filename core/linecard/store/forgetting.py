"""Erasing what calls hold of people. What is left of a call is a statistic: times, status, length, cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, delete, insert, or_, select, update

from linecard.calls import FORGOTTEN, Call
from linecard.mentions import HIDDEN
from linecard.store.recordings import Recording
from linecard.store.rows import changed, from_row, locking
from linecard.store.tables import (
    calls,
    carrier_ids,
    claims,
    documents,
    idempotency,
    inbox,
    notifications,
    outbox,
    recordings,
    timeline,
    transfers,
)
from linecard.store.timeline import Line

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.numbers import AccountKey

CHUNK = 500
"""So many calls are named in one statement: databases take no more than some thousand values."""
LEG_PRICES = ("leg-ended", "call-rated")
MARK = {FORGOTTEN: True}
CONTENT: Mapping[str, Table] = {
    "events": timeline,
    "payloads": inbox,
    "documents": documents,
    "notifications": notifications,
    "idempotency_keys": idempotency,
    "stream_claims": claims,
}
"""What is deleted whole, by the name in a report."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A recording, and the account that has it."""

    recording: Recording
    account: AccountKey
    profile: str


def chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """The ids, as many at a time as one statement names."""
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


async def of_number(conn: AsyncConnection, number: str) -> set[str]:
    """The ids of the calls from or to a number."""
    query = select(calls.c.id).where(
        or_(calls.c.from_ == number, calls.c.to == number, calls.c.number == number)
    )
    return set((await conn.execute(query)).scalars())


async def locked(conn: AsyncConnection, ids: Sequence[str]) -> list[Call]:
    """The calls, held until the transaction ends."""
    query = select(calls).where(calls.c.id.in_(ids)).order_by(calls.c.id)
    return [from_row(Call, row) for row in (await conn.execute(locking(conn, query))).mappings()]


async def recorded(conn: AsyncConnection, ids: Sequence[str]) -> list[Owned]:
    """The recordings of calls."""
    query = select(recordings, calls.c.provider, calls.c.account, calls.c.profile)
    query = query.join(calls, calls.c.id == recordings.c.call).where(recordings.c.call.in_(ids))
    rows = (await conn.execute(query)).mappings()
    return [
        Owned(from_row(Recording, row), (row["provider"], row["account"]), row["profile"])
        for row in rows
    ]


async def leg_prices(conn: AsyncConnection, ids: Sequence[str]) -> Mapping[str, list[Line]]:
    """The lines of calls that tell what their legs cost."""
    priced = (timeline.c.call_id.in_(ids), timeline.c.name.in_(LEG_PRICES))
    found = await conn.execute(select(timeline).where(*priced).order_by(timeline.c.id))
    lines: dict[str, list[Line]] = defaultdict(list)
    for row in found.mappings():
        lines[row["call_id"]].append(from_row(Line, row))
    return lines


async def erase_content(
    conn: AsyncConnection, ids: Sequence[str], kept_jobs: Sequence[str]
) -> dict[str, int]:
    """Delete all that belongs to calls but their own rows, and jobs of kinds that go on; how much there was."""
    erased = {
        name: await changed(conn, delete(table).where(_call_of(table).in_(ids)))
        for name, table in CONTENT.items()
    }
    theirs = outbox.c.call_id.in_(ids) & outbox.c.kind.not_in(kept_jobs)
    erased["jobs"] = await changed(conn, delete(outbox).where(theirs))
    erased["recordings"] = await changed(conn, delete(recordings).where(recordings.c.call.in_(ids)))
    erased["transfers"] = await _erase_targets(conn, ids)
    return erased


async def _erase_targets(conn: AsyncConnection, ids: Sequence[str]) -> int:
    """Of a transfer there stays when it was, how it was asked for and what came of it."""
    found = (
        await conn.execute(
            select(transfers.c.id, transfers.c.targets).where(transfers.c.call.in_(ids))
        )
    ).all()
    for transfer, targets in found:
        left: dict[str, object] = {
            "targets": (HIDDEN,) * len(targets),
            "legs": {},
            "answers": {},
            "whisper": None,
            "accept_key": None,
        }
        await conn.execute(update(transfers).where(transfers.c.id == transfer).values(left))
    return len(found)


async def make_anonymous(
    conn: AsyncConnection, ids: Sequence[str], number: str | None, at: datetime
) -> None:
    """Take out of calls' rows what says who it was; `number` None: both ends go."""
    left = {
        "metadata": {},
        "options": {},
        "send_digits": None,
        "end_reason": None,
        "outcome": None,
        "closing": None,
        "notify": None,
        "route": MARK,
        "consent": {},
        "voicemail": {},
        "answered_word": "",
    }
    theirs = calls.c.id.in_(ids)
    await conn.execute(update(calls).where(theirs).values(left))
    for column, instead in ((calls.c.from_, None), (calls.c.to, HIDDEN), (calls.c.number, HIDDEN)):
        meant = theirs if number is None else theirs & (column == number)
        await conn.execute(update(calls).where(meant).values({column.key: instead}))
    lines = [{"call_id": one, "name": FORGOTTEN, "facts": {}, "at": at} for one in ids]
    await conn.execute(insert(timeline), lines)


async def forget_ids(conn: AsyncConnection, ids: Sequence[str]) -> None:
    """Forget by what names carriers know calls."""
    await conn.execute(delete(carrier_ids).where(carrier_ids.c.call_id.in_(ids)))
    await conn.execute(update(calls).where(calls.c.id.in_(ids)).values(carrier_ids={}))


async def erase_jobs(conn: AsyncConnection, ids: Sequence[str], kind: str) -> None:
    """Delete the jobs of one kind of calls."""
    theirs = outbox.c.call_id.in_(ids) & (outbox.c.kind == kind)
    await conn.execute(delete(outbox).where(theirs))


def _call_of(table: Table) -> Any:
    return table.c.call if "call" in table.c else table.c.call_id

"""The recordings of a call: a list, since a transfer may end one and begin another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import func, insert, select, update

from linecard.errors import NotFound
from linecard.store import calls
from linecard.store.rows import from_row, to_row
from linecard.store.tables import recordings

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

RecordingStatus = Literal[
    "recording", "paused", "stopped", "absent", "failed", "completed", "external", "deleted"
]

_RANK: Mapping[str, int] = {
    "recording": 0,
    "paused": 1,
    "stopped": 2,
    "absent": 3,
    "failed": 3,
    "completed": 4,
    "external": 4,
    "deleted": 5,
}
"""Reports come in any order; a status never goes back in this order, but for a pause that is over."""
RUNNING = frozenset({"recording", "paused"})
HAS_FILE = frozenset({"completed", "external"})
UNFINISHED = RUNNING | {"stopped"}
"""Its file is still to come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recording, the `n`th of its call; `recording` is the carrier's own id of it.

    `started_at` is None where only its end was reported, `channels` where nobody has said. `kept_as`
    is the name of our copy in the storage; `bytes`, `sha256` (in hex), `kept_at` and `copy_ms` (its length,
    where the file says it) are the copy's, and `flaw` says why it may not be all of the recording.
    `told_at` is when we first heard that its file can be had. `by` is who asked for the recording,
    `reason` why there is no file or no copy.
    """

    call: str
    n: int
    recording: str
    status: RecordingStatus
    url: str | None = None
    duration_ms: int | None = None
    started_at: datetime | None = None
    kept_as: str | None = None
    by: str = ""
    channels: int | None = None
    reason: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    kept_at: datetime | None = None
    told_at: datetime | None = None
    copy_ms: int | None = None
    flaw: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What we know of a file that we keep."""

    kept_as: str
    bytes: int
    sha256: str
    kept_at: datetime
    channels: int | None = None
    copy_ms: int | None = None
    flaw: str | None = None


async def started(
    conn: AsyncConnection,
    call_id: str,
    recording: str,
    at: datetime,
    by: str = "",
    channels: int | None = None,
) -> Recording:
    """It runs; safe after its end was reported."""
    found = await _find(conn, call_id, recording)
    asked_by = found.by if found and found.by else by
    since = found.started_at if found and found.started_at else at
    facts = {"started_at": since, "by": asked_by, **_told(channels=channels)}
    return await _settle(conn, found, call_id, recording, "recording", **facts)


async def ready(
    conn: AsyncConnection,
    call_id: str,
    recording: str,
    url: str,
    duration_ms: int | None,
    at: datetime,
    channels: int | None = None,
) -> Recording:
    """Its file can be fetched; `at` is when we heard so."""
    found = await _find(conn, call_id, recording)
    since = found.told_at if found and found.told_at else at
    told = _told(duration_ms=duration_ms, channels=channels)
    facts = {"url": url, "reason": None, "told_at": since, **told}
    return await _settle(conn, found, call_id, recording, "completed", **facts)


def _told(**facts: int | None) -> dict[str, int]:
    """What was said; what was not stays as it is known."""
    return {name: value for name, value in facts.items() if value is not None}


async def running_ended(
    conn: AsyncConnection, call_id: str, reason: str | None = None
) -> list[Recording]:
    """Those of a call that ran were stopped, for a reason; their files are still to come."""
    return await _move(conn, call_id, RUNNING, status="stopped", reason=reason)


async def paused(conn: AsyncConnection, call_id: str) -> list[Recording]:
    """What ran of a call is paused."""
    return await _move(conn, call_id, frozenset({"recording"}), status="paused")


async def resumed(conn: AsyncConnection, call_id: str) -> list[Recording]:
    """What was paused of a call goes on."""
    return await _move(conn, call_id, frozenset({"paused"}), status="recording")


async def held_elsewhere(conn: AsyncConnection, call_id: str, n: int, reason: str) -> None:
    """Its file is in a storage of the account's own, which we do not read."""
    found = _is(call_id, n) & (recordings.c.status == "completed")
    await conn.execute(update(recordings).where(found).values(status="external", reason=reason))


async def _move(
    conn: AsyncConnection, call_id: str, from_: frozenset[str], **values: object
) -> list[Recording]:
    await calls.get(conn, call_id)
    fitting = (recordings.c.call == call_id) & recordings.c.status.in_(sorted(from_))
    moved = await conn.execute(
        update(recordings).where(fitting).values(**values).returning(recordings.c.n)
    )
    ns = {n for (n,) in moved}
    return [one for one in await of_call(conn, call_id) if one.n in ns]


async def failed(
    conn: AsyncConnection,
    call_id: str,
    recording: str,
    reason: str | None = None,
    *,
    absent: bool = False,
) -> Recording:
    """It broke off, its file never came, or (`absent`) there was nothing to make one of.

    A file that comes after all makes it completed.
    """
    found = await _find(conn, call_id, recording)
    why = {} if found and found.status in HAS_FILE else {"reason": reason}
    status: RecordingStatus = "absent" if absent else "failed"
    return await _settle(conn, found, call_id, recording, status, **why)


async def deleted(conn: AsyncConnection, call_id: str, recording: str) -> Recording:
    """It is to go, or has gone; nothing brings it back."""
    found = await _find(conn, call_id, recording)
    return await _settle(conn, found, call_id, recording, "deleted", url=None)


async def not_kept(conn: AsyncConnection, call_id: str, n: int, reason: str) -> None:
    """We have no copy of it, and try no more."""
    await conn.execute(update(recordings).where(_is(call_id, n)).values(reason=reason))


async def keep(conn: AsyncConnection, call_id: str, n: int, copy: Copy) -> Recording:
    """We have a copy. Raises NotFound."""
    facts = {name: value for name, value in to_row(copy).items() if value is not None}
    await conn.execute(update(recordings).where(_is(call_id, n)).values(reason=None, **facts))
    kept = await get(conn, call_id, n)
    if kept is None:
        raise NotFound("recording", f"{call_id}/{n}")
    return kept


async def of_call(conn: AsyncConnection, call_id: str) -> list[Recording]:
    """The recordings of a call in their order."""
    query = select(recordings).where(recordings.c.call == call_id).order_by(recordings.c.n)
    return [from_row(Recording, row) for row in (await conn.execute(query)).mappings()]


async def get(conn: AsyncConnection, call_id: str, n: int) -> Recording | None:
    """The `n`th recording of a call, counted from 1."""
    return await _one(conn, _is(call_id, n))


async def find(conn: AsyncConnection, call_id: str, recording: str) -> Recording | None:
    """A recording of a call by the carrier's id."""
    mine = (recordings.c.call == call_id) & (recordings.c.recording == recording)
    return await _one(conn, mine)


def _is(call_id: str, n: int) -> ColumnElement[bool]:
    return (recordings.c.call == call_id) & (recordings.c.n == n)


async def _find(conn: AsyncConnection, call_id: str, recording: str) -> Recording | None:
    """By the carrier's id; the call is locked first, so that `n` is given once."""
    await calls.get(conn, call_id)
    return await find(conn, call_id, recording)


async def _one(conn: AsyncConnection, condition: ColumnElement[bool]) -> Recording | None:
    row = (await conn.execute(select(recordings).where(condition))).mappings().first()
    return from_row(Recording, row) if row else None


async def _settle(
    conn: AsyncConnection,
    found: Recording | None,
    call_id: str,
    recording: str,
    status: RecordingStatus,
    **facts: Any,
) -> Recording:
    if found is None:
        n = await _next_n(conn, call_id)
        new = {"call": call_id, "n": n, "recording": recording, "by": "", **facts}
        await conn.execute(insert(recordings).values(status=status, **new))
    else:
        n = found.n
        further = max(status, found.status, key=_RANK.__getitem__)
        await conn.execute(
            update(recordings).where(_is(call_id, n)).values(status=further, **facts)
        )
    settled = await get(conn, call_id, n)
    assert settled is not None
    return settled


async def _next_n(conn: AsyncConnection, call_id: str) -> int:
    last = select(func.max(recordings.c.n)).where(recordings.c.call == call_id)
    return ((await conn.execute(last)).scalar() or 0) + 1

"""People who are forgotten: of their leads there stays what counts, and nothing of whom it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import phonenumbers
from sqlalchemy import ColumnElement, case, literal, select, update

from linecard import ENDS, CallStatus, Conflict, now
from linecard.store.retention import BATCH
from linecard.store.rows import changed, is_postgresql
from linecard.store.tables import calls
from linecard_campaigns.blocking import AT_ONCE, changed_of, held
from linecard_campaigns.standing import DIALLED, FORGOTTEN, OPTED_OUT, WAITING
from linecard_campaigns.tables import attempts, campaigns, leads

if TYPE_CHECKING:
    from sqlalchemy import Column, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

REASON = "the number was forgotten"
OURS = (
    *CallStatus,
    *("machine", "voicemail-left", "voicemail-cut-short"),
    *("canceled", "stopped", "refused", "never-open", OPTED_OUT, FORGOTTEN),
)
"""Outcomes that say nothing of anybody; an agent's own word may be a sentence, or a name."""
FREE_TEXT: Sequence[tuple[Table, Sequence[str]]] = (
    (leads, ("payload", "outcome", "reason")),
    (attempts, ("outcome",)),
    (campaigns, ("name", "reason")),
)


async def number_forgotten(conn: AsyncConnection, number: str) -> Mapping[str, int]:
    """End the leads of a number that wait, and erase all of them; how many rows.

    Raises Conflict while one is being called.
    """
    is_theirs = leads.c.to == number
    open_ones = await held(conn, is_theirs)
    dialled = [lead for lead, status in open_ones if status in DIALLED]
    await _refuse_live(conn, dialled)
    at = now()
    waiting = [lead for lead, status in open_ones if status in WAITING]
    ended = {"status": "canceled", "parked": False, "due_at": None, "ended_at": at}
    await changed_of(conn, waiting, **ended, updated_at=at)
    await changed_of(conn, [*waiting, *dialled], outcome=FORGOTTEN)
    found = (await conn.execute(select(leads.c.id).where(is_theirs))).scalars().all()
    tried = await _erase(conn, found, REASON)
    await _forget_references(conn, number)
    return {"leads": len(found), "attempts": tried}


async def rows_expired(conn: AsyncConnection, before: datetime) -> int:
    """Erase some leads that ended before a moment; how many."""
    query = (
        select(leads.c.id)
        .where(leads.c.erased_at.is_(None), leads.c.ended_at < before)
        .order_by(leads.c.ended_at)
        .limit(BATCH)
    )
    if is_postgresql(conn):
        query = query.with_for_update(skip_locked=True)
    found = (await conn.execute(query)).scalars().all()
    await _erase(conn, found, None)
    return len(found)


async def _refuse_live(conn: AsyncConnection, dialled: Sequence[str]) -> None:
    """A call may have been placed since the core has looked."""
    live = (
        select(leads.c.id)
        .join(calls, calls.c.id == leads.c.call_id)
        .where(leads.c.id.in_(dialled), calls.c.status.not_in(tuple(ENDS)))
    )
    found = (await conn.execute(live)).scalars().all()
    if found:
        raise Conflict(f"a lead of the number is being called ({found[0]}); end the call first")


async def _erase(conn: AsyncConnection, ids: Sequence[str], reason: str | None) -> int:
    """Take out of leads and their attempts what says who it was; how many attempts.

    What stays is counted in reports: statuses, results, lengths, costs and times.
    """
    left: dict[str, object] = {
        "to": literal(f"{FORGOTTEN}-") + leads.c.id,
        "reference": None,
        "payload": {},
        "timezone": None,
        "not_before": None,
        "outcome": _counted(leads.c.outcome),
        "reason": reason,
        "erased_at": now(),
    }
    await changed_of(conn, ids, **left)
    tried = 0
    for start in range(0, len(ids), AT_ONCE):
        theirs = attempts.c.lead_id.in_(ids[start : start + AT_ONCE])
        gone = update(attempts).where(theirs)
        tried += await changed(
            conn, gone.values(to=FORGOTTEN, outcome=_counted(attempts.c.outcome))
        )
    return tried


def _counted(outcome: Column[str]) -> ColumnElement[str]:
    """The outcome as it may stay: there are as many of them as before."""
    return case((outcome.is_(None) | outcome.in_(OURS), outcome), else_=FORGOTTEN)


async def _forget_references(conn: AsyncConnection, number: str) -> None:
    """References of other people's leads; two of one campaign must not be alike afterwards."""
    national = phonenumbers.national_significant_number(phonenumbers.parse(number, None))
    named = leads.c.reference.contains(national)
    await conn.execute(update(leads).where(named).values(reference=None))

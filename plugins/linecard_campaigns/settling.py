"""What came of an attempt, written once in one transaction: its result, the lead's status, and the next turn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import delete, select, update

from linecard import Call, CallStatus, Direction, MachineKind, now
from linecard.store import blocklist, calls, timeline
from linecard_campaigns.checkpoints import Step, passing
from linecard_campaigns.choosing import in_reserve
from linecard_campaigns.lines import lines_of, refusals
from linecard_campaigns.retrying import next_due
from linecard_campaigns.standing import (
    DIALLED,
    FINAL,
    REFUSED,
    Standing,
    move,
    next_turn,
    outcomes,
    standing,
)
from linecard_campaigns.tables import attempts
from linecard_campaigns.tickets import Turn

if TYPE_CHECKING:
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.store import Database

log = structlog.get_logger()

BUSY_STATUS = 429
AGAIN = timedelta(seconds=5)
"""When a carrier that was asked too often says nothing of when to come back."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What a carrier's certain no says: its status, and in how many seconds it wants to be asked again."""

    status: int | None
    retry_after: float | None


@dataclass(frozen=True, slots=True)
class Settled:
    """Whether the attempt is over, and the lead's next turn where it has one."""

    is_over: bool
    following: Turn | None = None


async def settle(database: Database, call_id: str) -> Settled:
    """Write down what came of a call's attempt.

    Safe to repeat, and side by side: an attempt is settled once. Where the call is not over nothing
    happens, but that a placement of which nobody knows shows on its lead.
    """
    async with database.write() as conn:
        attempt = await _attempt(conn, call_id)
        if attempt is None or attempt["ended_at"] is not None:
            return Settled(is_over=True)
        stands = await standing(conn, attempt["lead_id"])
        if stands is None:
            return Settled(is_over=True)
        call = await calls.get(conn, call_id)
        if call is not None and not call.is_over:
            await _still_open(conn, stands, call)
            return Settled(is_over=False)
        passing(Step.SETTLING, attempt["lead_id"])
        return Settled(is_over=True, following=await _settled(conn, stands, attempt, call))


async def _attempt(conn: AsyncConnection, call_id: str) -> RowMapping | None:
    found = await conn.execute(select(attempts).where(attempts.c.call_id == call_id))
    return found.mappings().first()


async def _still_open(conn: AsyncConnection, stands: Standing, call: Call) -> None:
    status = "unknown" if call.status is CallStatus.UNKNOWN else "dialing"
    if stands.lead["status"] != status:
        await move(conn, stands.turn(), DIALLED, status=status)


async def _settled(
    conn: AsyncConnection, stands: Standing, attempt: RowMapping, call: Call | None
) -> Turn | None:
    refused = await _refused(conn, call)
    if refused is not None and refused.status == BUSY_STATUS:
        return await _not_spent(conn, stands, attempt, refused)
    outcome = outcome_of(call)
    written = {"outcome": outcome, "ended_at": now(), **_facts(call)}
    goes_on = refused is not None and await _has_reserve(conn, stands, attempt)
    if goes_on:
        written["result"] = REFUSED
    done = update(attempts).where(attempts.c.call_id == attempt["call_id"])
    await conn.execute(done.values(written))
    if await _is_final(conn, stands, attempt["to"]):
        await _end(conn, stands, call, outcome)
        return None
    due_at = now() if goes_on else await _due(conn, stands)
    if due_at is None:
        await _end(conn, stands, call, outcome)
        return None
    return await next_turn(
        conn, stands.turn(), DIALLED, due_at, status="retry", outcome=outcome, reason=_why(call)
    )


async def _is_final(conn: AsyncConnection, stands: Standing, to: str) -> bool:
    """Whether the person is to be called no more, by what was written during the call or by the list."""
    if stands.lead["outcome"] in FINAL:
        return True
    return await blocklist.fitting(conn, to, Direction.OUTBOUND) is not None


async def _has_reserve(conn: AsyncConnection, stands: Standing, attempt: RowMapping) -> bool:
    """Whether another account may be asked: nobody's telephone has rung, so that it costs nobody anything."""
    if stands.campaign["status"] == "stopped":
        return False
    lines = await lines_of(conn, stands.plan.numbers)
    refused = await refusals(conn, stands.lead["id"]) | {(attempt["provider"], attempt["account"])}
    return in_reserve(lines, refused) is not None


async def _refused(conn: AsyncConnection, call: Call | None) -> Refused | None:
    """The carrier's certain no, where it said one; then it is sure that no call exists."""
    if call is None or call.status is not CallStatus.FAILED:
        return None
    for line in await timeline.of_call(conn, call.id):
        if line.name == "dial-refused":
            facts: Any = line.facts
            return Refused(facts["status"], facts["retry_after"])
    return None


async def _not_spent(
    conn: AsyncConnection, stands: Standing, attempt: RowMapping, refused: Refused
) -> Turn | None:
    """Asked too often is no attempt: the row goes, and the lead comes back when the carrier wants to be asked."""
    await conn.execute(delete(attempts).where(attempts.c.call_id == attempt["call_id"]))
    if await _is_final(conn, stands, attempt["to"]):
        await move(conn, stands.turn(), DIALLED, status="canceled", ended_at=now(), due_at=None)
        return None
    seconds = refused.retry_after
    due_at = now() + (AGAIN if seconds is None else timedelta(seconds=seconds))
    status = "queued" if attempt["n"] == 1 else "retry"
    return await next_turn(
        conn,
        stands.turn(),
        DIALLED,
        due_at,
        status=status,
        reason="the carrier was asked too often",
    )


def _facts(call: Call | None) -> dict[str, object]:
    if call is None:
        return {"result": "failed", "answered": False}
    return {
        "result": str(call.status),
        "answered": call.answered_at is not None,
        "duration": call.duration,
        "cost": call.cost,
    }


def outcome_of(call: Call | None) -> str:
    """The business' word where the agent has set one; else the telephone's, `machine` where one answered."""
    if call is None:
        return "failed"
    if call.outcome:
        return call.outcome
    if call.status is CallStatus.COMPLETED and call.answered_by is MachineKind.MACHINE:
        return "machine"
    return str(call.status)


def _why(call: Call | None) -> str | None:
    return "its call is no longer on record" if call is None else call.end_reason


async def _due(conn: AsyncConnection, stands: Standing) -> datetime | None:
    """When the lead is called again, by the plan; None for never."""
    past = await outcomes(conn, stands.lead["id"])
    is_stopped = stands.campaign["status"] == "stopped"
    if is_stopped or len(past) >= stands.plan.max_attempts:
        return None
    return next_due(stands.plan.retry, past, stands.lead["id"], now())


async def _end(conn: AsyncConnection, stands: Standing, call: Call | None, outcome: str) -> None:
    answered = call is not None and call.status is CallStatus.COMPLETED and outcome != "machine"
    status = "finished" if answered else "failed"
    ended = {"status": status, "outcome": outcome, "reason": _why(call), "ended_at": now()}
    if not await move(conn, stands.turn(), DIALLED, **ended):
        log.warning("a lead was settled by somebody else", lead=stands.lead["id"])

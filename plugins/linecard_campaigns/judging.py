"""The last-instant gate: what is asked of a lead in the transaction that writes the call's intent.

The claim of the lead and its attempt are written there too, so that either all of it exists or nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert

from linecard_campaigns.checkpoints import Step, passing
from linecard_campaigns.checks import CHECKS
from linecard_campaigns.standing import WAITING, Standing, move, next_attempt, standing
from linecard_campaigns.tables import attempts
from linecard_campaigns.tickets import Refusal, Ticket, held

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard import Call

GONE = Refusal(reason="the lead is somebody else's now", gone=True)


async def may_dial(call: Call, conn: AsyncConnection) -> str | None:
    """The reason why a call must not be dialled; calls that no campaign dials are left alone."""
    ticket = held()
    if ticket is None:
        return None
    ticket.refusal = await _refusal(conn, ticket, call)
    return ticket.refusal.reason if ticket.refusal else None


async def _refusal(conn: AsyncConnection, ticket: Ticket, call: Call) -> Refusal | None:
    stands = await standing(conn, ticket.turn.lead)
    if stands is None or stands.lead["turn"] != ticket.turn.turn:
        return GONE
    if stands.lead["status"] not in WAITING:
        return GONE
    for check in CHECKS:
        refusal = await check(conn, stands, call)
        if refusal is not None:
            return refusal
    passing(Step.JUDGED, ticket.turn.lead)
    return await _claim(conn, ticket, stands, call)


async def _claim(
    conn: AsyncConnection, ticket: Ticket, stands: Standing, call: Call
) -> Refusal | None:
    claimed = {"status": "dialing", "call_id": call.id, "parked": False, "due_at": None}
    if not await move(conn, ticket.turn, WAITING, **claimed, reason=None):
        return GONE
    row = {
        "call_id": call.id,
        "lead_id": ticket.turn.lead,
        "campaign_id": stands.campaign["id"],
        "n": await next_attempt(conn, ticket.turn.lead),
        "number": call.number,
        "provider": call.provider,
        "account": call.account,
        "to": call.to,
        "answered": False,
        "created_at": call.created_at,
    }
    await conn.execute(insert(attempts).values(row))
    passing(Step.CLAIMED, ticket.turn.lead)
    return None

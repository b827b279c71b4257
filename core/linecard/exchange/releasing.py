"""Targets let go for certain: a leg that nobody needs is ended, whatever fails or dies meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from linecard.calls import Call
from linecard.carrier import TransferStage
from linecard.errors import LinecardError
from linecard.events import CALLER, CarrierEvent, LegEnded
from linecard.exchange import outbox, rooms
from linecard.exchange.context import Exchange
from linecard.store import calls, timeline, transfers
from linecard.store import outbox as jobs
from linecard.store.outbox import Job
from linecard.store.transfers import Transfer
from linecard.wall import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

log = structlog.get_logger()

RELEASE = "release-targets"
LET_GO = "let-targets-go"
RETRY_AFTER = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 120.0, 300.0)
LET_GO_AFTER = (3.0, 10.0, 30.0)


async def event_applied(
    exchange: Exchange, conn: AsyncConnection, call: Call, event: CarrierEvent
) -> None:
    """With the caller's end stands the job that lets the targets go, should we die before it is done."""
    if not isinstance(event, LegEnded) or event.leg != CALLER:
        return
    for transfer in await transfers.of_call(conn, call.id):
        if transfer.consults and transfer.legs:
            payload = {"transfer": transfer.id}
            await outbox.put(
                exchange,
                conn,
                LET_GO,
                transfer.id,
                after=LET_GO_AFTER[0],
                call_id=call.id,
                payload=payload,
            )


async def let_go_after_all(exchange: Exchange, job: Job) -> None:
    """The job of targets whose caller has gone; nothing, where they have been let go."""
    async with exchange.database.read() as conn:
        transfer = await transfers.get(conn, str(job.payload.get("transfer", "")))
        call = await calls.get(conn, transfer.call) if transfer else None
    if transfer is not None and call is not None and transfer.legs:
        await let_go(exchange, call, transfer)


async def let_go(exchange: Exchange, call: Call, transfer: Transfer) -> None:
    """Take the transfer's legs and end them."""
    async with exchange.database.write() as conn:
        current = await transfers.get(conn, transfer.id)
        if current is None:
            return
        await transfers.update(conn, transfer.id, legs={})
        key = await _keep(exchange, conn, call, current)
    await _try(exchange, call, current, key)


async def release(exchange: Exchange, call: Call, transfer: Transfer) -> None:
    """End the legs that the transfer is given with: once now, and in the background until it is done."""
    if not _known(transfer):
        return
    async with exchange.database.write() as conn:
        key = await _keep(exchange, conn, call, transfer)
    await _try(exchange, call, transfer, key)


async def _keep(exchange: Exchange, conn: AsyncConnection, call: Call, transfer: Transfer) -> str:
    """Write the job before anything is asked; its key, or nothing where there is no leg to end."""
    legs = _known(transfer)
    if not legs:
        return ""
    key = f"{transfer.id}:{','.join(sorted(legs.values()))}"
    await outbox.put(
        exchange,
        conn,
        RELEASE,
        key,
        after=RETRY_AFTER[0],
        call_id=call.id,
        payload={"transfer": transfer.id, "legs": legs},
    )
    return key


def _known(transfer: Transfer) -> dict[str, str]:
    return {leg: known for leg, known in transfer.legs.items() if known}


async def _try(exchange: Exchange, call: Call, transfer: Transfer, key: str) -> None:
    if not key:
        return
    try:
        await _end(exchange, call, transfer)
    except LinecardError as error:
        log.error(
            "a transfer's target may still ring; it is tried again", call=call.id, error=str(error)
        )
        async with exchange.database.write() as conn:
            await timeline.append(conn, call.id, "target-not-released", {}, now())
        return
    async with exchange.database.write() as conn:
        await jobs.cancel(conn, f"{RELEASE}:{key}")


async def release_again(exchange: Exchange, job: Job) -> None:
    """The job of legs whose end has failed. Raises CarrierError to be tried again."""
    async with exchange.database.read() as conn:
        transfer = await transfers.get(conn, str(job.payload.get("transfer", "")))
        call = await calls.get(conn, transfer.call) if transfer else None
    legs = job.payload.get("legs")
    if transfer is not None and call is not None and isinstance(legs, dict):
        await _end(exchange, call, replace(transfer, legs=legs))


async def _end(exchange: Exchange, call: Call, transfer: Transfer) -> None:
    asked = rooms.order(
        exchange, call, replace(transfer, legs=_known(transfer)), TransferStage.RELEASE
    )
    await exchange.relay(call).hooks.transfer(call, asked)

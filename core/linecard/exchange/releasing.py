"""Targets let go for certain: a leg that nobody needs is ended, whatever fails or dies meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from linecard.calls import Call
from linecard.carrier import TransferStage
from linecard.errors import LinecardError
from linecard.events import CALLER, CarrierEvent, LegEnded
from linecard.exchange import outbox, rooms
from linecard.exchange.context import Exchange
from linecard.exchange.noting import note
from linecard.exchange.patience import until_free
from linecard.store import calls, transfers
from linecard.store.outbox import Job
from linecard.store.transfers import Transfer
from linecard.transfers import Happening, TransferState

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
            await outbox.put(
                exchange,
                conn,
                LET_GO,
                transfer.id,
                after=LET_GO_AFTER[0],
                call_id=call.id,
                payload={"transfer": transfer.id},
            )


async def let_go_after_all(exchange: Exchange, job: Job) -> None:
    """The job of targets whose caller has gone; nothing, where they have been let go."""
    call, transfer = await _of(exchange, job)
    if call is not None and transfer is not None and transfer.legs:
        await let_go(exchange, call, transfer)


async def let_go(exchange: Exchange, call: Call, transfer: Transfer) -> None:
    """Take the transfer's legs and end them."""
    taken = await until_free(exchange.database, lambda: _take(exchange, call, transfer.id))
    if taken is not None:
        await end_taken(exchange, call, taken)


async def claim(exchange: Exchange, call: Call, transfer: Transfer) -> Transfer | None:
    """End the transfer and take its legs, where it still stands as it is given; their job stands.

    None where a report has moved it meanwhile, as of a target that is ready after all: it goes on untouched.
    """
    return await until_free(
        exchange.database, lambda: _take(exchange, call, transfer.id, transfer.state)
    )


async def end_taken(exchange: Exchange, call: Call, taken: Transfer) -> None:
    """End the legs that were taken."""
    if _known(taken):
        await _end_now(exchange, call, taken, _key(taken))


async def _take(
    exchange: Exchange, call: Call, transfer_id: str, ends: TransferState | None = None
) -> Transfer | None:
    """The transfer with the legs that it had; it has none any more, and their job stands.

    `ends`: it ends with them; None, and nothing is taken, where it does not stand there any more.
    """
    async with exchange.database.write() as conn:
        await calls.get(conn, call.id)  # locked before its transfers, as everywhere
        current = await transfers.get(conn, transfer_id)
        if current is None or ends not in (None, current.state):
            return None
        await transfers.update(conn, transfer_id, legs={})
        if ends is not None:
            await transfers.move(conn, transfer_id, Happening.OVER)
        await _keep(exchange, conn, call, current, _key(current))
    return current


async def release(
    exchange: Exchange, call: Call, transfer: Transfer, seen_by: str | None = None
) -> None:
    """End the legs that the transfer is given with: once now, and in the background until it is done.

    `seen_by`: the key of the report that shows them alive, where they may have been ended before.
    """
    if not _known(transfer):
        return
    key = seen_by or _key(transfer)

    async def write() -> None:
        async with exchange.database.write() as conn:
            await _keep(exchange, conn, call, transfer, key)

    await until_free(exchange.database, write)
    await _end_now(exchange, call, transfer, key)


async def _keep(
    exchange: Exchange, conn: AsyncConnection, call: Call, transfer: Transfer, key: str
) -> None:
    """Write the job before anything is asked of the carrier."""
    legs = _known(transfer)
    if legs:
        await outbox.put(
            exchange,
            conn,
            RELEASE,
            key,
            after=RETRY_AFTER[0],
            call_id=call.id,
            payload={"transfer": transfer.id, "legs": legs},
        )


def _known(transfer: Transfer) -> Mapping[str, str]:
    """Its legs of which the carrier has told the id."""
    return {leg: known for leg, known in transfer.legs.items() if known}


def _key(transfer: Transfer) -> str:
    return f"{transfer.id}:{','.join(sorted(_known(transfer).values()))}"


async def _end_now(exchange: Exchange, call: Call, transfer: Transfer, key: str) -> None:
    try:
        await _end(exchange, call, transfer)
    except LinecardError as error:
        log.warning(
            "a transfer's target may still ring; it is tried again", call=call.id, error=str(error)
        )
        await note(exchange, call.id, "target-not-released", {})
        return
    async with exchange.database.write() as conn:
        await outbox.cancel(conn, RELEASE, key)


async def release_again(exchange: Exchange, job: Job) -> None:
    """The job of legs whose end has failed. Raises CarrierError to be tried again."""
    call, transfer = await _of(exchange, job)
    legs = job.payload.get("legs")
    if call is not None and transfer is not None and isinstance(legs, dict):
        await _end(exchange, call, replace(transfer, legs=legs))


async def release_given_up(exchange: Exchange, job: Job) -> None:
    """Nobody could end the legs: whoever runs the server must."""
    await note(exchange, job.call_id or "", "release-failed", {})


async def _of(exchange: Exchange, job: Job) -> tuple[Call | None, Transfer | None]:
    """The call and the transfer that a job speaks of, as they stand."""
    async with exchange.database.read() as conn:
        transfer = await transfers.get(conn, str(job.payload.get("transfer", "")))
        return (await calls.get(conn, transfer.call) if transfer else None), transfer


async def _end(exchange: Exchange, call: Call, transfer: Transfer) -> None:
    asked = rooms.order(
        exchange, call, replace(transfer, legs=_known(transfer)), TransferStage.RELEASE
    )
    await exchange.relay(call).hooks.transfer(call, asked)

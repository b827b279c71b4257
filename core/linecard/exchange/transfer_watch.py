"""The watch over a transfer: what nobody has reported long after it must have been is decided here."""

from __future__ import annotations

from linecard.calls import Call
from linecard.carrier import Found
from linecard.errors import CarrierUnavailable
from linecard.events import LegAnswered, TransferReported
from linecard.events import TransferResult as Result
from linecard.exchange import consulting, endings, inbox, overdue, releasing
from linecard.exchange.context import Exchange
from linecard.exchange.outbox import Later
from linecard.store import calls, timeline, transfers
from linecard.store.outbox import Job
from linecard.store.transfers import Transfer
from linecard.transfers import Happening, TransferState, step
from linecard.wall import now


async def close_unreported(exchange: Exchange, job: Job) -> None:
    """The job of a transfer whose time is up. Raises CarrierUnavailable to look again later."""
    async with exchange.database.read() as conn:
        transfer = await transfers.get(conn, str(job.payload.get("transfer", "")))
        call = await calls.get(conn, transfer.call) if transfer else None
    if transfer is None or call is None or not transfer.is_active:
        return
    if await endings.look_up(exchange, call) is Found.CANNOT_TELL and job.attempts < 2:
        raise CarrierUnavailable(call.provider, "nobody can say what became of a transfer")
    async with exchange.database.read() as conn:
        current = await transfers.get(conn, transfer.id)
    if current is not None and current.is_active:
        await _decide(exchange, call, current)


async def _nobody_came(exchange: Exchange, call: Call, transfer: Transfer) -> None:
    """Raises Later where a target was ready in this very moment: bringing the caller there takes its time."""
    taken = await releasing.claim(exchange, call, transfer)
    if taken is None:
        raise Later(exchange.later(overdue.PATIENCE_SECONDS), "the transfer has moved on")
    await _note(exchange, call, transfer)
    await consulting.given_up(exchange, call, taken, Result.NO_ANSWER)


async def _decide(exchange: Exchange, call: Call, transfer: Transfer) -> None:
    """The call lives. Who was sent to ring and has not come back, long after, talks to somebody."""
    if transfer.state is TransferState.CONSULTING:
        await _nobody_came(exchange, call, transfer)
        return
    await _note(exchange, call, transfer)
    if transfer.state is TransferState.JOINING and not transfer.brought:
        await consulting.come_to_nothing(exchange, call, transfer, Result.FAILED)
    elif step(transfer.state, Happening.UNREPORTED) is TransferState.BRIDGED:
        await _talks(exchange, call, transfer)
    else:
        key = f"unreported:{transfer.id}"
        event_over = TransferReported(key=key, transfer=transfer.id, result=Result.FAILED)
        await inbox.apply(exchange, call, [event_over])


async def _talks(exchange: Exchange, call: Call, transfer: Transfer) -> None:
    """Unless it was decided in this very moment: what was reported after all is not overruled."""
    async with exchange.database.write() as conn:
        await calls.get(conn, call.id)  # locked before its transfers, as everywhere
        bridged = Result.BRIDGED
        moved = await transfers.move(conn, transfer.id, Happening.UNREPORTED, result=bridged)
    if moved is not None:
        key = f"unreported:{transfer.id}"
        event = LegAnswered(key=key, leg="target:1", transfer=transfer.id, bridged=True)
        await inbox.apply(exchange, call, [event])


async def _note(exchange: Exchange, call: Call, transfer: Transfer) -> None:
    async with exchange.database.write() as conn:
        facts = {"state": str(transfer.state)}
        await timeline.append(conn, call.id, "transfer-unreported", facts, now())

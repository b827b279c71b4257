"""Leases compared with calls: what nobody came to use, or whose call is over, is given back."""

from __future__ import annotations

import asyncio

import structlog

from linecard.carrier import HERE
from linecard.exchange.context import Exchange
from linecard.exchange.noting import note
from linecard.pods import Held
from linecard.store import calls
from linecard.tokens import StreamClaims

log = structlog.get_logger()

LOOK_SECONDS = 5.0


async def watch_leases(exchange: Exchange) -> None:
    """Look every few seconds, for ever."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        for call_id, held in exchange.leases:
            if held.lease.pod != HERE:
                await _look(exchange, call_id, held)
        for call_id in exchange.leases.asked:
            await _look(exchange, call_id, None)


async def _look(exchange: Exchange, call_id: str, held: Held | None) -> None:
    try:
        if held is not None and held.is_unused and call_id not in exchange.lives:
            log.warning("no stream has come to a pod; it is given back", call=call_id)
            await note(exchange, call_id, "pod-unused", {"pod": held.lease.pod})
        elif not await _is_over(exchange, call_id):
            return
        await give_back(exchange, call_id)
    except Exception:
        log.exception("a lease could not be looked after", call=call_id)


async def _is_over(exchange: Exchange, call_id: str) -> bool:
    async with exchange.database.read() as conn:
        call = await calls.get(conn, call_id)
    return call is None or (call.is_over and call_id not in exchange.lives)


async def give_back(exchange: Exchange, call_id: str) -> None:
    """The pod of a call that is over, or was never used; the process is told that nobody will come."""
    lease = await exchange.leases.give_back(exchange.plugins, call_id)
    pod = exchange.pods.get(lease.pod) if lease is not None else None
    if pod is not None:
        pod.dismiss()


async def pod_of(exchange: Exchange, given: StreamClaims) -> str | None:
    """Where a stream's pod listens; None for calls that are carried here."""
    held = exchange.leases.get(given.call)
    return held.lease.address if held is not None and held.lease.pod == given.pod else None


async def pod_unreachable(exchange: Exchange, given: StreamClaims) -> None:
    """A pod that has died before its stream came: the call's next stream goes to another."""
    if given.call in exchange.lives or await pod_of(exchange, given) is None:
        return  # with an agent in it, its link tells whether it lives
    await note(exchange, given.call, "pod-lost", {"pod": given.pod})
    await give_back(exchange, given.call)

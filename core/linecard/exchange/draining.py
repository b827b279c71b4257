"""Stopping without cutting a call: no new ones, the live ones to their end, then a polite hang-up."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from linecard.exchange.context import Exchange
from linecard.exchange.reasons import STOPPING
from linecard.store import BUSY_ERRORS

log = structlog.get_logger()

LOOK_SECONDS = 0.2
FAREWELL_SECONDS = 10.0
"""How long the last calls may take to be hung up."""


async def drain(exchange: Exchange, seconds: float, hurry: asyncio.Event) -> None:
    """Close the doors and wait until the last live call has ended, at most `seconds` or until `hurry`.

    Sockets that go through here to another process are calls too.
    What is left is hung up at the carrier, so that no line stays open behind us.
    """
    exchange.doors.close()
    with suppress(*BUSY_ERRORS):
        await exchange.instances.beat()  # the others give this one nothing new from here on
    if exchange.lives:
        log.info("draining; a second signal hangs up at once", live_calls=len(exchange.lives))
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while _is_busy(exchange) and not hurry.is_set():  # noqa: ASYNC110
                await asyncio.sleep(LOOK_SECONDS)
    await hang_up_all(exchange)


def _is_busy(exchange: Exchange) -> bool:
    return bool(exchange.lives or exchange.elsewhere.carried)


async def hang_up_all(exchange: Exchange) -> None:
    """Hang up every call that has an agent in this process."""
    ending = [live.hang_up(reason=STOPPING) for live in exchange.lives.values()]
    with suppress(TimeoutError):
        async with asyncio.timeout(FAREWELL_SECONDS):
            await asyncio.gather(*ending, return_exceptions=True)

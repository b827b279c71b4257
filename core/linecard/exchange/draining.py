"""Stopping without cutting a call: no new ones, the live ones to their end, then a polite hang-up."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from linecard.exchange.context import Exchange
from linecard.exchange.reasons import STOPPING

log = structlog.get_logger()

LOOK_SECONDS = 0.2
FAREWELL_SECONDS = 10.0
"""How long the last calls may take to be hung up."""


async def drain(exchange: Exchange, seconds: float, hurry: asyncio.Event) -> None:
    """Close the doors and wait until the last live call has ended, at most `seconds` or until `hurry`.

    What is left is hung up at the carrier, so that no line stays open behind us.
    """
    exchange.doors.close()
    if exchange.lives:
        log.info("draining; a second signal hangs up at once", live_calls=len(exchange.lives))
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while exchange.lives and not hurry.is_set():  # noqa: ASYNC110
                await asyncio.sleep(LOOK_SECONDS)
    await hang_up_all(exchange)


async def hang_up_all(exchange: Exchange) -> None:
    """Hang up every call that has an agent in this process."""
    ending = [live.hang_up(reason=STOPPING) for live in exchange.lives.values()]
    with suppress(TimeoutError):
        async with asyncio.timeout(FAREWELL_SECONDS):
            await asyncio.gather(*ending, return_exceptions=True)

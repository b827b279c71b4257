"""Agents for tests."""

from __future__ import annotations

import random

import linecard

SECONDS = 2


def recital(rate: int) -> bytes:
    """Two seconds of noise, always the same: any frame that is lost, doubled or moved is seen."""
    return random.Random(rate).randbytes(2 * rate * SECONDS)


@linecard.agent
async def reciter(call: linecard.LiveCall) -> None:
    """Plays the recital in odd pieces, hears the end of it, and hangs up."""
    sound = recital(call.rate)
    pieces = random.Random(1)
    while sound:
        size = pieces.randrange(1, 4000)
        await call.send(sound[:size])
        sound = sound[size:]
    call.outcome = "heard" if await call.played() else "cut short"

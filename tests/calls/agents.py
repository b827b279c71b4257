"""Agents for tests."""

from __future__ import annotations

import asyncio
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


@linecard.agent
async def conversant(call: linecard.LiveCall) -> None:
    """Greets, echoes until a key is pressed, is interrupted by a key in a long speech, recites to the end."""
    await call.send(recital(call.rate)[:8000])
    async for event in call:
        if isinstance(event, linecard.DigitPressed):
            break
        if isinstance(event, linecard.AudioReceived):
            await call.send(event.pcm)
    said = await call.played()
    scolding = asyncio.create_task(scold(call))
    async for event in call:
        if isinstance(event, linecard.DigitPressed):
            break
    scolding.cancel()
    call.mark("never reached")
    ends = asyncio.create_task(call.played())
    await asyncio.sleep(0)
    await call.clear()
    interrupted = not await ends
    await call.send(recital(call.rate))
    call.mark("end")
    async for event in call:
        if isinstance(event, linecard.MarkReached):
            call.outcome = f"{said} {interrupted} {event.name}"
            break


async def scold(call: linecard.LiveCall) -> None:
    """Other noise without an end: the same second again and again."""
    while True:
        await call.send(tirade(call.rate))


def tirade(rate: int) -> bytes:
    """A second of it."""
    return random.Random(rate + 1).randbytes(2 * rate)

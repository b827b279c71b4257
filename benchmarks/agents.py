"""The echo agent in the style that iterates; the one with callbacks is built in."""

from __future__ import annotations

import linecard


@linecard.agent
async def iterating(call: linecard.LiveCall) -> None:
    """Sends back what it hears."""
    async for event in call:
        if isinstance(event, linecard.AudioReceived):
            call.send_nowait(event.pcm)


@linecard.agent
async def speaks(call: linecard.LiveCall) -> None:
    """Says something at once, for half a second."""
    await call.send(bytes(call.rate))
    await call.played()

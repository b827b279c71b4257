"""An agent that writes down what it is told."""

from __future__ import annotations

import linecard


@linecard.agent
async def machine_minded(call: linecard.LiveCall) -> None:
    """Ends as soon as it knows who has answered, which is its outcome."""
    async for event in call:
        if isinstance(event, linecard.MachineAnswered):
            call.outcome = event.kind
            return


@linecard.agent
async def transferred(call: linecard.LiveCall) -> None:
    """Its outcome is how a transfer that somebody else asked for has ended."""
    async for event in call:
        if isinstance(event, linecard.TransferEnded):
            call.outcome = event.result

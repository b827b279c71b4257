"""The built-in agent `greeter`: greets, says keys back, and connects with a human on 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from linecard.agents import sounds
from linecard.agents.declared import agent
from linecard.errors import CarrierError, Conflict, GateRefused
from linecard.events import TransferResult

if TYPE_CHECKING:
    from linecard.live import LiveCall

log = structlog.get_logger()

SILENCE_SECONDS = 30
HUMAN_KEY = "0"
END_KEY = "#"


@agent
async def greeter(call: LiveCall) -> None:
    """Talk by keys: 0 for a human, # to end, others are said back.

    The human is `transfer_to` of the call's metadata, else the first whole number of the allow list.
    A key cuts short what is playing. 30 s without a key end the call.
    """
    await call.play(sounds.melody(sounds.GREETING, call.rate))
    while key := await call.gather(seconds=SILENCE_SECONDS, finish_on=""):
        await call.clear()
        if key == END_KEY:
            break
        if key != HUMAN_KEY:
            await call.play(sounds.repeated(key, call.rate))
        elif await _reach_human(call):
            return
    await call.play(sounds.melody(sounds.GOODBYE, call.rate))
    await call.played()


async def _reach_human(call: LiveCall) -> bool:
    """Whether a human has the caller now; where none can be had, the caller hears so."""
    target = call.metadata.get("transfer_to") or next(iter(call.transfer_targets), None)
    if isinstance(target, str) and await _transfer(call, target) is TransferResult.BRIDGED:
        return True
    await call.play(sounds.melody(sounds.SORRY, call.rate))
    return False


async def _transfer(call: LiveCall, target: str) -> TransferResult:
    await call.play(sounds.melody(sounds.CONNECTING, call.rate))
    try:
        result = await call.transfer(target, mode="warm")
        # Unsupported: nobody can be told who is coming there, but the caller can be connected.
        told = result is not TransferResult.UNSUPPORTED
        return result if told else await call.transfer(target)
    except (GateRefused, CarrierError, Conflict) as error:
        log.warning("the caller could not be transferred", call=call.id, reason=str(error))
        return TransferResult.FAILED

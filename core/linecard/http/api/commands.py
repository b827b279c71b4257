"""Commands from outside the agent: through the live call where there is one, so that both agree."""

from __future__ import annotations

from collections.abc import Sequence

from linecard.calls import Call
from linecard.errors import CallOver
from linecard.exchange.context import Exchange


async def transfer(
    exchange: Exchange, call: Call, to: Sequence[str], mode: str, ring_seconds: int
) -> None:
    """Begin a transfer; its result is an event of the call. Raises what the gate and the carrier refuse."""
    exchange.relay(call).require("transfer", call.profile)
    live = exchange.lives.get(call.id)
    if live is None:
        raise CallOver(call.id, "no agent holds it")
    await live.begin_transfer(to, mode, ring_seconds)


async def send_digits(exchange: Exchange, call: Call, digits: str) -> None:
    """Press keys: on the stream where the call has one, else by the carrier's API."""
    live = exchange.lives.get(call.id)
    if live is not None and live.streaming:
        await live.send_digits(digits)
        return
    relay = exchange.relay(call)
    relay.require("send_digits", call.profile)
    await relay.hooks.send_digits(call, digits)

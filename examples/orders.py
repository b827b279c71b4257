"""Takes an order number by keys, while events come in one by one."""

from __future__ import annotations

from pathlib import Path

import linecard

SOUNDS = Path(__file__).parent / "sounds"
LONGEST = 8


@linecard.agent(rate=16000)
async def orders(call: linecard.LiveCall) -> None:
    """Ask for the number until hash is pressed; `outcome` holds it."""
    await call.play(SOUNDS / "order.wav")
    pressed = ""
    async for event in call:
        match event:
            case linecard.DigitPressed(digit="#"):
                break
            case linecard.DigitPressed(digit=digit) if len(pressed) < LONGEST:
                await call.clear()
                pressed += digit
            case linecard.CallEnding():
                break
    await thank(call, pressed)


async def thank(call: linecard.LiveCall, order: str) -> None:
    """Keep the number, and end once the caller has heard the thanks."""
    call.outcome = f"order {order}" if order else "no order"
    await call.play(SOUNDS / "thanks.wav")
    if not await call.played():
        call.outcome = f"order {order}, thanks not heard"

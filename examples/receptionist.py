"""A receptionist: greets, takes one key, hands the caller over or says goodbye."""

from pathlib import Path

import linecard

SOUNDS = Path(__file__).parent / "sounds"
DESK = "+14155550142"


@linecard.agent
async def receptionist(call: linecard.LiveCall) -> None:
    await call.play(SOUNDS / "welcome.wav")
    key = await call.gather(digits=1, seconds=15)
    await call.clear()  # barge-in: the rest of the greeting is not played
    if key == "1":
        await call.play(SOUNDS / "hours.wav")
    if key == "0" and await call.transfer(DESK) is not linecard.TransferResult.BRIDGED:
        await call.play(SOUNDS / "nobody.wav")
    await call.played()  # returning ends the call: let the last words be heard

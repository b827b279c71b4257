"""The demo's two voice agents, written as anybody would write theirs: `import linecard` and no more.

They speak in made-up voices, and log what they do; the demo turns those lines into its story.
"""

from __future__ import annotations

import numpy as np
import structlog

import linecard
from linecard.demo import script
from linecard.demo.script import by_agent
from linecard.demo.voices import beeps

log = structlog.get_logger(source="agent")

LOUD = 1500
LOUD_FRAMES = 3
"""60 ms of sound count as speech."""
QUIET_FRAMES = 25
"""Half a second of quiet counts as the end of it."""
DIGITS_SECONDS = 20.0
RING_SECONDS = 20


@linecard.agent(rate=8000)
async def concierge(call: linecard.LiveCall) -> None:
    """Greets, gives way when interrupted, takes a booking number, and finds a human for the caller."""
    await say(call, script.GREETING)
    if await heard_or_interrupted(call):
        await call.clear()
        log.info("is interrupted, and is silent at once", mark="barge-in")
        await caller_quiet(call)
    await say(call, script.ASK_NUMBER)
    digits = await call.gather(len(script.BOOKING), seconds=DIGITS_SECONDS)
    log.info(f"repeats {digits} as notes", to="customer")
    await call.play(beeps(digits))
    await say(call, script.CONNECTING)
    await call.played()
    call.outcome = await find_somebody(call)


async def find_somebody(call: linecard.LiveCall) -> str:
    """Try the numbers of `metadata["humans"]` until one of them talks with the caller."""
    humans = call.metadata.get("humans", [])
    assert isinstance(humans, list)
    mode = str(call.metadata.get("mode", "warm"))
    for number in humans:
        log.info(f"transfer to {number}", to="linecard", mark="transfer")
        result = await call.transfer(number, mode=mode, timeout=RING_SECONDS)
        log.info(f"the transfer ended: {result}", mark=str(result))
        if result is linecard.TransferResult.BRIDGED:
            return "handed over"
        await say(call, script.STILL_BUSY)
        await call.played()
    return "nobody there"


@linecard.agent(rate=8000)
async def reception(call: linecard.LiveCall) -> None:
    """Repeats every sound until a key is pressed, then repeats the keys as notes, and says goodbye."""
    await say(call, script.WELCOME)
    await heard_or_interrupted(call)
    log.info("repeats every sound", to="customer")
    digits = await echo_until_keys(call, "#")
    log.info(f"repeats {digits} as notes", to="customer")
    await call.play(beeps(digits))
    await say(call, script.THANKS)
    await call.played()
    log.info("hangs up", to="linecard")
    await call.hang_up()


async def say(call: linecard.LiveCall, text: str) -> None:
    """Say a line; returns when it is queued."""
    log.info(f"“{text}”", to="customer")
    await call.play(by_agent(text))


async def heard_or_interrupted(call: linecard.LiveCall) -> bool:
    """Listen while the last line plays: True as soon as the caller talks, False once it was heard."""
    await call.mark("said")
    loud = 0
    async for event in call:
        if isinstance(event, linecard.MarkReached):
            return False
        if isinstance(event, linecard.AudioReceived):
            loud = loud + 1 if is_loud(event) else 0
        if loud == LOUD_FRAMES:
            return True
    return False


async def caller_quiet(call: linecard.LiveCall) -> None:
    """Let the caller finish."""
    quiet = 0
    async for event in call:
        if isinstance(event, linecard.AudioReceived):
            quiet = 0 if is_loud(event) else quiet + 1
        if quiet == QUIET_FRAMES:
            return


async def echo_until_keys(call: linecard.LiveCall, last: str) -> str:
    """Send back all that is heard until the first key; all keys up to `last`."""
    keys = ""
    async for event in call:
        if isinstance(event, linecard.AudioReceived) and not keys:
            await call.send(event.pcm)
        elif isinstance(event, linecard.DigitPressed):
            keys += event.digit
            await call.clear()
        if keys.endswith(last):
            break
    return keys


def is_loud(event: linecard.AudioReceived) -> bool:
    """Whether a frame is louder than a quiet line, judged by it as it came."""
    pcm = event.original or event.pcm
    return bool(np.abs(np.frombuffer(pcm, "<i2").astype(np.int32)).max(initial=0) > LOUD)

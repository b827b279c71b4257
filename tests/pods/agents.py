"""Agents for pods: one that talks, and ones that misbehave."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time

import linecard
from linecard.events import DigitPressed


@linecard.agent
async def polite(call: linecard.LiveCall) -> None:
    """Says a second of something, waits for a key, and goes."""
    call.outcome = f"pid {os.getpid()}"
    await call.send(b"\x00\x10" * call.rate)
    await call.played()
    await call.gather(digits=1, seconds=2)


@linecard.agent
async def exits(call: linecard.LiveCall) -> None:
    """Takes its process with it."""
    await call.send(b"\x00\x10" * call.rate)
    os._exit(7)


@linecard.agent
async def blocks(call: linecard.LiveCall) -> None:
    """Holds up the loop."""
    await call.send(b"\x00\x10" * call.rate)
    time.sleep(3600)


@linecard.agent
async def eats(call: linecard.LiveCall) -> None:
    """Takes all the memory there is."""
    held = []
    while True:
        held.append(bytearray(64 * 1024 * 1024))
        await asyncio.sleep(0.01)


@linecard.agent
async def snoops(call: linecard.LiveCall) -> None:
    """Reads what it should not find."""
    found = [name for name in os.environ if name.startswith(("PLIVO_", "LINECARD_"))]
    call.outcome = ",".join(sorted(found))
    await asyncio.sleep(0.5)


@linecard.agent
async def keys(call: linecard.LiveCall) -> None:
    """Keeps the keys that it hears."""
    async for event in call:
        if isinstance(event, DigitPressed):
            call.outcome = event.digit
            return


@linecard.agent
async def leaves_behind(call: linecard.LiveCall) -> None:
    """Starts a process that outlives it and holds its log, in which it writes what it likes."""
    print('{"event": "hello", "self": 1}', file=sys.stderr, flush=True)
    child = subprocess.Popen(["sleep", "600"])
    call.outcome = str(child.pid)
    await asyncio.sleep(0.5)

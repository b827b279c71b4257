"""What a live call takes of memory while nobody speaks: `python -m benchmarks.idle PORT PID` prints JSON.

Two crowds of different size, so that what a server needs once is not counted as a call's.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.messages import start
from benchmarks.tools import HOST

FEW, MANY = 200, 600
AT_ONCE = 8
SETTLE_SECONDS = 2.0


def main() -> None:
    """Measure."""
    print(json.dumps(asyncio.run(_measure(int(sys.argv[1]), int(sys.argv[2])))))


async def _measure(port: int, pid: int) -> dict[str, float]:
    calls = await _open(port, FEW)
    few = await _resident(pid)
    calls += await _open(port, MANY - FEW)
    many = await _resident(pid)
    assert all(call.close_code is None for call in calls)
    return {"kb_a_call": round((many - few) / (MANY - FEW), 1)}


async def _open(port: int, number: int) -> list[ClientConnection]:
    turns = asyncio.Semaphore(AT_ONCE)
    return list(await asyncio.gather(*(_call(port, turns) for _ in range(number))))


async def _call(port: int, turns: asyncio.Semaphore) -> ClientConnection:
    async with turns:
        call = await connect(f"ws://{HOST}:{port}/ws/twilio/bench", proxy=None)
        await call.send(start("twilio"))
        return call


async def _resident(pid: int) -> float:
    """KB of memory that the server holds, once all calls have their agents."""
    await asyncio.sleep(SETTLE_SECONDS)
    return _held(pid)


def _held(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


if __name__ == "__main__":
    main()

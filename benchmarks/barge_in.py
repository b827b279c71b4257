"""Barge-in: from `clear()` to silence at a simulated phone, in milliseconds; prints JSON.

The whole product and the simulated carrier, in real time, in one process over loopback.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast
from unittest.mock import patch

import uvloop

from linecard.live import LiveCall
from linecard.media.tones import dtmf
from linecard.simulator.phone import Phone
from linecard.simulator.playback import Dropped, Playback
from linecard.simulator.script import Wait
from linecard.testing import telephone as worlds

ROUNDS = 40
STAYS = Phone(script=(Wait(600),))
SPEAKS_SECONDS = 0.15


def main() -> None:
    """Measure on each carrier whose stream can be cleared."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    vars(worlds)["SPEED"] = 1.0
    found = {name: uvloop.run(_measure(name, rounds)) for name in ("plivo", "twilio")}
    print(json.dumps(found))


async def _measure(provider: str, rounds: int) -> dict[str, float]:
    silent: asyncio.Queue[float] = asyncio.Queue()
    with tempfile.TemporaryDirectory() as folder, _noting_clears(silent):
        async with worlds.telephone(Path(folder), provider) as world:
            world.carrier.phones[worlds.CUSTOMER] = STAYS
            await world.register(agent="echo")
            placed = await world.dial()
            await world.until(placed["id"], lambda one: "stream-started" in worlds.names(one))
            taken = [await _once(world, placed["id"], silent) for _ in range(rounds)]
            await world.api.post(f"/api/calls/{placed['id']}/hangup")
            await world.ended(placed["id"])
    taken.sort()
    return {"p50": taken[len(taken) // 2], "p95": taken[int(len(taken) * 0.95)]}


@contextmanager
def _noting_clears(silent: asyncio.Queue[float]) -> Iterator[None]:
    """Note when a phone falls silent: a buffer that is emptied plays nothing from then on."""
    clear = Playback.clear

    def noted(playback: Playback) -> Dropped:
        silent.put_nowait(time.perf_counter())
        return clear(playback)

    with patch.object(Playback, "clear", noted):
        yield


async def _once(world: worlds.Telephone, call_id: str, silent: asyncio.Queue[float]) -> float:
    live = cast(LiveCall, world.exchange.lives[call_id])
    live.send_nowait(dtmf("1234567890" * 2, live.rate))
    await asyncio.sleep(SPEAKS_SECONDS + random.uniform(0, 0.05))  # noqa: S311 (no secret)
    while not silent.empty():
        silent.get_nowait()
    began = time.perf_counter()
    live.clear()
    return round((await asyncio.wait_for(silent.get(), 5) - began) * 1000, 3)


if __name__ == "__main__":
    main()

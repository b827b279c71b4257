"""From the answer of a call to the first sound of ours, in milliseconds, with pods and noise enhancement on and off.

The whole product and the simulated carrier, in real time; prints a table, and one line of JSON.
`python -m benchmarks.first_audio [CALLS]`; needs the extra `rnnoise`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

import structlog
import uvloop

from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from linecard.testing import telephone as worlds

CALLS = 100
TOGETHER = 4
PODS = 2 * TOGETHER
STAYS = Phone(ring_seconds=1.0, script=(Wait(600),))
AGENT = "benchmarks.agents:speaks"
WAYS: tuple[tuple[str, int, str | None], ...] = (
    ("in the server", 0, None),
    ("in the server, noise taken out", 0, "rnnoise"),
    ("in pods", PODS, None),
    ("in pods, noise taken out", PODS, "rnnoise"),
)


def main() -> None:
    """Measure every way, one after the other."""
    warnings = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=warnings)
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else CALLS
    found = {name: uvloop.run(_measure(calls, pods, by)) for name, pods, by in WAYS}
    print("| | p50 | p99 | a pod, p99 |\n|---|---|---|---|")
    for name, of in found.items():
        print(f"| {name} | {of['p50']} ms | {of['p99']} ms | {of['pod_p99']} |")
    print(json.dumps(found))


async def _measure(calls: int, pods: int, enhance: str | None) -> dict[str, Any]:
    taken: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        async with worlds.telephone(
            Path(folder), "plivo", (AGENT,), pods=pods, speed=1.0, patience=0.7, **LIMITS
        ) as world:
            world.carrier.phones[worlds.CUSTOMER] = STAYS
            await world.register(agent="speaks", enhance=enhance)
            while len(taken) < calls:
                await world.eventually(lambda: len(world.exchange.pods) >= pods, 60)
                taken += await asyncio.gather(*(_once(world) for _ in range(TOGETHER)))
    return _figures(taken)


LIMITS = {"max_calls_per_minute": "10000", "max_calls_per_number_per_day": "10000"}


async def _once(world: worlds.Telephone) -> dict[str, Any]:
    placed = await world.dial()
    return await world.until(placed["id"], lambda one: one["silence_ms"] is not None, 60)


def _figures(taken: list[dict[str, Any]]) -> dict[str, Any]:
    silences = sorted(call["silence_ms"] for call in taken)
    lines = [line for call in taken for line in call["events"]]
    pods = sorted(line["facts"]["ms"] for line in lines if line["name"] == "pod-allocated")
    return {
        "calls": len(taken),
        "p50": silences[len(silences) // 2],
        "p99": silences[int(len(silences) * 0.99)],
        "pod_p99": f"{pods[int(len(pods) * 0.99)]} ms" if pods else "",
    }


if __name__ == "__main__":
    main()

"""`make bench`: measure everything, and write it to docs/performance.md and docs/performance.png.

`--quick` tries it all out in two minutes and writes to the terminal alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.measuring import QUICK, Findings, Plan, measure
from benchmarks.report import tables
from benchmarks.tools import PEER_PYTHON, ROOT, Missing, run

PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "performance.png"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def main() -> None:
    """Measure and write."""
    asyncio.run(_main())


async def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    plan = QUICK if quick else Plan()
    began = time.monotonic()
    found = await measure(plan, _say)
    text = f"{_where(time.monotonic() - began)}\n\n{tables(found, plan)}"
    print(text)
    if not quick:
        _write(text)
        await _draw(found, PICTURE)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _where(seconds: float) -> str:
    """What machine it was, and how busy it was with other things."""
    machine = f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return (
        f"Measured on {datetime.now(UTC):%d %B %Y} in {seconds / 60:.0f} minutes: {machine}; "
        f"load of the machine {os.getloadavg()[0]:.1f}. A median stands before its least and greatest."
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _write(text: str) -> None:
    head, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}")


async def _draw(found: Findings, target: Path) -> None:
    growth = {
        name: [
            [calls, median(float(one["srv_us_per_frame"]) for one in results)]
            for calls, results in by_calls.items()
        ]
        for name, by_calls in found.growth.items()
    }
    data = json.dumps({"capacity": found.capacity, "growth": growth})
    try:
        await run([PEER_PYTHON, "benchmarks/peers/plot.py", str(target)], given=data.encode())
    except Missing as missing:
        _say(f"no picture: {missing}")


if __name__ == "__main__":
    main()

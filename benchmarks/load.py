"""Real-time calls against a server: one run of the load generator, and how many calls a core carries."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.tools import PEER_PYTHON, build, free_port, output_of, served

PATH = "/ws/twilio/bench"
OPEN_MS = 5
"""Between two calls' beginnings: two hundred a second, still more than any line sees."""
WARM_UP_SECONDS = 5
SETTLE_MS = 500
"""After every call has its stream, before the measured audio begins."""
GENERATOR_LAG_MS = 10.0
"""A load generator that is itself later than this says nothing about the server."""

MEMORY = Path("/dev", "shm")
BOOKS = MEMORY if MEMORY.is_dir() else Path(tempfile.gettempdir())
"""Where calls are written that are here for their audio: a slow disk would only lengthen their opening."""

Result = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A server to measure; `p99_ms` and `most_ms` are how late audio may be."""

    name: str
    command: Callable[[int], Awaitable[list[str]]]
    steps: Sequence[int]
    p99_ms: float = 20.0
    most_ms: float = 60.0


def _ours(*options: str) -> Callable[[int], Awaitable[list[str]]]:
    async def command(port: int) -> list[str]:
        books = ("--database", f"sqlite:///{BOOKS}/linecard-bench-{port}.db")
        return [sys.executable, "-m", "benchmarks.server", str(port), *books, *options]

    return command


async def _bare(port: int) -> list[str]:
    return [sys.executable, "-m", "benchmarks.bare", str(port)]


async def _floor(port: int) -> list[str]:
    return [await build("cecho"), str(port)]


async def _pipecat(port: int) -> list[str]:
    return [PEER_PYTHON, "benchmarks/peers/echo.py", str(port)]


LEAN = Subject(
    name="Linecard, lean lane, callbacks", command=_ours(), steps=(300, 400, 500, 600, 700, 900)
)
ITERATING = Subject(
    name="Linecard, lean lane, `async for`",
    command=_ours("--agent", "iterating"),
    steps=(300, 400, 500, 600, 700),
)
ASGI = Subject(
    name="Linecard, ASGI lane, callbacks",
    command=_ours("--lane", "asgi"),
    steps=(200, 300, 400, 500, 600),
)
BARE = Subject(name="echo on picows and uvloop alone", command=_bare, steps=(600, 900, 1200, 1500))
FLOOR = Subject(
    name="echo in C, no product (floor)",
    command=_floor,
    steps=(600, 900, 1200, 1500, 1800),
)
PIPECAT = Subject(
    name="Pipecat echo pipeline",
    command=_pipecat,
    steps=(40, 50, 60, 70, 80, 100),
    # Its output clock holds audio for up to 20 ms more, by design.
    p99_ms=40.0,
    most_ms=80.0,
)


async def run(subject: Subject, calls: int, seconds: int) -> Result:
    """So many calls against a fresh server; what the load generator has found. Raises Missing."""
    port = free_port()
    async with served(await subject.command(port), port) as pid:
        return dict(await output_of(await generator(port, pid, calls, seconds)))


async def generator(port: int, pid: int, calls: int, seconds: int) -> list[str]:
    """The command that talks in so many calls and says how late their audio came back. Raises Missing."""
    options: dict[str, object] = {
        "port": port,
        "path": PATH,
        "proto": "twilio",
        "calls": calls,
        "secs": seconds,
        "warmup": WARM_UP_SECONDS,
        "open-ms": OPEN_MS,
        "settle-ms": SETTLE_MS,
        "pid": pid,
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return [await build("loadgen"), *words]


def is_smooth(subject: Subject, found: Result) -> bool:
    """Whether every call was carried and no audio was late."""
    is_whole = found["open"] == found["calls"]
    is_in_time = 0 <= found["p99_ms"] < subject.p99_ms and found["max_ms"] < subject.most_ms
    return bool(is_whole and is_in_time)


def is_sound(found: Result) -> bool:
    """Whether the load generator itself was in time."""
    return bool(found["gen_lag_p99_ms"] < GENERATOR_LAG_MS)


async def most_calls(
    subject: Subject, steps: Sequence[int], seconds: int, say: Callable[[str], None]
) -> tuple[int, list[Result]]:
    """The greatest step that is carried smoothly, and every run; a step that fails is tried twice."""
    best, runs = 0, list[Result]()
    for calls in steps:
        for _ in range(2):
            found = await run(subject, calls, seconds)
            runs.append(found)
            smooth = is_smooth(subject, found)
            say(
                f"{subject.name}: {calls} calls, p99 {found['p99_ms']} ms, max {found['max_ms']} ms"
            )
            if smooth:
                best = calls
                break
        else:
            return best, runs
    return best, runs

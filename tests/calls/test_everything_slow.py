"""Documents in time while everything beside them is slow at once: place, recording, agent and database.

A carrier's question is timed by the carrier, in real seconds. Somebody who has answered is never made to
wait; a caller who still hears the ringing tone may be, for the place of the audio (two seconds), which is
why calls that come in are held to that, and calls that go out to one second.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

import linecard
from linecard.exchange.context import PATIENCE
from linecard.simulator.ledger import Entry, What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from linecard.testing.telephone import set_up
from tests.calls.faulty import fault
from tests.calls.lines import OURS, PREFIX
from tests.calls.telephone import Telephone, telephone
from tests.calls.test_answers_in_time import slow

PROVIDERS = ("plivo", "twilio", "exotel")
SPEED = 2.0
A_SECOND = 2.0
"""Calls begun in each real second: what the slowest carrier's pace lets through at this speed."""
TALKS = Phone(ring_seconds=0.4, script=(Wait(20.0),), hangs_up=True)
TICK_SECONDS = 0.01
SLOW_SECONDS = 300.0
HELD_SECONDS, FREE_SECONDS = 0.15, 0.3
"""How long another process holds the database at a time, and lets it go."""
IN_TIME = {12: (4.0, 1.0), 100: (1.0, 0.99)}
"""Seconds, and the share of documents that must come within them, by the number of calls: a few of them
on a machine that is busy with other tests, and many as it must be. What the machine was late is allowed."""


@linecard.agent
async def late(call: linecard.LiveCall) -> None:
    """Takes its time before it listens."""
    await call.clock.sleep(SLOW_SECONDS)
    async for _ in call:
        pass


@asynccontextmanager
async def lateness() -> AsyncIterator[list[float]]:
    """How late this loop, which is the carrier's and the server's, got its turns: what the machine adds, in seconds."""
    late = [0.0]

    async def tick() -> None:
        while True:
            due = time.monotonic() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            late.append(time.monotonic() - due)

    ticking = asyncio.create_task(tick())
    try:
        yield late
    finally:
        ticking.cancel()


@contextmanager
def hard_disk(file: Path) -> Iterator[Counter[str]]:
    """Another writer, again and again, for longer than a statement takes and shorter than a question may."""
    stop, turns = threading.Event(), Counter[str]()

    def write() -> None:
        with closing(sqlite3.connect(file, timeout=5, isolation_level=None)) as other:
            while not stop.wait(FREE_SECONDS):
                with suppress(sqlite3.OperationalError):  # it was never its turn
                    other.execute("BEGIN IMMEDIATE")
                    turns["held"] += 1
                    stop.wait(HELD_SECONDS)
                    other.execute("ROLLBACK")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield turns
    finally:
        stop.set()
        writer.join()


def asked(world: Telephone) -> list[Entry]:
    """Every question for the document of a call that was answered, with its reply."""
    told = world.carrier.ledger.all(What.WEBHOOK)
    return [one for one in told if str(one.facts["kind"]).startswith("document")]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("many", [12, pytest.param(100, marks=pytest.mark.crowd)])
async def test_somebody_who_answers_waits_for_nothing_that_is_slow(
    tmp_path: Path, provider: str, many: int
) -> None:
    pool, plugins = slow(SLOW_SECONDS)
    agents = ("late=tests.calls.test_everything_slow:late",)
    limits = {
        "max_calls_per_minute": "10000",
        "allowed_countries": "US,IN",
        "no_pod": "here",
    }
    async with telephone(
        tmp_path, provider, agents, plugins, patience=PATIENCE, speed=SPEED, **limits
    ) as world:
        options = dict(world.carrier.number_options())
        await world.register(number=OURS[provider], agent="late", channels=1000, options=options)
        await set_up(world.api, world.carrier, OURS[provider])
        with (
            fault(world, "(?i)record", slow_answer=1, seconds=60),
            hard_disk(tmp_path / "linecard.db") as turns,
        ):
            async with lateness() as lags:
                calls = await _dial(world, many, record=provider == "plivo")
                longest = 40 + many / A_SECOND
                await world.eventually(lambda: _have_streams(world, calls), within=longest)
        assert turns["held"] > 5
        assert pool.given == []
        _are_right(world, calls)
        _are_in_time(world, many, max(lags))


async def _dial(world: Telephone, many: int, **wish: object) -> list[str]:
    provider = world.carrier.name
    dialling = []
    for place in range(many):
        number = f"{PREFIX[provider]}{2000 + place}"
        world.carrier.phones[number] = TALKS
        body = {"from": OURS[provider], "to": number, **wish}
        dialling.append(asyncio.create_task(world.api.post("/api/calls", json=body)))
        await asyncio.sleep(1 / A_SECOND)
    answers = await asyncio.gather(*dialling)
    assert {one.status_code for one in answers} == {201}
    return [str(one.json()["id"]) for one in answers]


async def _have_streams(world: Telephone, calls: list[str]) -> bool:
    opened = len(world.carrier.ledger.all(What.STREAM_OPENED))
    return opened >= len(calls)


def _are_right(world: Telephone, calls: list[str]) -> None:
    """One document for each call, that opens a stream of that call and of no other."""
    streams = [_stream_of(world, str(one.facts["reply"])) for one in asked(world)]
    opened = [one for one in streams if one]
    assert sorted(set(opened)) == sorted(calls)
    assert {one.facts["status"] for one in asked(world)} == {200}
    # The database may make a caller wait once; nothing else may.
    assert len(asked(world)) <= 2 * len(calls)


def _stream_of(world: Telephone, reply: str) -> str | None:
    """The call whose stream a document opens; None where it lets the caller wait."""
    before, found, rest = reply.replace("\\/", "/").partition(f"/ws/{world.carrier.name}/")
    if not found:
        assert "<Redirect" in before
        return None
    token = rest.partition("<")[0].partition('"')[0].partition("?")[0]
    return world.exchange.tokens.open_stream(token, 0).call


def _are_in_time(world: Telephone, many: int, lag: float) -> None:
    taken = sorted(_seconds(one) for one in asked(world))
    seconds, share = IN_TIME[many]
    in_time = sum(one < seconds + lag for one in taken)
    assert in_time >= share * len(taken), (taken[-5:], lag)


def _seconds(one: Entry) -> float:
    facts: dict[str, Any] = dict(one.facts)
    return float(facts["ms"]) / 1000

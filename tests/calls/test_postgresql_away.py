"""A PostgreSQL that is locked, cut off or restarted: carriers are answered, and every fact counts once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from linecard.exchange.context import PATIENCE
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from tests.calls.postgres import Postgres, postgres
from tests.calls.signed import Plivo
from tests.calls.telephone import CUSTOMER, Telephone, telephone
from tests.calls.test_busy_database import end_all, ends_applied, live_calls, statuses

CALLS = 10
STAYS = Phone(ring_seconds=0.2, script=(Wait(600),))


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


async def _all_over(world: Telephone) -> bool:
    return await statuses(world) == {"completed"}


async def _taken(world: Telephone) -> None:
    await world.eventually(lambda: _all_over(world))
    await world.eventually(lambda: world.exchange.journal.waiting == 0)


@pytest.fixture
async def world(server: Postgres, tmp_path: Path) -> AsyncIterator[Telephone]:
    async with telephone(tmp_path, database_url=server.url, patience=PATIENCE) as running:
        if (await running.api.get("/api/numbers")).json()["items"] == []:
            await running.register(channels=1000)
        yield running


@pytest.mark.parametrize("mode", ["EXCLUSIVE", "ACCESS EXCLUSIVE"])
async def test_callbacks_are_acknowledged_while_it_is_locked(
    server: Postgres, world: Telephone, mode: str
) -> None:
    plivo, before = Plivo.of(world), await ends_applied(world)
    ids = await live_calls(plivo, CALLS)
    async with server.locked(mode):
        answers = await end_all(plivo, ids)
        assert {said.status for _, said in answers} == {200}
        assert world.exchange.journal.waiting == 2 * CALLS
    await _taken(world)
    assert len(await ends_applied(world)) == len(before) + CALLS


async def test_callbacks_are_acknowledged_while_it_is_down(
    server: Postgres, world: Telephone
) -> None:
    plivo, before = Plivo.of(world), await ends_applied(world)
    ids = await live_calls(plivo, CALLS)
    with capture_logs():  # drawing every traceback for a person takes seconds
        await server.stop()
        try:
            answers = await end_all(plivo, ids)
        finally:
            await server.start()
    assert {said.status for _, said in answers} == {200}
    await _taken(world)
    assert len(await ends_applied(world)) == len(before) + CALLS


async def test_calls_go_on_when_every_connection_is_cut(server: Postgres, world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = STAYS
    first = await world.dial()
    await world.until(first["id"], lambda call: call["status"] == "in-progress")
    for _ in range(3):
        await server.cut_off()
        await asyncio.sleep(0.2)
    second = await world.dial()
    await world.until(second["id"], lambda call: call["status"] == "in-progress")
    assert (await world.call(first["id"]))["status"] == "in-progress"
    for one in (first, second):
        await world.api.post(f"/api/calls/{one['id']}/hangup")
        assert (await world.ended(one["id"]))["status"] == "completed"
    assert world.carrier.ledger.live_legs() == ()
    assert world.carrier.ledger.dials(CUSTOMER) == 2

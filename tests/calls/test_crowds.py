"""Callbacks that come by thousands, as after an outage of the carrier's: acknowledged ahead of the database."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from pathlib import Path

from linecard.exchange.context import PATIENCE, STORED_AT_ONCE
from linecard.webhook import Kind
from tests.calls.signed import Plivo, answer_form, counted, hangup_form
from tests.calls.telephone import Telephone, names, telephone
from tests.calls.test_busy_database import end_all, ends_applied, live_calls

MANY = 3 * STORED_AT_ONCE
NO_WAIT = PATIENCE / 4
"""Seconds that no callback took which has waited for the database first."""


async def journaled(world: Telephone) -> int:
    """Callbacks that stand in the journal and are not in the database yet."""
    return int((await world.api.get("/readyz")).json()["journal"]["waiting"])


async def test_who_comes_behind_a_crowd_is_acknowledged_from_the_journal(tmp_path: Path) -> None:
    async with telephone(tmp_path, patience=PATIENCE) as world:
        await world.register()
        plivo = Plivo.of(world)
        (call,) = await live_calls(plivo, 1)
        async with AsyncExitStack() as crowd:
            for _ in range(STORED_AT_ONCE):
                await crowd.enter_async_context(world.exchange.storing)
            took = []
            for kind, form in (
                (Kind.RINGING, answer_form(CallUUID=call, Event="Ring", CallStatus="ringing")),
                (Kind.ENDED, hangup_form(call)),
            ):
                began = time.perf_counter()
                assert (await plivo.send(plivo.address(kind), form)).status == 200
                took.append(time.perf_counter() - began)
            assert min(took) < NO_WAIT
            assert await journaled(world) == 2
            assert await ends_applied(world) == []
        await world.eventually(lambda: world.exchange.journal.waiting == 0)
        told = names(await world.ended((await world.only_call())["id"]))
        assert told.index("call-ringing") < told.index("leg-ended")


async def test_a_storm_is_acknowledged_and_nothing_of_it_is_lost(tmp_path: Path) -> None:
    async with telephone(tmp_path, patience=PATIENCE) as world:
        await world.register(channels=1000)
        plivo = Plivo.of(world)
        ids = await live_calls(plivo, MANY)
        answers = await end_all(plivo, ids)
        assert {said.status for _, said in answers} == {200}
        assert await counted(world, "linecard_callbacks_journaled_total") > 0
        await world.eventually(lambda: world.exchange.journal.waiting == 0)
        assert len(await ends_applied(world)) == MANY

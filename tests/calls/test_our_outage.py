"""A quarter of an hour in which every callback was lost: each call gets its true end, none is dialled again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from linecard.exchange.reconciling import settler_of
from linecard.simulator.phone import BUSY, NO_ANSWER, Phone
from linecard.simulator.script import Wait
from linecard.store import calls
from linecard.store.tables import calls as table
from tests.calls.faulty import fault
from tests.calls.telephone import Telephone, telephone

OUTAGE = timedelta(minutes=15)
TALKED = Phone(ring_seconds=0.1, script=(Wait(2),), hangs_up=True)
PHONES = {
    "+14155553001": (BUSY, "busy"),
    "+14155553002": (NO_ANSWER, "no-answer"),
    "+14155553003": (TALKED, "completed"),
    "+14155553004": (TALKED, "completed"),
}


async def _later(world: Telephone, ids: list[str], by: timedelta) -> None:
    async with world.exchange.database.write() as conn:
        for call_id in ids:
            call = await calls.get(conn, call_id)
            assert call is not None
            answered = call.answered_at and call.answered_at - by
            changed = {"created_at": call.created_at - by, "answered_at": answered}
            await conn.execute(update(table).where(table.c.id == call_id).values(changed))


async def _sweep(world: Telephone) -> None:
    settler = settler_of(world.exchange, lambda _call: False)
    for call in [one async for one in settler.doubtful()]:
        await settler.look(call.id)


@pytest.mark.parametrize("provider", ["plivo", "twilio", "exotel"])
async def test_every_call_gets_its_true_end(tmp_path: Path, provider: str) -> None:
    async with telephone(tmp_path, provider) as world:
        await world.register()
        placed: dict[str, dict[str, Any]] = {}
        with fault(world, "", callback_drop=1):
            for number, (phone, _) in PHONES.items():
                world.carrier.phones[number] = phone
                placed[number] = await world.dial(number, ring_seconds=15)
            await world.eventually(lambda: world.carrier.ledger.live_legs() == (), within=60)
            ids = [call["id"] for call in placed.values()]
            await _later(world, ids, OUTAGE)
            await world.eventually(lambda: _settled(world, ids), within=60)
        for number, (_, status) in PHONES.items():
            call = await world.call(placed[number]["id"])
            assert (call["status"], number) == (status, number), call
            assert call["at_risk_seconds"] is None
            assert world.carrier.ledger.dials(number) == 1
            if status == "completed" and call["duration"] is not None:
                assert call["duration"] < 60


async def _settled(world: Telephone, ids: list[str]) -> bool:
    await _sweep(world)
    shown = [await world.call(call_id) for call_id in ids]
    return all(call["ended_at"] for call in shown)

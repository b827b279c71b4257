"""Stopping never cuts a call: no new ones, the live ones to their end, then a polite hang-up."""

from __future__ import annotations

import asyncio

from linecard.exchange.draining import drain
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from tests.calls.telephone import CUSTOMER, OURS, Telephone, names

TALKS = Phone(script=(Wait(12),), hangs_up=True)
STAYS = Phone(script=(Wait(300),))


async def _talking(world: Telephone, phone: Phone) -> str:
    world.carrier.phones[CUSTOMER] = phone
    await world.register()
    placed = await world.dial()
    await world.until(placed["id"], lambda call: "stream-started" in names(call))
    return str(placed["id"])


async def test_a_live_call_ends_by_itself_while_no_new_one_is_taken(world: Telephone) -> None:
    call_id = await _talking(world, TALKS)
    draining = asyncio.create_task(drain(world.exchange, 60, asyncio.Event()))
    await asyncio.sleep(0.1)
    refused = await world.api.post("/api/calls", json={"from": OURS, "to": "+14155550144"})
    assert refused.status_code == 503
    assert (await world.api.get("/readyz")).status_code == 503
    assert not draining.done()
    call = await world.ended(call_id)
    await draining
    assert "hang-up-asked" not in names(call)
    assert world.carrier.ledger.live_legs() == ()


async def test_at_the_limit_what_is_left_is_hung_up(world: Telephone) -> None:
    call_id = await _talking(world, STAYS)
    await drain(world.exchange, 0.1, asyncio.Event())
    call = await world.ended(call_id)
    asked = next(event for event in call["events"] if event["name"] == "hang-up-asked")
    assert asked["facts"]["reason"] == "the server is stopping"
    assert world.carrier.ledger.live_legs() == ()


async def test_an_inbound_call_is_refused_while_the_server_drains(world: Telephone) -> None:
    await world.register()
    world.exchange.doors.close()
    await world.carrier.call_in(CUSTOMER, OURS, STAYS)
    await world.eventually(lambda: not world.carrier.ledger.live_legs())
    assert (await world.api.get("/api/calls")).json()["items"] == []

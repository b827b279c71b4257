"""Calls that hang between intent and truth, and calls gone silent: settled by what the carrier knows."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import update

from linecard.calls import Call, CallStatus, Direction
from linecard.exchange.reconciling import settler_of
from linecard.outbound.silence import Tended
from linecard.simulator.ledger import What
from linecard.simulator.phone import BUSY, NO_ANSWER, Phone
from linecard.simulator.script import Wait
from linecard.store import calls
from linecard.store.instances import Instance
from linecard.store.tables import calls as table
from linecard.tokens import new_id
from linecard.wall import now
from tests.calls.faulty import dial_requests, fault
from tests.calls.telephone import OURS, Telephone, names, telephone

pytestmark = pytest.mark.asyncio(loop_scope="module")

CUSTOMERS = (f"+14155553{n:03}" for n in itertools.count())
STAYS = Phone(ring_seconds=0.1, script=(Wait(600),))
RINGS = Phone(ring_seconds=600)
SHORT = Phone(ring_seconds=0.1, script=(Wait(2),), hangs_up=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Telephone]:
    async with telephone(
        tmp_path_factory.mktemp("world"),
        max_calls_per_minute="10000",
        max_calls_per_number_per_day="1000",
    ) as running:
        await running.register(channels=1000)
        _stop_settling()
        yield running


def _stop_settling() -> None:
    """The server itself would come in between: here each look is asked for."""
    (reconciler,) = [task for task in asyncio.all_tasks() if task.get_name() == "reconciler"]
    reconciler.cancel()


@pytest.fixture
def customer() -> str:
    return next(CUSTOMERS)


async def sweep(world: Telephone, tended: Tended = lambda _call_id: True) -> None:
    """Look once at every call that is doubtful."""
    settler = settler_of(world.exchange, tended)
    for call in [one async for one in settler.doubtful()]:
        await settler.look(call.id)


async def lost(world: Telephone, customer: str, phone: Phone, **wish: object) -> dict[str, Any]:
    """A call that the carrier has placed, and nobody has told us of."""
    world.carrier.phones[customer] = phone
    dropped = world.carrier.faults.happened["callback_drop"]
    with fault(world, drop_answer=1, callback_drop=1):
        call = await world.dial(customer, **wish)
        assert (call["status"], call["carrier_ids"]) == ("unknown", {})
        happened = world.carrier.faults.happened
        await world.eventually(lambda: happened["callback_drop"] > dropped)
    return call


async def never_placed(world: Telephone, customer: str) -> dict[str, Any]:
    """A call that the carrier has not placed, and we cannot know that."""
    with fault(world, error_before=1):
        call = await world.dial(customer)
    assert call["status"] == "unknown"
    return call


async def age(world: Telephone, call_id: str, by: timedelta) -> None:
    """Let a call have been made longer ago."""
    async with world.exchange.database.write() as conn:
        call = await calls.get(conn, call_id)
        assert call is not None
        answered = call.answered_at and call.answered_at - by
        changed = {"created_at": call.created_at - by, "answered_at": answered}
        await conn.execute(update(table).where(table.c.id == call_id).values(changed))


async def write(world: Telephone, customer: str, **fields: Any) -> str:
    """A call as a server that died has left it."""
    call = Call(
        id=new_id(),
        provider="plivo",
        account="main",
        direction=Direction.OUTBOUND,
        from_=OURS,
        to=customer,
        number=OURS,
        agent="echo",
        profile="l16-8000",
        status=CallStatus.QUEUED,
        created_at=now(),
    )
    call = replace(call, **fields)
    async with world.exchange.database.write() as conn:
        await calls.add(conn, call)
    return call.id


async def test_a_call_that_lives_at_the_carrier_is_found(world: Telephone, customer: str) -> None:
    call = await lost(world, customer, RINGS)
    await sweep(world)
    found = await world.call(call["id"])
    assert found["status"] == "dialing"
    assert found["carrier_ids"]["call_uuid"] in world.carrier.ledger.live_legs()
    assert "placement-found" in names(found)
    assert (await world.api.post(f"/api/calls/{call['id']}/hangup")).status_code == 202
    assert (await world.ended(call["id"]))["status"] == "canceled"
    assert dial_requests(world, customer) == 1


async def test_a_call_that_is_over_at_the_carrier_gets_its_end(
    world: Telephone, customer: str
) -> None:
    with fault(world, callback_drop=1):
        call = await lost(world, customer, BUSY)
        await world.carrier.ledger.until(What.HUNG_UP, status="busy")
        await world.eventually(lambda: _swept_to(world, call["id"], "busy"))
    ended = await world.call(call["id"])
    assert ended["ended_at"]
    assert ended["carrier_ids"]["call_uuid"]
    assert dial_requests(world, customer) == 1


async def _swept_to(world: Telephone, call_id: str, status: str) -> bool:
    await sweep(world)
    return bool((await world.call(call_id))["status"] == status)


async def test_a_look_up_that_finds_nothing_proves_nothing(world: Telephone, customer: str) -> None:
    call = await never_placed(world, customer)
    for _ in range(5):
        await sweep(world)
    assert (await world.call(call["id"]))["status"] == "unknown"
    assert dial_requests(world, customer) == 1
    assert world.carrier.ledger.dials(customer) == 0


async def test_a_look_up_that_fails_leaves_the_others_to_be_settled(
    world: Telephone, customer: str
) -> None:
    call = await lost(world, customer, RINGS)
    with fault(world, "^GET ", error_before=1):
        await sweep(world)
    assert (await world.call(call["id"]))["status"] == "unknown"
    foreign = await write(world, "+442079460000", status=CallStatus.UNKNOWN, created_at=now())
    gone = await write(world, customer[:-1] + "9", status=CallStatus.UNKNOWN, account="gone")
    await sweep(world)
    assert (await world.call(call["id"]))["status"] == "dialing"
    for left in (foreign, gone):
        assert (await world.call(left))["status"] == "unknown"
        await age(world, left, timedelta(hours=25))
    await world.api.post(f"/api/calls/{call['id']}/hangup")
    await sweep(world)
    assert (await world.call(foreign))["status"] == "failed"
    assert (await world.call(gone))["status"] == "failed"


async def test_two_calls_that_fit_leave_it_unknown(world: Telephone, customer: str) -> None:
    call = await lost(world, customer, RINGS)
    environment = world.carrier.environment(world.carrier.url)
    auth = (environment["PLIVO_AUTH_ID"], environment["PLIVO_AUTH_TOKEN"])
    body = {"from": OURS[1:], "to": customer[1:], "answer_url": "http://127.0.0.1:1/"}
    async with httpx2.AsyncClient(auth=auth) as client:
        url = f"{world.carrier.url}/v1/Account/{auth[0]}/Call/"
        assert (await client.post(url, json=body)).status_code == 201
    await sweep(world)
    left = await world.call(call["id"])
    assert (left["status"], left["carrier_ids"]) == ("unknown", {})


async def test_one_call_that_fits_two_placements_is_given_to_none(
    world: Telephone, customer: str
) -> None:
    first = await never_placed(world, customer)
    second = await lost(world, customer, RINGS)
    await sweep(world)
    for call in (first, second):
        left = await world.call(call["id"])
        assert (left["status"], left["carrier_ids"]) == ("unknown", {})


async def test_another_call_of_ours_is_not_taken_for_it(world: Telephone, customer: str) -> None:
    call = await never_placed(world, customer)
    world.carrier.phones[customer] = RINGS
    known = await world.dial(customer)
    assert known["status"] != "unknown"
    await sweep(world)
    assert (await world.call(call["id"]))["status"] == "unknown"
    await world.api.post(f"/api/calls/{known['id']}/hangup")


async def test_an_intent_without_an_answer_becomes_unknown_and_is_not_dialled(
    world: Telephone, customer: str
) -> None:
    fresh = await write(world, customer)
    cut_off = await write(world, customer[:-1] + "8", created_at=now() - timedelta(seconds=61))
    await sweep(world)
    assert (await world.call(fresh))["status"] == "queued"
    call = await world.call(cut_off)
    assert call["status"] == "unknown"
    assert names(call) == ["placement-unknown"]
    assert "stopped between" in call["events"][0]["facts"]["reason"]
    assert dial_requests(world, customer) == 0


async def test_after_a_day_the_unknown_is_given_up(world: Telephone, customer: str) -> None:
    call_id = await write(
        world, customer, status=CallStatus.UNKNOWN, created_at=now() - timedelta(hours=23)
    )
    await sweep(world)
    assert (await world.call(call_id))["status"] == "unknown"
    await age(world, call_id, timedelta(hours=1, seconds=1))
    await sweep(world)
    call = await world.call(call_id)
    assert call["status"] == "failed"
    assert call["end_reason"].startswith("unknown")
    assert call["ended_at"]
    assert dial_requests(world, customer) == 0


async def test_a_call_whose_callbacks_are_all_lost_gets_its_end(
    world: Telephone, customer: str
) -> None:
    world.carrier.phones[customer] = NO_ANSWER
    with fault(world, callback_drop=1):
        call = await world.dial(customer, ring_seconds=2)
        await sweep(world)
        assert (await world.call(call["id"]))["status"] == "dialing"
        await world.carrier.ledger.until(What.HUNG_UP, status="timeout")
        await age(world, call["id"], timedelta(seconds=63))
        await world.eventually(lambda: _swept_to(world, call["id"], "no-answer"))


async def test_an_answered_call_that_nobody_holds_gets_its_end(
    world: Telephone, customer: str
) -> None:
    world.carrier.phones[customer] = SHORT
    with fault(world, callback_drop=1):
        call = await world.dial(customer)
        uuid = (await world.until(call["id"], _has_uuid))["carrier_ids"]["call_uuid"]
        await world.carrier.ledger.until(What.HUNG_UP, uuid)
        await age(world, call["id"], timedelta(seconds=61))
        await world.eventually(lambda: _untended_to(world, call["id"], "completed"))


def _has_uuid(call: dict[str, Any]) -> bool:
    return "call_uuid" in call["carrier_ids"]


async def _untended_to(world: Telephone, call_id: str, status: str) -> bool:
    await sweep(world, tended=lambda _call_id: False)
    return bool((await world.call(call_id))["status"] == status)


async def test_a_call_that_outlives_its_longest_length_is_ended(
    world: Telephone, customer: str
) -> None:
    world.carrier.phones[customer] = STAYS
    call = await world.dial(customer, max_seconds=600)
    call = await world.until(call["id"], lambda one: "stream-started" in names(one))
    await sweep(world)
    assert (await world.call(call["id"]))["status"] == "in-progress"
    await age(world, call["id"], timedelta(seconds=661))
    await sweep(world)
    assert (await world.ended(call["id"]))["status"] == "completed"
    assert call["carrier_ids"]["call_uuid"] not in world.carrier.ledger.live_legs()


async def test_a_call_that_was_to_be_hung_up_is_ended_once_it_is_found(
    world: Telephone, customer: str
) -> None:
    call = await lost(world, customer, RINGS)
    assert (await world.api.post(f"/api/calls/{call['id']}/hangup")).status_code == 202
    live = set(world.carrier.ledger.live_legs())
    await sweep(world)
    ended = await world.ended(call["id"])
    assert ended["status"] == "canceled"
    assert ended["carrier_ids"]["call_uuid"] in live - set(world.carrier.ledger.live_legs())


async def test_a_hang_up_that_a_dead_server_left_behind_is_done(
    world: Telephone, customer: str
) -> None:
    world.carrier.phones[customer] = STAYS
    call = await world.dial(customer)
    call = await world.until(call["id"], lambda one: "stream-started" in names(one))
    async with world.exchange.database.write() as conn:
        await calls.update(conn, call["id"], closing="hung up by API")
    await sweep(world, tended=lambda _call_id: False)
    assert call["carrier_ids"]["call_uuid"] in world.carrier.ledger.live_legs()
    await age(world, call["id"], timedelta(seconds=61))
    await sweep(world, tended=lambda _call_id: False)
    assert (await world.ended(call["id"]))["status"] == "completed"


async def test_a_call_that_the_carrier_knows_no_more_is_closed_in_the_end(
    world: Telephone, customer: str
) -> None:
    ids = {"call_uuid": new_id()}
    rang = await write(world, customer, status=CallStatus.RINGING, carrier_ids=ids)
    await age(world, rang, timedelta(minutes=20))
    await sweep(world)
    assert (await world.call(rang))["status"] == "ringing"
    await age(world, rang, timedelta(minutes=12))
    await sweep(world)
    call = await world.call(rang)
    assert call["status"] == "failed"
    assert "never reported an end" in call["end_reason"]


async def test_calls_of_another_live_process_are_left_to_it_and_then_taken_over(
    world: Telephone, customer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = now()
    here, there = (
        Instance(name=name, url=f"http://10.0.0.1:{port}", started_at=at, seen_at=at)
        for name, port in (("here", 1), ("there", 2))
    )
    monkeypatch.setattr(world.exchange.instances, "own", here)
    monkeypatch.setattr(world.exchange.instances, "_known", {"there": there})
    ids = {"call_uuid": new_id()}
    held = await write(world, customer, status=CallStatus.RINGING, carrier_ids=ids, owner="there")
    await age(world, held, timedelta(minutes=32))
    await sweep(world)
    assert (await world.call(held))["status"] == "ringing"
    monkeypatch.setattr(world.exchange.instances, "_known", {})
    await sweep(world)
    assert (await world.call(held))["status"] == "failed"

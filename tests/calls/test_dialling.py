"""The dial protocol against a carrier that fails: one request, and the truth of what is known of it."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from linecard_plivo.rest import Patience
from tests.calls.faulty import DIAL, dial_requests, fault
from tests.calls.telephone import CUSTOMER, OURS, Telephone, names, telephone

pytestmark = pytest.mark.asyncio(loop_scope="module")

CUSTOMERS = (f"+14155552{n:03}" for n in itertools.count())
TALKS = Phone(ring_seconds=8, script=(Wait(1),), hangs_up=True)
ANSWER_SECONDS = 4.0
"""The API answers after two seconds at most; the rest is for a busy machine."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Telephone]:
    async with telephone(tmp_path_factory.mktemp("world"), max_calls_per_minute="10000") as running:
        await running.register(channels=1000)
        yield running


@pytest.fixture
def customer(world: Telephone) -> str:
    number = next(CUSTOMERS)
    world.carrier.phones[number] = TALKS
    return number


async def dial(world: Telephone, to: str, **wish: object) -> dict[str, Any]:
    """Place a call; the answer must come soon and be 201, whatever the carrier does."""
    begun = time.monotonic()
    placed = await world.dial(to, **wish)
    assert time.monotonic() - begun < ANSWER_SECONDS
    return placed


@pytest.mark.parametrize("knob", ["error_after", "drop_answer", "malformed_answer"])
async def test_a_lost_answer_is_unknown_until_a_late_callback(
    world: Telephone, customer: str, knob: str
) -> None:
    with fault(world, DIAL, **{knob: 1, "callback_drop": 1}):
        placed = await dial(world, customer)
    assert (placed["status"], placed["carrier_ids"]) == ("unknown", {})
    assert names(placed)[-1] == "placement-unknown"
    assert (placed["ended_at"], placed["end_reason"]) == (None, None)
    call = await world.ended(placed["id"])
    assert call["status"] == "completed"
    assert call["carrier_ids"]["call_uuid"]
    assert dial_requests(world, customer) == 1
    assert world.carrier.ledger.dials(customer) == 1


async def test_an_error_is_no_proof_that_nothing_was_placed(
    world: Telephone, customer: str
) -> None:
    with fault(world, error_before=1):
        placed = await dial(world, customer)
    assert placed["status"] == "unknown"
    await asyncio.sleep(0.5)
    assert dial_requests(world, customer) == 1
    assert world.carrier.ledger.dials(customer) == 0


async def test_too_many_requests_is_a_definite_no(world: Telephone, customer: str) -> None:
    with fault(world, too_many_requests=1):
        placed = await dial(world, customer)
    assert placed["status"] == "failed"
    assert "429" in placed["end_reason"]
    assert placed["ended_at"]
    assert dial_requests(world, customer) == 1
    assert world.carrier.ledger.dials(customer) == 0


async def test_a_refusal_of_the_carrier_fails_the_call_with_its_words(
    world: Telephone, customer: str
) -> None:
    quirks = world.carrier.quirks  # type: ignore[attr-defined]
    quirks.concurrency = 0
    try:
        placed = await dial(world, customer)
    finally:
        quirks.concurrency = None
    assert placed["status"] == "failed"
    assert placed["end_reason"].startswith("refused by the carrier")
    assert "Concurrency limit breached" in placed["end_reason"]
    assert dial_requests(world, customer) == 1


async def test_a_key_stands_for_a_call_that_failed(world: Telephone, customer: str) -> None:
    headers, body = {"Idempotency-Key": "failed"}, {"from": OURS, "to": customer}
    with fault(world, too_many_requests=1):
        first = await world.api.post("/api/calls", json=body, headers=headers)
    again = await world.api.post("/api/calls", json=body, headers=headers)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert again.json()["status"] == "failed"
    assert dial_requests(world, customer) == 1


async def test_a_slow_carrier_holds_up_neither_the_asker_nor_the_loop(
    world: Telephone, customer: str
) -> None:
    with fault(world, slow_answer=1, seconds=world.exchange.clock.speed * 4):
        dialling = asyncio.create_task(dial(world, customer))
        slowest = 0.0
        while not dialling.done():
            begun = time.monotonic()
            assert (await world.api.get("/healthz")).status_code == 200
            slowest = max(slowest, time.monotonic() - begun)
            await asyncio.sleep(0.02)
        placed = await dialling
        assert placed["status"] == "queued"
        assert slowest < 1.5
        settled = await world.until(placed["id"], lambda call: call["status"] != "queued")
    assert "dial-dialing" in names(settled)
    assert dial_requests(world, customer) == 1


async def test_an_answer_that_never_comes_is_unknown(world: Telephone, customer: str) -> None:
    rest = _plugin(world)._rest
    patient, rest._patience = rest._patience, Patience(dial=0.5)
    try:
        with fault(world, slow_answer=1, seconds=world.exchange.clock.speed * 1.5):
            placed = await dial(world, customer)
            assert placed["status"] == "unknown"
            call = await world.ended(placed["id"])
    finally:
        rest._patience = patient
    assert call["status"] == "completed"
    assert dial_requests(world, customer) == 1
    assert world.carrier.ledger.dials(customer) == 1


def _plugin(world: Telephone) -> Any:
    return world.exchange.plugins._registered._manager.get_plugin("plivo:main")


async def test_above_the_pace_the_carrier_queues_and_the_call_says_so(world: Telephone) -> None:
    customers = [next(CUSTOMERS) for _ in range(12)]
    for number in customers:
        world.carrier.phones[number] = Phone(ring_seconds=0.2, script=(Wait(0.2),), hangs_up=True)
    placed = await asyncio.gather(*(dial(world, number) for number in customers))
    for call in placed:
        await world.ended(call["id"])
    written = [names(await world.call(call["id"])) for call in placed]
    assert any("dial-queued" in seen for seen in written)
    assert all(dial_requests(world, number) == 1 for number in customers)


@pytest.mark.slow
async def test_a_carrier_that_is_not_there_was_sent_nothing(tmp_path: Path) -> None:
    variables = {"PLIVO_API_URL": "http://127.0.0.1:1"}
    async with telephone(tmp_path, variables=variables) as alone:
        await alone.register()
        placed = await dial(alone, CUSTOMER)
        assert placed["status"] == "failed"
        assert placed["end_reason"].startswith("not placed")
        assert alone.carrier.ledger.all(What.REQUEST) == ()
        readyz = (await alone.api.get("/readyz")).json()
        assert readyz["accounts"] == [{"provider": "plivo", "account": "main", "api": "simulated"}]

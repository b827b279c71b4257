"""The API and whole calls on PostgreSQL, where transactions really run side by side."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest
import pytest_asyncio

from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from tests.calls.postgres import postgres
from tests.calls.problems import refused
from tests.calls.receiver import receiving
from tests.calls.telephone import CUSTOMER, Telephone, names, telephone

pytestmark = pytest.mark.asyncio(loop_scope="module")

STAYS = Phone(ring_seconds=0.2, script=(Wait(600),))
SHORT = Phone(ring_seconds=0.2, script=(Wait(2),), hangs_up=True)
STAYS_FOR_THE_AGENT = Phone(ring_seconds=0.2, script=(Wait(20),), hangs_up=True)
"""Who does not hang up before a busy machine has come to start the agent."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A fresh database."""
    with postgres() as server:
        yield server.url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Telephone]:
    folder = tmp_path_factory.mktemp("world")
    async with telephone(folder, database_url=url, max_calls_per_minute="10000") as running:
        yield running


async def test_numbers_live_and_die(world: Telephone) -> None:
    for n in range(5):
        await world.register(number=f"+1415555012{n}", options={"noise_cancellation": True})
    seen: list[str] = []
    cursor: str | None = None
    while cursor or not seen:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await world.api.get("/api/numbers", params=query)).json()
        seen += [one["number"] for one in page["items"]]
        cursor = page["next"]
    assert seen == [f"+1415555012{n}" for n in range(5)]
    answer = await world.api.post(
        "/api/numbers", json={"number": seen[0], "provider": "plivo", "agent": "echo"}
    )
    refused(answer, 409)
    patched = await world.api.patch(f"/api/numbers/{seen[0]}", json={"agent": "greeter"})
    assert patched.json()["agent"] == "greeter"
    for number in seen:
        assert (await world.api.delete(f"/api/numbers/{number}")).status_code == 204


async def test_a_call_from_dial_to_recording(world: Telephone) -> None:
    await world.register(channels=100)
    world.carrier.phones[CUSTOMER] = STAYS_FOR_THE_AGENT
    metadata = {"text": "\x00 ünï 😀", "n": 10**20}
    placed = await world.dial(metadata=metadata, record=True)
    call = await world.ended(placed["id"])
    assert (call["status"], call["metadata"]) == ("completed", metadata)
    for name in ("intended", "answer-requested", "agent-started", "stream-started", "leg-ended"):
        assert names(call).count(name) == 1
    ready = await world.until(
        placed["id"], lambda one: [r["status"] for r in one["recordings"]] == ["completed"]
    )
    assert (await world.api.get(ready["recordings"][0]["file"])).content[:4] == b"RIFF"
    listed = (await world.api.get("/api/calls", params={"status": "completed"})).json()
    assert placed["id"] in [one["id"] for one in listed["items"]]


async def test_a_call_that_comes_in(world: Telephone) -> None:
    number = "+14155550170"
    await world.register(number=number)
    await world.carrier.call_in(CUSTOMER, number, SHORT)
    query = {"number": number}
    async with asyncio.timeout(20):
        while not (items := (await world.api.get("/api/calls", params=query)).json()["items"]):
            await asyncio.sleep(0.05)
    assert (await world.ended(items[0]["id"]))["status"] == "completed"


async def test_twenty_at_once_never_take_more_than_the_channels(world: Telephone) -> None:
    number = "+14155550171"
    await world.register(number=number, channels=3)
    before = len(world.carrier.ledger.all(What.QUEUED))
    customers = [f"+1415555{n:04}" for n in range(4000, 4020)]
    for customer in customers:
        world.carrier.phones[customer] = STAYS
    bodies = [{"from": number, "to": customer} for customer in customers]
    answers = await asyncio.gather(*(world.api.post("/api/calls", json=body) for body in bodies))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] * 3 + [429] * 17
    assert len(world.carrier.ledger.all(What.QUEUED)) == before + 3
    for answer in answers:
        if answer.status_code == 201:
            await world.api.post(f"/api/calls/{answer.json()['id']}/hangup")


async def test_concurrent_repeats_dial_once(world: Telephone) -> None:
    number, customer = "+14155550172", "+14155550173"
    await world.register(number=number, channels=20)
    world.carrier.phones[customer] = SHORT
    body, headers = {"from": number, "to": customer}, {"Idempotency-Key": "at once"}
    answers = await asyncio.gather(
        *(world.api.post("/api/calls", json=body, headers=headers) for _ in range(12))
    )
    assert [answer.status_code for answer in answers] == [201] * 12
    assert len({answer.json()["id"] for answer in answers}) == 1
    await world.ended(answers[0].json()["id"])
    assert world.carrier.ledger.dials(customer) == 1


async def test_what_postgresql_cannot_hold_is_refused_and_not_a_fault(world: Telephone) -> None:
    refused(await world.api.get("/api/calls/%00"), 404)
    refused(await world.api.get("/api/numbers/%00"), 404)
    refused(await world.api.get("/api/calls?number=%00"), 422, "number")
    refused(await world.api.post("/api/calls", json={"from": "\x00", "to": CUSTOMER}), 422, "from")
    n = 2**70
    refused(await world.api.get(f"/api/calls/none/recordings/{n}"), 404)
    headers = {"Idempotency-Key": "a\tb"}
    await world.register(number="+14155550174")
    body = {"from": "+14155550174", "to": "+442079460000"}
    refused(await world.api.post("/api/calls", json=body, headers=headers), 422, "to")


async def test_notifications_keep_each_call_s_order_where_facts_come_side_by_side(
    world: Telephone,
) -> None:
    number, customers = "+14155550175", [f"+1415555{n:04}" for n in range(5000, 5005)]
    async with receiving() as receiver:
        await world.register(number=number, channels=20, notify=receiver.url)
        for customer in customers:
            world.carrier.phones[customer] = STAYS
        placed = await asyncio.gather(
            *(world.dial(customer, **{"from": number}) for customer in customers)
        )

        async def told(*types: str) -> None:
            count, seen = len(customers), receiver
            with suppress(TimeoutError):
                await world.eventually(
                    lambda: all(seen.types.count(one) == count for one in types), 60
                )
            assert Counter(seen.types) >= Counter(types * count)

        await told("call.answered", "stream.started")
        ends = [world.api.post(f"/api/calls/{one['id']}/hangup") for one in placed]
        await asyncio.gather(*ends)
        await told("call.ended", "stream.ended")
    for one in placed:
        said = [item.content for item in receiver.taken if item.content["call"]["id"] == one["id"]]
        assert [item["sequence"] for item in said] == list(range(1, len(said) + 1))

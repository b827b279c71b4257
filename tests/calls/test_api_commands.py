"""Commands on living calls, and the files of recordings, through the API of a running server."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from linecard.simulator.ledger import What
from linecard.simulator.phone import BUSY, Phone, human
from linecard.simulator.script import Wait
from tests.calls.faulty import fault
from tests.calls.problems import refused
from tests.calls.telephone import HUMAN, Telephone, names, telephone

pytestmark = pytest.mark.asyncio(loop_scope="module")

CUSTOMERS = (f"+14155551{n:03}" for n in itertools.count())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Telephone]:
    async with telephone(
        tmp_path_factory.mktemp("world"),
        agents=("tests.calls.eventful:transferred",),
        max_calls_per_minute="10000",
        recordings="off",
    ) as running:
        await running.register(channels=1000, agent="transferred")
        yield running


async def talking(world: Telephone, **wish: object) -> dict[str, Any]:
    """A call that is answered and has its stream."""
    customer = next(CUSTOMERS)
    world.carrier.phones[customer] = Phone(ring_seconds=0.3, script=(Wait(300),))
    placed = await world.dial(customer, **wish)
    return await world.until(placed["id"], lambda call: "stream-started" in names(call))


async def command(
    world: Telephone, call: dict[str, Any], name: str, **body: object
) -> httpx2.Response:
    return await world.api.post(f"/api/calls/{call['id']}/{name}", json=body)


async def accepted(
    world: Telephone, call: dict[str, Any], name: str, **body: object
) -> dict[str, Any]:
    answer = await command(world, call, name, **body)
    assert (answer.status_code, answer.json()) == (202, {"status": "accepted"})
    return call


async def recorded(world: Telephone, call: dict[str, Any], do: str) -> str:
    answer = await command(world, call, "recording", do=do)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["result"])


async def test_hanging_up_ends_the_carriers_leg(world: Telephone) -> None:
    call = await talking(world)
    await accepted(world, call, "hangup")
    ended = await world.ended(call["id"])
    assert ended["status"] == "completed"
    assert call["carrier_ids"]["call_uuid"] not in world.carrier.ledger.live_legs()


async def test_keys_reach_the_phone(world: Telephone) -> None:
    call = await talking(world)
    await accepted(world, call, "dtmf", digits="12#A")
    handset = world.carrier.phones.handsets(call["to"])[0]
    await world.eventually(lambda: [key for _, key in handset.digits_heard] == list("12#A"))
    await accepted(world, call, "hangup")


async def test_a_transfer_that_is_not_on_the_list_is_refused(world: Telephone) -> None:
    call = await talking(world)
    problem = refused(await command(world, call, "transfer", to=["+12125550100"]), 422, "to")
    assert "LINECARD_TRANSFER_ALLOW" in problem["detail"]
    refused(await command(world, call, "transfer", to=[HUMAN, "+19005550100"]), 422, "to")
    refused(await command(world, call, "transfer", to=[call["to"]]), 422, "to")
    assert world.carrier.ledger.all(What.TRANSFER, call["carrier_ids"]["call_uuid"]) == ()
    assert "stream-ended" not in names(await world.call(call["id"]))
    await accepted(world, call, "hangup")


async def test_a_transfer_that_the_carrier_refuses_leaves_the_call_as_it_was(
    world: Telephone,
) -> None:
    call = await talking(world)
    with fault(world, "^POST .*/Call/[^/]+/$", too_many_requests=1):
        problem = refused(await command(world, call, "transfer", to=[HUMAN]), 502)
    assert "plivo" in problem["detail"]
    now = await world.call(call["id"])
    assert now["status"] == "in-progress"
    assert "transfer-refused" in names(now)
    assert "stream-ended" not in names(now)
    world.carrier.phones[HUMAN] = BUSY
    await accepted(world, call, "transfer", to=[HUMAN], mode="warm", timeout=9)
    back = await world.until(call["id"], lambda one: one["outcome"] is not None)
    assert back["outcome"] == "busy"
    assert names(back).count("agent-started") == 1
    await accepted(world, call, "hangup")


async def test_a_second_transfer_beside_the_first_is_a_conflict(world: Telephone) -> None:
    world.carrier.phones[HUMAN] = Phone(ring_seconds=60)
    call = await talking(world)
    await accepted(world, call, "transfer", to=[HUMAN], timeout=60)
    refused(await command(world, call, "transfer", to=[HUMAN]), 409)
    await accepted(world, call, "hangup")
    await world.ended(call["id"])


async def test_a_caller_who_was_handed_over_is_not_transferred_again(world: Telephone) -> None:
    world.carrier.phones[HUMAN] = human("hello", ring_seconds=0.3, talk_seconds=300)
    call = await talking(world)
    await accepted(world, call, "transfer", to=[HUMAN])
    bridged = await world.until(call["id"], lambda one: one["outcome"] is not None)
    assert bridged["outcome"] == "bridged"
    refused(await command(world, call, "transfer", to=[HUMAN]), 409)
    await accepted(world, call, "hangup")
    await world.ended(call["id"])
    assert call["carrier_ids"]["call_uuid"] not in world.carrier.ledger.live_legs()


async def test_a_recording_is_started_and_stopped_and_its_file_can_be_had(
    world: Telephone,
) -> None:
    call = await talking(world)
    assert (await world.call(call["id"]))["recordings"] == []
    refused(await world.api.get(f"/api/calls/{call['id']}/recordings/1"), 404)
    assert await recorded(world, call, "start") == "started"
    running = await world.until(call["id"], lambda one: bool(one["recordings"]))
    assert running["recordings"][0]["status"] == "recording"
    assert (
        "recording" in refused(await world.api.get(running["recordings"][0]["file"]), 404)["detail"]
    )
    await asyncio.sleep(0.2)
    assert await recorded(world, call, "stop") == "stopped"
    assert (await world.call(call["id"]))["recordings"][0]["status"] == "stopped"
    ready = await world.until(call["id"], lambda one: one["recordings"][0]["status"] == "completed")
    (recording,) = ready["recordings"]
    assert recording.keys() >= {"n", "status", "duration_ms", "file", "channels", "reason"}
    assert recording["file"] == f"/api/calls/{call['id']}/recordings/1"
    file = await world.api.get(recording["file"])
    assert (file.status_code, file.headers["content-type"]) == (200, "audio/wav")
    assert file.content[:4] == b"RIFF"
    assert len(file.content) == int(file.headers["content-length"])
    for n in ("0", "2", "-1", "9" * 30):
        refused(await world.api.get(f"/api/calls/{call['id']}/recordings/{n}"), 404)
    refused(await world.api.get(f"/api/calls/{call['id']}/recordings/x"), 422, "n")
    await accepted(world, call, "hangup")


async def test_a_file_that_the_carrier_does_not_give_is_502(world: Telephone) -> None:
    call = await talking(world, record=True)
    await world.until(call["id"], lambda one: bool(one["recordings"]))
    with fault(world, "^GET .*/Recording/", error_before=1):
        await accepted(world, call, "hangup")
        ready = await world.until(
            call["id"], lambda one: one["recordings"][0]["status"] == "completed"
        )
        answer = await world.api.get(ready["recordings"][0]["file"])
    assert "500" in refused(answer, 502)["detail"]
    assert (await world.api.get(ready["recordings"][0]["file"])).status_code == 200


@pytest.mark.parametrize("do", ["pause", "resume"])
async def test_what_the_carrier_cannot_do_is_501(world: Telephone, do: str) -> None:
    call = await talking(world)
    assert (
        "pause_recording" in refused(await command(world, call, "recording", do=do), 501)["detail"]
    )
    await accepted(world, call, "hangup")


async def test_a_recording_that_does_not_start_is_on_the_record(world: Telephone) -> None:
    call = await talking(world)
    with fault(world, "^POST .*/Record/$", error_before=1):
        refused(await command(world, call, "recording", do="start"), 502)
    failed = await world.until(call["id"], lambda one: "recording-failed" in names(one))
    assert failed["status"] == "in-progress"
    await accepted(world, call, "hangup")

"""Calls through the API of a running server, over the simulated carrier."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from linecard.simulator.ledger import What
from linecard.simulator.phone import NO_ANSWER, Phone, voicemail
from linecard.simulator.script import HangUp, Wait
from tests.calls.problems import refused
from tests.calls.rows import quiet_counts, row_counts
from tests.calls.telephone import CUSTOMER, OURS, Telephone, telephone

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIELDS = (
    "id status direction from to provider account agent carrier_ids metadata created_at "
    "answered_at ended_at duration cost end_reason outcome answered_by answered_word "
    "at_risk_seconds consent enhance silence_ms recordings events"
)
OFF = "+14155550180"
SHORT = Phone(ring_seconds=0.3, script=(Wait(0.5),), hangs_up=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Telephone]:
    async with telephone(
        tmp_path_factory.mktemp("world"),
        agents=("tests.calls.eventful:machine_minded",),
        max_calls_per_minute="10000",
        max_calls_per_number_per_day="10000",
    ) as running:
        await running.register(channels=1000, record=False)
        await running.register(number=OFF, enabled=False)
        yield running


async def place(world: Telephone, key: str | None = None, **wish: Any) -> httpx2.Response:
    body = {"from": OURS, "to": CUSTOMER} | {name.rstrip("_"): wish[name] for name in wish}
    headers = {"Idempotency-Key": key} if key else {}
    return await world.api.post("/api/calls", json=body, headers=headers)


def asked(world: Telephone, method: str = "POST", path: str = "/Call/") -> list[dict[str, Any]]:
    """The bodies of the requests that reached the carrier."""
    entries = world.carrier.ledger.all(What.REQUEST, method=method)
    bodies = [entry.facts for entry in entries if str(entry.facts["path"]).endswith(path)]
    return [facts["body"] for facts in bodies if isinstance(facts["body"], dict)]


async def test_a_call_has_every_field(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = SHORT
    placed = (await place(world, metadata={"order": 17})).json()
    assert list(placed) == FIELDS.split()
    call = await world.ended(placed["id"])
    assert list(call) == FIELDS.split()
    assert (call["direction"], call["from"], call["to"]) == ("outbound", OURS, CUSTOMER)
    assert (call["provider"], call["account"], call["agent"]) == ("plivo", "main", "echo")
    assert (call["status"], call["metadata"]) == ("completed", {"order": 17})
    times = [
        datetime.fromisoformat(call[f"{name}_at"]) for name in ("created", "answered", "ended")
    ]
    assert times == sorted(times)
    assert all(time.tzinfo for time in times)
    assert isinstance(call["duration"], int)
    assert float(call["cost"]) > 0
    assert call["end_reason"]
    assert call["recordings"] == []
    for event in call["events"]:
        assert set(event) == {"at", "name", "facts"}


async def test_what_is_wished_reaches_the_carrier(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = SHORT
    await place(world, ring_seconds=33, max_seconds=77, send_digits="1w2#")
    order = asked(world)[-1]
    assert (order["from"], order["to"]) == (OURS[1:], CUSTOMER[1:])
    assert (order["ring_timeout"], order["time_limit"]) == (33, 77)
    assert order["send_digits"] == "1w2#"
    await place(world)
    order = asked(world)[-1]
    assert (order["ring_timeout"], order["time_limit"]) == (45, 1800)
    assert "send_digits" not in order
    assert "machine_detection" not in order


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"from_": "+14155550199"}, "from"),
        ({"from_": "14155550100"}, "from"),
        ({"from_": "\x00"}, "from"),
        ({"from_": OFF}, "from"),
        ({"to": "+442079460000"}, "to"),
        ({"to": "+18765551234"}, "to"),
        ({"to": "+19005551234"}, "to"),
        ({"to": "+870773111632"}, "to"),
        ({"to": "+97912345678"}, "to"),
        ({"to": "911"}, "to"),
        ({"to": "+911"}, "to"),
        ({"to": "4155550123"}, "to"),
        ({"to": "sip:anna@example.com"}, "to"),
        ({"to": ""}, "to"),
        ({"to": OURS}, "to"),
        ({"to": 14155550123}, "to"),
        ({"agent": "nobody"}, "agent"),
        ({"ring_seconds": 0}, "ring_seconds"),
        ({"ring_seconds": 121}, "ring_seconds"),
        ({"max_seconds": 14_401}, "max_seconds"),
        ({"max_seconds": "60"}, "max_seconds"),
        ({"send_digits": "1;2"}, "send_digits"),
        ({"machine": "maybe"}, "machine"),
        ({"metadata": ["a"]}, "metadata"),
        ({"record": "yes"}, "record"),
        ({"caller": "x"}, "caller"),
    ],
)
async def test_a_refused_wish_leaves_no_trace(
    world: Telephone, wish: dict[str, object], field: str
) -> None:
    rows, requests = await quiet_counts(world), len(world.carrier.ledger.all(What.REQUEST))
    refused(await place(world, key=f"refused {wish}", **wish), 422, field)
    assert await row_counts(world) == rows
    assert len(world.carrier.ledger.all(What.REQUEST)) == requests


@pytest.mark.parametrize("raw", ['{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}'])
async def test_metadata_that_json_cannot_say_is_refused(world: Telephone, raw: str) -> None:
    body = f'{{"from": "{OURS}", "to": "{CUSTOMER}", "metadata": {raw}}}'
    headers = {"content-type": "application/json"}
    refused(await world.api.post("/api/calls", content=body, headers=headers), 422, "metadata")


async def test_any_other_metadata_comes_back_as_it_was(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = SHORT
    metadata = {"text": "\x00 ünï </script> 😀", "n": 10**20, "deep": {"a": [None, True, 1.5]}}
    placed = (await place(world, metadata=metadata)).json()
    assert (await world.call(placed["id"]))["metadata"] == metadata


async def test_a_detected_machine_is_on_the_record_and_known_to_the_agent(
    world: Telephone,
) -> None:
    world.carrier.phones["+14155550140"] = voicemail("leave a message")
    answer = await place(world, to="+14155550140", machine="detect", agent="machine_minded")
    call = await world.ended(answer.json()["id"])
    order = asked(world)[-1]
    assert order["machine_detection"] == "true"
    assert "k=machine" in order["machine_detection_url"]
    detected = next(event for event in call["events"] if event["name"] == "machine-detected")
    assert detected["facts"]["kind"] == "machine"
    assert call["outcome"] == "machine"


async def test_a_detected_human_is_told_from_a_machine(world: Telephone) -> None:
    world.carrier.phones["+14155550141"] = Phone(script=(Wait(30),))
    answer = await place(world, to="+14155550141", machine="detect", agent="machine_minded")
    assert (await world.ended(answer.json()["id"]))["outcome"] == "human"


async def test_what_the_carrier_cannot_do_is_501(world: Telephone) -> None:
    rows = await quiet_counts(world)
    problem = refused(await place(world, machine="wait-for-beep"), 501)
    assert "wait-for-beep" in problem["detail"]
    assert await row_counts(world) == rows


async def test_a_key_never_dials_twice(world: Telephone) -> None:
    world.carrier.phones["+14155550142"] = SHORT
    first = await place(world, key="once", to="+14155550142", metadata={"a": 1})
    await world.ended(first.json()["id"])
    again = await place(world, key="once", to="+14155550142", metadata={"a": 1}, machine="off")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["id"] == first.json()["id"]
    assert again.json()["status"] == "completed"
    refused(await place(world, key="once", to="+14155550142", metadata={"a": 2}), 409)
    refused(await place(world, key="once", to=CUSTOMER, metadata={"a": 1}), 409)
    assert world.carrier.ledger.dials("+14155550142") == 1


async def test_concurrent_repeats_dial_once_and_wait_for_the_same_answer(
    world: Telephone,
) -> None:
    world.carrier.phones["+14155550143"] = SHORT
    wish = {"key": "at once", "to": "+14155550143"}
    answers = await asyncio.gather(*(place(world, **wish) for _ in range(12)))
    assert [answer.status_code for answer in answers] == [201] * 12
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert all(answer.json()["status"] != "queued" for answer in answers)
    await world.ended(answers[0].json()["id"])
    assert world.carrier.ledger.dials("+14155550143") == 1


async def test_a_key_keeps_its_call_whatever_has_changed_since(world: Telephone) -> None:
    number, customer = "+14155550181", "+14155550144"
    await world.register(number=number)
    world.carrier.phones[customer] = SHORT
    wish = {"key": "since", "from_": number, "to": customer}
    first = (await place(world, **wish)).json()
    await world.ended(first["id"])
    assert (await world.api.delete(f"/api/numbers/{number}")).status_code == 204
    again = await place(world, **wish)
    assert (again.status_code, again.json()["id"]) == (201, first["id"])


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_a_key_that_is_no_key_is_refused(world: Telephone, key: str) -> None:
    body = {"from": OURS, "to": CUSTOMER}
    answer = await world.api.post("/api/calls", json=body, headers={"Idempotency-Key": key})
    refused(answer, 422, "Idempotency-Key")


async def test_a_list_is_paged_and_filtered(world: Telephone) -> None:
    number = "+14155550182"
    await world.register(number=number, channels=20)
    placed = []
    for n in range(5):
        customer = f"+1415555016{n}"
        world.carrier.phones[customer] = SHORT if n % 2 else NO_ANSWER
        placed.append((await place(world, from_=number, to=customer, ring_seconds=2)).json()["id"])
    for call_id in placed:
        await world.ended(call_id)
    seen: list[str] = []
    cursor: str | None = None
    while cursor or not seen:
        query: dict[str, Any] = {"number": number, "limit": 2} | (
            {"cursor": cursor} if cursor else {}
        )
        page = (await world.api.get("/api/calls", params=query)).json()
        assert set(page) == {"items", "next"}
        assert all([one == await world.call(one["id"]) for one in page["items"]])
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
    assert seen == placed[::-1]
    query = {"number": number, "status": "no-answer"}
    missed = (await world.api.get("/api/calls", params=query)).json()["items"]
    assert {one["id"] for one in missed} == set(placed[::2])
    unencoded = (await world.api.get(f"/api/calls?number={number}")).json()["items"]
    assert len(unencoded) == 5


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=sleeping", "status"),
        ("cursor=nonsense", "cursor"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("number=%00", "number"),
        ("number=nobody", "number"),
    ],
)
async def test_a_bad_question_is_refused(world: Telephone, query: str, field: str) -> None:
    refused(await world.api.get(f"/api/calls?{query}"), 422, field)


@pytest.mark.parametrize("call_id", ["none", "%00", "x" * 500])
async def test_an_unknown_call_is_404_everywhere(world: Telephone, call_id: str) -> None:
    refused(await world.api.get(f"/api/calls/{call_id}"), 404)
    refused(await world.api.get(f"/api/calls/{call_id}/recordings/1"), 404)
    for command, body in COMMANDS.items():
        refused(await world.api.post(f"/api/calls/{call_id}/{command}", json=body), 404)


COMMANDS: dict[str, dict[str, Any]] = {
    "hangup": {},
    "transfer": {"to": ["+14155550177"]},
    "dtmf": {"digits": "1"},
    "recording": {"do": "start"},
}


async def test_a_call_that_is_over_takes_no_commands(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = Phone(ring_seconds=0.3, script=(HangUp(),))
    call = await world.ended((await place(world)).json()["id"])
    for command, body in COMMANDS.items():
        refused(await world.api.post(f"/api/calls/{call['id']}/{command}", json=body), 409)
    assert await world.call(call["id"]) == call


async def test_a_ringing_call_can_only_be_hung_up(world: Telephone) -> None:
    world.carrier.phones["+14155550145"] = Phone(ring_seconds=100)
    call = (await place(world, to="+14155550145")).json()
    await world.until(call["id"], lambda one: one["status"] == "ringing")
    for command in ("transfer", "dtmf"):
        answer = await world.api.post(f"/api/calls/{call['id']}/{command}", json=COMMANDS[command])
        assert "answered" in refused(answer, 409)["detail"]
    answer = await world.api.post(f"/api/calls/{call['id']}/hangup")
    assert (answer.status_code, answer.json()) == (202, {"status": "accepted"})
    assert (await world.ended(call["id"]))["status"] == "canceled"


@pytest.mark.parametrize(
    ("command", "body", "field"),
    [
        ("transfer", {}, "to"),
        ("transfer", {"to": []}, "to"),
        ("transfer", {"to": "+14155550177"}, "to"),
        ("transfer", {"to": ["+14155550177"], "mode": "hot"}, "mode"),
        ("transfer", {"to": ["+14155550177"], "timeout": 0}, "timeout"),
        ("transfer", {"to": ["+14155550177"], "why": "x"}, "why"),
        ("dtmf", {"digits": ""}, "digits"),
        ("dtmf", {"digits": "1x"}, "digits"),
        ("dtmf", {}, "digits"),
        ("recording", {"do": "erase"}, "do"),
        ("recording", {}, "do"),
    ],
)
async def test_a_bad_command_is_refused(
    world: Telephone, command: str, body: dict[str, Any], field: str
) -> None:
    refused(await world.api.post(f"/api/calls/any/{command}", json=body), 422, field)

"""Registered numbers through the API of a running server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from linecard.calls import Call, CallStatus, Direction
from linecard.simulator.ledger import What
from linecard.store import calls, numbers
from linecard.wall import now
from tests.calls.acme import with_acme
from tests.calls.problems import refused
from tests.calls.telephone import Telephone, telephone

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Telephone]:
    folder = tmp_path_factory.mktemp("town")
    variables = {"ACME_KEY": "k"}
    async with telephone(folder, plugins=with_acme(), variables=variables) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def world(town: Telephone) -> Telephone:
    """The town without numbers."""
    for one in (await town.api.get("/api/numbers?limit=200")).json()["items"]:
        assert (await town.api.delete(f"/api/numbers/{one['number']}")).status_code == 204
    return town


def body(**changes: object) -> dict[str, object]:
    return {"number": "+14155550100", "provider": "plivo", "agent": "echo"} | changes


async def post(world: Telephone, **changes: object) -> Any:
    return await world.api.post("/api/numbers", json=body(**changes))


async def patch(world: Telephone, **changes: object) -> Any:
    return await world.api.patch("/api/numbers/+14155550100", json=changes)


async def test_a_number_is_registered_with_its_defaults(world: Telephone) -> None:
    answer = await post(world)
    assert answer.status_code == 201
    shown = answer.json()
    setup = shown.pop("setup")
    assert shown == {
        "number": "+14155550100",
        "provider": "plivo",
        "account": "main",
        "agent": "echo",
        "channels": 1,
        "max_seconds": 1800,
        "stream": None,
        "options": {},
        "record": False,
        "enabled": True,
        "notify": None,
        "consent": None,
        "record_after_transfer": False,
        "enhance": None,
        "routing": {},
    }
    assert setup
    assert all(set(step) == {"do", "paste"} for step in setup)
    answer_url = next(step["paste"] for step in setup if step["paste"].startswith("http"))
    assert "/plivo/answer?a=main" in answer_url
    assert (await world.api.get("/api/numbers/+14155550100")).json() == shown | {"setup": setup}
    assert (await world.api.get("/api/numbers/%2B14155550100")).status_code == 200


async def test_everything_that_can_be_set_is_kept(world: Telephone) -> None:
    given = {
        "account": "main",
        "agent": "greeter",
        "channels": 7,
        "stream": "l16-16000",
        "options": {"noise_cancellation": True, "noise_cancellation_level": 90},
        "record": True,
        "enabled": False,
        "notify": "https://hooks.example.com/calls",
    }
    assert (await post(world, **given)).status_code == 201
    shown = (await world.api.get("/api/numbers/+14155550100")).json()
    assert {name: shown[name] for name in given} == given


async def test_registering_changing_and_removing_ask_nothing_of_the_carrier(
    world: Telephone,
) -> None:
    await post(world)
    await patch(world, agent="greeter")
    await world.api.delete("/api/numbers/+14155550100")
    assert world.carrier.ledger.all(What.REQUEST) == ()


async def test_a_number_is_registered_once(world: Telephone) -> None:
    await post(world)
    refused(await post(world, agent="greeter"), 409)
    assert (await world.api.get("/api/numbers/+14155550100")).json()["agent"] == "echo"


@pytest.mark.parametrize(
    ("changes", "field", "lists"),
    [
        ({"provider": "nobody"}, "provider", "acme, exotel, plivo, twilio"),
        ({"account": "other"}, "account", "plivo:main"),
        ({"agent": "nobody"}, "agent", "echo"),
        ({"stream": "hifi"}, "stream", "l16-8000, l16-16000, pcmu-8000"),
        ({"options": {"colour": 1}}, "options.colour", "noise_cancellation"),
        ({"provider": "acme", "options": {"colour": 1}}, "options.colour", "none"),
        (
            {"options": {"noise_cancellation_level": 20}},
            "options.noise_cancellation_level",
            "60",
        ),
        ({"options": {"noise_cancellation": "loud"}}, "options.noise_cancellation", "bool"),
    ],
)
async def test_what_is_not_there_is_named_with_what_is(
    world: Telephone, changes: dict[str, object], field: str, lists: str
) -> None:
    problem = refused(await post(world, **changes), 422, field)
    assert lists in problem["errors"][0]["message"]
    assert (await world.api.get("/api/numbers")).json()["items"] == []


async def test_a_way_of_audio_that_is_not_built_is_501(world: Telephone) -> None:
    answer = await post(world, provider="acme", stream="dialled")
    assert "websocket-out" in refused(answer, 501)["detail"]
    assert (await world.api.get("/api/numbers")).json()["items"] == []


@pytest.mark.parametrize(
    "number",
    ["4155550100", "+1 415 555 0100", "0014155550100", "+1", "", "+14155550100\n", "sip:a@b", "x"],
)
async def test_a_number_that_is_not_e164_is_refused(world: Telephone, number: str) -> None:
    refused(await post(world, number=number), 422, "number")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"channels": 0}, "channels"),
        ({"channels": True}, "channels"),
        ({"channels": "many"}, "channels"),
        ({"channels": 10**30}, "channels"),
        ({"record": "perhaps"}, "record"),
        ({"enabled": None}, "enabled"),
        ({"options": []}, "options"),
        ({"agent": ""}, "agent"),
        ({"agent": None}, "agent"),
        ({"stream": 5}, "stream"),
        ({"number": 14155550100}, "number"),
    ],
)
async def test_a_bad_field_is_named(
    world: Telephone, changes: dict[str, object], field: str
) -> None:
    refused(await post(world, **changes), 422, field)


async def test_every_missing_field_is_named(world: Telephone) -> None:
    refused(await world.api.post("/api/numbers", json={}), 422, "number", "provider", "agent")


@pytest.mark.parametrize("raw", ['{"number": ', "", "[]", "null", "5", '"x"'])
async def test_a_body_that_is_no_json_object_is_refused(world: Telephone, raw: str) -> None:
    headers = {"content-type": "application/json"}
    answer = await world.api.post("/api/numbers", content=raw, headers=headers)
    refused(answer, 422, "body")


@pytest.mark.parametrize("raw", [b'{"number": "\xff"}', b"[" * 100_000])
async def test_a_body_that_nobody_can_read_is_refused(world: Telephone, raw: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = await world.api.post("/api/numbers", content=raw, headers=headers)
    refused(answer, 422, "body")


async def test_a_body_that_is_too_large_is_refused(world: Telephone) -> None:
    large = {"number": "+14155550100", "filler": "x" * 300_000}
    refused(await world.api.post("/api/numbers", json=large), 413)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b" " * 50_000

    headers = {"content-type": "application/json"}
    refused(await world.api.post("/api/numbers", content=pieces(), headers=headers), 413)


async def test_a_list_is_paged_without_loss_or_repeats(world: Telephone) -> None:
    wanted = [f"+1415555010{n}" for n in range(7)]
    for number in wanted:
        await post(world, number=number)
    for limit in (1, 3, 7):
        seen, cursor, pages = [], None, 0
        while True:
            query = {"limit": limit} | ({"cursor": cursor} if cursor else {})
            page = (await world.api.get("/api/numbers", params=query)).json()
            assert set(page) == {"items", "next"}
            assert len(page["items"]) <= limit
            seen += [one["number"] for one in page["items"]]
            cursor, pages = page["next"], pages + 1
            if cursor is None:
                break
        assert seen == wanted
        assert pages == -(-7 // limit)


@pytest.mark.parametrize(
    ("query", "field"),
    [("cursor=nonsense", "cursor"), ("cursor=%00%ff", "cursor"), ("limit=0", "limit")],
)
async def test_a_bad_page_is_refused(world: Telephone, query: str, field: str) -> None:
    refused(await world.api.get(f"/api/numbers?{query}"), 422, field)


async def test_only_what_is_given_is_changed(world: Telephone) -> None:
    await post(world, channels=3, stream="pcmu-8000", record=True)
    answer = await patch(world, agent="greeter", enabled=False)
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["agent"], shown["enabled"]) == ("greeter", False)
    assert (shown["channels"], shown["stream"], shown["record"]) == (3, "pcmu-8000", True)
    assert (await world.api.get("/api/numbers/+14155550100")).json() == shown
    assert (await patch(world)).json() == shown


async def test_a_new_provider_resets_what_belongs_to_the_old(world: Telephone) -> None:
    await post(world, stream="pcmu-8000", options={"noise_cancellation": True}, channels=4)
    shown = (await patch(world, provider="acme")).json()
    assert (shown["provider"], shown["account"]) == ("acme", "main")
    assert (shown["stream"], shown["options"], shown["channels"]) == (None, {}, 4)
    back = (await patch(world, provider="plivo", stream="l16-16000")).json()
    assert (back["provider"], back["stream"], back["options"]) == ("plivo", "l16-16000", {})


async def test_null_stands_for_the_default_where_there_is_one(world: Telephone) -> None:
    await post(world, stream="pcmu-8000")
    shown = (await patch(world, stream=None, account=None)).json()
    assert (shown["stream"], shown["account"]) == (None, "main")
    for name in ("provider", "agent", "channels", "options", "record", "enabled"):
        refused(await patch(world, **{name: None}), 422, name)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"number": "+14155550101"}, "number"),
        ({"agent": "nobody"}, "agent"),
        ({"provider": "nobody"}, "provider"),
        ({"stream": "hifi"}, "stream"),
        ({"options": {"colour": 1}}, "options.colour"),
        ({"channels": 0}, "channels"),
    ],
)
async def test_a_bad_change_changes_nothing(
    world: Telephone, changes: dict[str, object], field: str
) -> None:
    before = (await post(world)).json()
    refused(await patch(world, **changes), 422, field)
    assert (await world.api.get("/api/numbers/+14155550100")).json() == before


@pytest.mark.parametrize("number", ["+14155550199", "4155550100", "x", "%00", "+1%2F2"])
async def test_what_is_not_registered_is_not_found(world: Telephone, number: str) -> None:
    refused(await world.api.get(f"/api/numbers/{number}"), 404)
    refused(await world.api.patch(f"/api/numbers/{number}", json={"channels": 2}), 404)
    refused(await world.api.delete(f"/api/numbers/{number}"), 404)


async def test_a_number_with_live_calls_is_not_removed(world: Telephone) -> None:
    await post(world)
    call = Call(
        id="livecall",
        provider="plivo",
        account="main",
        direction=Direction.OUTBOUND,
        from_="+14155550100",
        to="+14155550123",
        number="+14155550100",
        agent="echo",
        profile="l16-8000",
        status=CallStatus.IN_PROGRESS,
        created_at=now(),
    )
    async with world.exchange.database.write() as conn:
        await calls.add(conn, call)
    refused(await world.api.delete("/api/numbers/+14155550100"), 409)
    assert (await world.api.get("/api/numbers/+14155550100")).status_code == 200
    async with world.exchange.database.write() as conn:
        await calls.update(conn, call.id, status=CallStatus.COMPLETED)
    answer = await world.api.delete("/api/numbers/+14155550100")
    assert (answer.status_code, answer.content) == (204, b"")


async def test_a_number_whose_account_is_gone_can_still_be_seen(world: Telephone) -> None:
    await post(world)
    async with world.exchange.database.write() as conn:
        await numbers.update(conn, "+14155550100", account="gone")
    listed = await world.api.get("/api/numbers")
    assert listed.status_code == 200
    assert "plivo:gone" in listed.json()["items"][0]["setup"][0]["do"]
    answer = await world.api.post("/api/calls", json={"from": "+14155550100", "to": "+14155550123"})
    assert "plivo:gone" in refused(answer, 422, "from")["detail"]

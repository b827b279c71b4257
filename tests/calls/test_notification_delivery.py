"""Deliveries that fail: again with the same id, in order, given up in the open, lost by no crash."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from starlette.responses import RedirectResponse, Response

from linecard.calls import Call, CallStatus, Direction, MachineKind
from linecard.events import CallAnswered, CallRinging, LegEnded, MachineDetected
from linecard.exchange import durable, inbox
from linecard.exchange.notifying import breakers, delivery
from linecard.exchange.outbox import OutboxLoop
from linecard.store import calls
from linecard.store.tables import outbox as jobs
from linecard.wall import now
from tests.calls.problems import refused
from tests.calls.receiver import Answer, Delivered, Receiver, ok, receiving
from tests.calls.shell import linecard
from tests.calls.telephone import CUSTOMER, KEY, OURS, Telephone, telephone

TYPES = ["call.ringing", "call.answered", "call.machine", "call.ended"]
"""What `live_through` makes."""


@asynccontextmanager
async def world_of(
    folder: Path, answer: Answer = ok, **settings: str
) -> AsyncIterator[tuple[Telephone, Receiver]]:
    async with receiving(answer) as receiver, telephone(folder, **settings) as world:
        yield world, receiver


async def new_call(world: Telephone, url: str, name: str = "a") -> Call:
    """A call on record, as if it had just been placed."""
    call = Call(
        id=f"call-{name}",
        provider="plivo",
        account="main",
        direction=Direction.OUTBOUND,
        from_=OURS,
        to=CUSTOMER,
        number=OURS,
        agent="echo",
        profile="l16-8000",
        status=CallStatus.DIALING,
        created_at=now(),
        notify=url,
    )
    async with world.exchange.database.write() as conn:
        await calls.add(conn, call)
    return call


async def live_through(world: Telephone, call: Call) -> None:
    """Apply a whole life to a call, as the carrier's reports would."""
    for event in (
        CallRinging(key=f"{call.id}:1"),
        CallAnswered(key=f"{call.id}:2"),
        MachineDetected(key=f"{call.id}:3", kind=MachineKind.HUMAN),
        LegEnded(key=f"{call.id}:4", status=CallStatus.COMPLETED, duration=7),
    ):
        await inbox.apply(world.exchange, call, [event])


async def listed(world: Telephone, **query: str) -> list[dict[str, Any]]:
    answer = await world.api.get("/api/notifications", params={"limit": "200", **query})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def settled(world: Telephone, *states: str) -> list[dict[str, Any]]:
    """Every notification, once each is in one of the states."""

    async def are() -> bool:
        found = await listed(world)
        return bool(found) and all(one["state"] in states for one in found)

    await world.eventually(are, 40)
    return await listed(world)


def failing(times: int, status: int = 500, **headers: str) -> Answer:
    """Refuse each notification so often before it is taken."""
    seen = Counter[str]()

    def answer(one: Delivered) -> Response:
        seen[one.headers["webhook-id"]] += 1
        is_taken = seen[one.headers["webhook-id"]] > times
        return Response(status_code=204 if is_taken else status, headers=headers)

    return answer


def sequences(receiver: Receiver, call: Call) -> list[int]:
    taken = [one.content for one in receiver.taken]
    return [one["sequence"] for one in taken if one["call"]["id"] == call.id]


async def test_what_fails_comes_again_the_same_and_in_order(tmp_path: Path) -> None:
    async with world_of(tmp_path, failing(2)) as (world, receiver):
        call = await new_call(world, receiver.url)
        await live_through(world, call)
        found = await settled(world, "delivered")
    assert receiver.types == TYPES
    assert sequences(receiver, call) == [1, 2, 3, 4]
    assert {one["attempts"] for one in found} == {3}
    bodies: dict[str, set[bytes]] = {}
    for came in receiver.came:
        bodies.setdefault(came.headers["webhook-id"], set()).add(came.body)
    assert Counter(one.headers["webhook-id"] for one in receiver.came) == dict.fromkeys(bodies, 3)
    assert all(len(same) == 1 for same in bodies.values())


async def test_a_redirect_is_a_failure(tmp_path: Path) -> None:
    async with receiving() as elsewhere:
        turned = [True]

        def answer(one: Delivered) -> Response:
            return RedirectResponse(elsewhere.url, 307) if turned.pop() else ok(one)

        turned += [False] * 10
        turned.append(True)
        async with world_of(tmp_path, answer) as (world, receiver):
            await live_through(world, await new_call(world, receiver.url))
            await settled(world, "delivered")
    assert elsewhere.came == []
    assert len(receiver.came) == len(TYPES) + 1


async def test_410_ends_it_for_that_call_alone(tmp_path: Path) -> None:
    def answer(one: Delivered) -> Response:
        is_first = one.content["call"]["id"] == "call-a"
        return Response(status_code=410 if is_first else 204)

    async with world_of(tmp_path, answer) as (world, receiver):
        first, second = [await new_call(world, receiver.url, name) for name in "ab"]
        await inbox.apply(world.exchange, first, [CallRinging(key="first")])
        await settled(world, "dead")
        await live_through(world, first)
        await live_through(world, second)
        await settled(world, "dead", "delivered")
        shown = await world.call(first.id)
        (dead,) = await listed(world, state="dead")
    assert [one.content["call"]["id"] for one in receiver.came].count(first.id) == 1
    assert sequences(receiver, second) == [1, 2, 3, 4]
    assert "notifications-ended" in [event["name"] for event in shown["events"]]
    assert (dead["status"], dead["attempts"], dead["call"]) == (410, 1, first.id)


@pytest.mark.parametrize("status", [429, 503])
async def test_the_receiver_says_when_it_wants_to_be_asked_again(
    tmp_path: Path, status: int
) -> None:
    async with world_of(tmp_path, failing(99, status, **{"retry-after": "7200"})) as (
        world,
        receiver,
    ):
        call = await new_call(world, receiver.url)
        await inbox.apply(world.exchange, call, [CallRinging(key="1")])
        await world.eventually(lambda: _has(world, status))
        (one,) = await listed(world)
        pause, clock = _time(one["next_at"]) - _time(one["at"]), world.exchange.clock
        assert pause >= timedelta(seconds=7200 / clock.speed - clock.behind)
        assert one["state"] == "waiting"
        assert len(receiver.came) == 1


async def _has(world: Telephone, status: int) -> bool:
    return [one["status"] for one in await listed(world)] == [status]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three tries, and then it is given up."""
    monkeypatch.setattr(delivery, "RETRY_AFTER", (0.1, 0.1))


def refuses(*types: str) -> Answer:
    return lambda one: Response(status_code=500 if one.type in types else 204)


async def test_what_never_arrives_is_dead_and_lets_the_others_go_on(
    tmp_path: Path, hasty: None
) -> None:
    async with world_of(tmp_path, refuses("call.answered")) as (world, receiver):
        await live_through(world, await new_call(world, receiver.url))
        await settled(world, "delivered", "dead")
        (dead,) = await listed(world, state="dead")
        assert (dead["type"], dead["attempts"], dead["status"]) == ("call.answered", 3, 500)
        assert dead["error"] == "answered 500"
        assert receiver.types == [one for one in TYPES if one != "call.answered"]
        assert 'linecard_notifications_total{result="dead"} 1.0' in await _metrics(world)

        receiver.answer = ok
        again = await world.api.post(f"/api/notifications/{dead['id']}/retry")
        assert (again.status_code, again.json()["state"]) == (202, "waiting")
        await settled(world, "delivered")
        assert receiver.taken[-1].headers["webhook-id"] == dead["id"]
        same = [one.body for one in receiver.came if one.headers["webhook-id"] == dead["id"]]
        assert len(same) == 4
        assert len(set(same)) == 1
        refused(await world.api.post(f"/api/notifications/{dead['id']}/retry"), 409)
        refused(await world.api.post("/api/notifications/unknown/retry"), 404)


async def _metrics(world: Telephone) -> str:
    return (await world.api.get("/metrics")).text


async def test_a_dead_one_that_fails_again_is_dead_again(
    tmp_path: Path, hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breakers, "MOST_FAILURES", 99)
    async with world_of(tmp_path, refuses("call.ringing")) as (world, receiver):
        call = await new_call(world, receiver.url)
        await inbox.apply(world.exchange, call, [CallRinging(key="1")])
        for attempts in (3, 6):
            (dead,) = await settled(world, "dead")
            assert dead["attempts"] == attempts
            await world.api.post(f"/api/notifications/{dead['id']}/retry")
        await settled(world, "dead")
    assert len(receiver.came) == 9


async def test_after_a_day_it_is_over_whatever_was_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "DAY", 0)
    async with world_of(tmp_path, refuses(*TYPES)) as (world, receiver):
        await live_through(world, await new_call(world, receiver.url))
        found = await settled(world, "dead")
    assert {one["attempts"] for one in found} == {1}


@pytest.mark.slow
async def test_a_host_that_fails_is_left_alone_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of twenty calls, five requests find out; one after a pause sees that it is well again."""
    async with world_of(tmp_path, refuses(*TYPES)) as (world, receiver):
        made = [await new_call(world, receiver.url, f"{n}") for n in range(20)]
        for call in made:
            await live_through(world, call)
        await world.eventually(lambda: len(receiver.came) >= breakers.MOST_FAILURES)
        await asyncio.sleep(1.0)
        # Those under way together when the fifth failed are the most there can be.
        assert len(receiver.came) < breakers.MOST_FAILURES + 4
        receiver.answer = ok
        found = await settled(world, "delivered")
    assert len(found) == 20 * len(TYPES)
    for call in made:
        assert sequences(receiver, call) == [1, 2, 3, 4]


async def test_one_host_that_fails_does_not_stop_another(tmp_path: Path) -> None:
    async with receiving() as well, world_of(tmp_path, refuses(*TYPES)) as (world, ill):
        await live_through(world, await new_call(world, ill.url, "a"))
        await live_through(world, await new_call(world, well.url, "b"))
        await world.eventually(lambda: well.types == TYPES)
    assert ill.taken == []


async def test_a_kill_between_commit_and_send_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dead(_loop: OutboxLoop) -> None:
        await asyncio.Event().wait()

    async with receiving() as receiver:
        with monkeypatch.context() as patched:
            patched.setattr(OutboxLoop, "run", dead)
            async with telephone(tmp_path) as world:
                call = await new_call(world, receiver.url)
                await live_through(world, call)
            assert receiver.came == []
        async with telephone(tmp_path) as world:
            await settled(world, "delivered")
    assert receiver.types == TYPES
    assert sequences(receiver, call) == [1, 2, 3, 4]


async def test_a_kill_after_the_send_repeats_it_with_the_same_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receiver has taken it, and we are killed before we have written that down."""

    async def killed(*_arguments: object) -> None:
        await asyncio.Event().wait()

    async with receiving() as receiver:
        with monkeypatch.context() as patched:
            patched.setattr(delivery, "_delivered", killed)
            async with telephone(tmp_path) as world:
                await live_through(world, await new_call(world, receiver.url))
                await world.eventually(lambda: len(receiver.came) == 1)
        async with telephone(tmp_path) as world:
            await _end_leases(world)
            await settled(world, "delivered")
    assert receiver.types == TYPES
    ids = [one.headers["webhook-id"] for one in receiver.came]
    assert ids[0] == ids[1]
    assert len(set(ids)) == len(TYPES)


async def _end_leases(world: Telephone) -> None:
    """As the time does that a killed process held its work for."""
    async with world.exchange.database.write() as conn:
        await conn.execute(update(jobs).where(jobs.c.state == "waiting").values(due_at=now()))


@pytest.mark.slow
async def test_two_processes_keep_the_order(tmp_path: Path) -> None:
    async with world_of(tmp_path, failing(1)) as (world, receiver):
        other = asyncio.create_task(OutboxLoop(world.exchange, durable.KINDS).run())
        made = [await new_call(world, receiver.url, f"{n}") for n in range(5)]
        await asyncio.gather(*(live_through(world, call) for call in made))
        await settled(world, "delivered")
        other.cancel()
    for call in made:
        assert sequences(receiver, call) == [1, 2, 3, 4]


@pytest.mark.crowd
async def test_a_storm_of_calls_is_told_whole(tmp_path: Path) -> None:
    """Each once, in order, at most four at a time, while other durable work goes on."""
    async with world_of(tmp_path) as (world, receiver):
        made = [await new_call(world, receiver.url, f"{n}") for n in range(60)]
        await asyncio.gather(*(live_through(world, call) for call in made))
        await settled_all(world, 60 * len(TYPES))
    for call in made:
        assert sequences(receiver, call) == [1, 2, 3, 4]
    assert len(receiver.came) == 60 * len(TYPES)
    assert receiver.most_at_once <= 4


async def settled_all(world: Telephone, count: int) -> None:
    wanted = f'linecard_notifications_total{{result="delivered"}} {count}.0'

    async def are() -> bool:
        return wanted in await _metrics(world)

    await world.eventually(are, 90)


WRONG = [
    "http://hooks.example.com/calls",
    "https://user@hooks.example.com/",
    "https://10.0.0.1/",
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://[::ffff:127.0.0.1]/",
    "https://localhost/",
    "ftp://hooks.example.com/",
    "hooks.example.com",
    "",
]


async def test_bad_addresses_are_refused_at_the_door(tmp_path: Path) -> None:
    async with telephone(tmp_path) as world:
        body = {"number": OURS, "provider": "plivo", "agent": "echo"}
        for url in WRONG:
            refused(
                await world.api.post("/api/numbers", json=body | {"notify": url}), 422, "notify"
            )
        await world.register()
        for wrong in [*WRONG, 7]:
            wish = {"from": OURS, "to": CUSTOMER, "notify": wrong}
            refused(await world.api.post("/api/calls", json=wish), 422, "notify")
            change = {"notify": wrong}
            refused(await world.api.patch(f"/api/numbers/{OURS}", json=change), 422, "notify")
        assert (await world.api.get("/api/calls")).json()["items"] == []
        assert (await world.api.get(f"/api/numbers/{OURS}")).json()["notify"] is None


async def test_an_address_that_got_past_the_door_is_given_up(tmp_path: Path) -> None:
    async with telephone(tmp_path) as world:
        call = await new_call(world, "https://10.0.0.1/calls")
        await inbox.apply(world.exchange, call, [CallRinging(key="1")])
        (dead,) = await settled(world, "dead")
    assert "not on the internet" in dead["error"]
    assert dead["attempts"] == 0


async def _address(world: Telephone, placed: dict[str, Any]) -> str | None:
    async with world.exchange.database.read() as conn:
        call = await calls.get(conn, placed["id"])
    assert call is not None
    return call.notify


async def test_the_call_decides_before_the_number(tmp_path: Path) -> None:
    async with world_of(tmp_path) as (world, receiver):
        theirs, other = receiver.url, f"{receiver.url}/other"
        await world.register(notify=theirs)
        assert await _address(world, await world.dial()) == theirs
        assert await _address(world, await world.dial(notify=other)) == other
        assert await _address(world, await world.dial(notify=None)) is None
        changed = await world.api.patch(f"/api/numbers/{OURS}", json={"notify": None})
        assert changed.json()["notify"] is None
        assert await _address(world, await world.dial()) is None
        assert await _address(world, await world.dial(notify=other)) == other


async def test_left_out_and_null_are_two_wishes(tmp_path: Path) -> None:
    async with telephone(tmp_path) as world:
        await world.register()
        key = {"Idempotency-Key": "one"}
        wish = {"from": OURS, "to": CUSTOMER}
        assert (await world.api.post("/api/calls", json=wish, headers=key)).status_code == 201
        again = await world.api.post("/api/calls", json=wish | {"notify": None}, headers=key)
        refused(again, 409)


async def test_pages_of_notifications(tmp_path: Path) -> None:
    async with world_of(tmp_path) as (world, receiver):
        call = await new_call(world, receiver.url)
        await live_through(world, call)
        await live_through(world, await new_call(world, receiver.url, "b"))
        await settled(world, "delivered")
        first = (await world.api.get("/api/notifications?limit=3&call=call-a")).json()
        rest = (
            await world.api.get(f"/api/notifications?limit=3&call=call-a&cursor={first['next']}")
        ).json()
        assert [one["sequence"] for one in first["items"] + rest["items"]] == [4, 3, 2, 1]
        assert rest["next"] is None
        refused(await world.api.get("/api/notifications?state=lost"), 422, "state")
        refused(await world.api.get("/api/notifications?cursor=x"), 422, "cursor")
        assert await listed(world, call="\0") == []


async def test_the_command_line_shows_and_retries(tmp_path: Path, hasty: None) -> None:
    async with world_of(tmp_path, refuses("call.ringing")) as (world, receiver):
        call = await new_call(world, receiver.url)
        await inbox.apply(world.exchange, call, [CallRinging(key="1")])
        (dead,) = await settled(world, "dead")
        receiver.answer = ok
        env = {"LINECARD_PUBLIC_URL": world.exchange.settings.public_url, "LINECARD_API_KEY": KEY}
        shown = await linecard("notifications", "list", env=env, cwd=Path("/"))
        assert dead["id"] in shown.out
        assert "answered 500" in shown.out
        retried = await linecard("notifications", "retry", dead["id"], env=env, cwd=Path("/"))
        assert (retried.code, retried.err) == (0, "")
        await settled(world, "delivered")
        nothing = await linecard("notifications", "retry", dead["id"], env=env, cwd=Path("/"))
        assert nothing.code == 1
        assert "409" in nothing.err


async def test_the_command_line_prints_the_secret(tmp_path: Path) -> None:
    env = {"LINECARD_API_KEY": KEY, "LINECARD_SECRET": "s" * 40,
           "LINECARD_PUBLIC_URL": "http://127.0.0.1:8080"}  # fmt: skip
    derived = await linecard("notifications", "secret", env=env, cwd=tmp_path)
    assert (derived.code, derived.err) == (0, "")
    assert derived.out.startswith("whsec_")
    own = "whsec_" + "YWJj" * 10
    env["LINECARD_NOTIFY_SECRET"] = own
    assert (await linecard("notifications", "secret", env=env, cwd=tmp_path)).out == f"{own}\n"

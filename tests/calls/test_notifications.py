"""Notifications of whole calls: what a real receiver is told, signed, in order, on every carrier."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from examples.notified import is_genuine

from linecard.events import CallRated
from linecard.exchange import inbox
from linecard.outgoing.signing import shown_secrets
from linecard.settings import Secret
from linecard.simulator.phone import BUSY, NO_ANSWER, Phone, human
from linecard.simulator.script import Press, Wait
from linecard.store import calls
from tests.calls import test_exotel_calls as exotel
from tests.calls.receiver import Receiver, receiving
from tests.calls.telephone import CUSTOMER, HUMAN, OURS, Telephone, telephone

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "docs" / "samples" / "notification.json"
RINGS = 6.0
"""Long enough that on a busy machine the report of the ringing is not late."""
STAYS = Phone(ring_seconds=RINGS, script=(Wait(300),))
LISTENER = Phone(ring_seconds=RINGS, script=(Wait(12),), hangs_up=True)
SECRET = "s" * 40


@dataclass(frozen=True, slots=True)
class Carrier:
    """What differs between the carriers: their numbers, and what has to be set up by hand."""

    ours: str
    customer: str
    human: str
    settings: Mapping[str, str]
    set_up: Callable[..., Awaitable[object]]
    rings: bool = True
    detects: bool = True


async def _register(world: Telephone, **changes: object) -> None:
    await world.register(number=OURS, **changes)


CARRIERS = {
    "plivo": Carrier(OURS, CUSTOMER, HUMAN, {}, _register),
    "twilio": Carrier(OURS, CUSTOMER, HUMAN, {}, _register),
    "exotel": Carrier(
        exotel.EXOPHONE,
        exotel.CUSTOMER,
        exotel.HUMAN,
        {"allowed_countries": "IN", "transfer_allow": exotel.ALLOWED},
        exotel.with_flow,
        rings=False,
        detects=False,
    ),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """A world on one carrier, with somebody outside who is told of its calls."""

    carrier: Carrier
    world: Telephone
    receiver: Receiver

    async def dial(self, phone: Phone, **changes: object) -> dict[str, Any]:
        self.world.carrier.phones[self.carrier.customer] = phone
        return await self.world.dial(self.carrier.customer, **{"from": self.carrier.ours} | changes)

    async def transfer(self, placed: dict[str, Any], phone: Phone) -> None:
        """Ask for a human, once the call has its stream."""
        await self.told("stream.started")
        self.world.carrier.phones[self.carrier.human] = phone
        asked = {"to": [self.carrier.human], "mode": "cold"}
        answer = await self.world.api.post(f"/api/calls/{placed['id']}/transfer", json=asked)
        assert answer.status_code == 202, answer.text

    async def told(self, *types: str) -> None:
        """Wait until each of these has been told so often."""
        seen = self.receiver
        with contextlib.suppress(TimeoutError):
            await self.world.eventually(lambda: not Counter(types) - Counter(seen.types), 40)
        assert not Counter(types) - Counter(seen.types), f"told were {seen.types}"


@asynccontextmanager
async def scene(tmp_path: Path, name: str, **settings: str) -> AsyncIterator[Scene]:
    carrier = CARRIERS[name]
    async with (
        receiving() as receiver,
        telephone(tmp_path, name, **{**carrier.settings, **settings}) as world,
    ):
        await carrier.set_up(world, agent="echo", notify=receiver.url)
        yield Scene(carrier, world, receiver)


@pytest.fixture(params=CARRIERS)
async def each(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path, request.param) as made:
        yield made


@pytest.fixture
async def plivo(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path, "plivo") as made:
        yield made


def is_in_order(receiver: Receiver) -> bool:
    """Whether the notifications of each call came in their order, and none is missing."""
    seen: dict[str, list[int]] = {}
    for one in receiver.taken:
        seen.setdefault(one.content["call"]["id"], []).append(one.content["sequence"])
    return all(places == list(range(1, len(places) + 1)) for places in seen.values())


async def test_a_call_is_told_from_its_beginning_to_its_recording(each: Scene) -> None:
    machine = {"machine": "detect"} if each.carrier.detects else {}
    placed = await each.dial(STAYS, record=True, **machine)
    await each.transfer(placed, BUSY)
    await each.told("transfer.ended", "stream.started", "stream.started")
    await each.world.api.post(f"/api/calls/{placed['id']}/hangup")
    await each.told("call.ended", "recording.ready", "stream.ended", "stream.ended")
    wanted = ["call.answered", "stream.started", "transfer.asked", "stream.ended"]
    wanted += ["transfer.ended", "stream.started", "stream.ended", "call.ended", "recording.ready"]
    wanted += ["call.ringing"] if each.carrier.rings else []
    wanted += ["call.machine"] if each.carrier.detects else []
    assert sorted(each.receiver.types) == sorted(wanted)
    assert is_in_order(each.receiver)
    assert each.receiver.of("transfer.ended")["facts"]["result"] == "busy"
    assert each.receiver.of("call.answered")["call"]["status"] == "in-progress"
    ended = each.receiver.of("call.ended")
    call = await each.world.ended(placed["id"])
    assert (ended["call"]["id"], ended["call"]["status"]) == (call["id"], "completed")
    assert ended["call"]["duration"] in (None, call["duration"])
    recorded = each.receiver.of("recording.ready")
    assert recorded["facts"]["file"] == call["recordings"][0]["file"]


async def test_a_caller_who_is_handed_over(each: Scene) -> None:
    placed = await each.dial(STAYS)
    await each.transfer(placed, human("hello this is anna", talk_seconds=3))
    await each.told("call.ended", "transfer.ended", "stream.ended")
    assert each.receiver.of("transfer.ended")["facts"]["result"] == "bridged"
    assert each.receiver.of("transfer.asked")["facts"]["targets"] == 1
    assert is_in_order(each.receiver)


async def test_a_call_that_comes_in_is_told_by_the_number(each: Scene) -> None:
    await each.world.carrier.call_in(each.carrier.customer, each.carrier.ours, LISTENER)
    await each.told("call.ended", "stream.ended")
    assert each.receiver.types[:3] == ["call.ringing", "call.answered", "stream.started"]
    ringing = each.receiver.of("call.ringing")["call"]
    assert (ringing["direction"], ringing["status"]) == ("inbound", "ringing")
    assert (ringing["from"], ringing["number"]) == (each.carrier.customer, each.carrier.ours)
    assert is_in_order(each.receiver)


async def test_a_call_that_nobody_answers(each: Scene) -> None:
    await each.dial(replace(NO_ANSWER, ring_seconds=RINGS), ring_seconds=5)
    await each.told("call.ended")
    assert each.receiver.types == [*(["call.ringing"] if each.carrier.rings else []), "call.ended"]
    assert each.receiver.of("call.ended")["call"]["status"] == "no-answer"


async def test_a_price_that_comes_late(each: Scene) -> None:
    """Told by whatever look-up finds it; here, by hand."""
    placed = await each.dial(LISTENER)
    await each.told("call.ended")
    rated = CallRated(key="rated:1", leg="target:1", cost="0.0040", price="0.33", currency="INR")
    async with each.world.exchange.database.read() as conn:
        call = await calls.get(conn, placed["id"])
    assert call is not None
    for _ in range(2):
        await inbox.apply(each.world.exchange, call, [rated])
    await each.told("call.rated")
    facts = {"leg": "target:1", "cost": "0.0040", "price": "0.33", "currency": "INR"}
    told = each.receiver.of("call.rated")
    assert told["facts"] == facts
    assert told["call"]["cost"] == (await each.world.call(placed["id"]))["cost"]


async def test_a_recording_that_fails(plivo: Scene) -> None:
    plivo.world.carrier.faults.rest, plivo.world.carrier.faults.error_before = "/Record/", 1.0
    await plivo.dial(LISTENER, record=True)
    await plivo.told("recording.failed", "call.ended")
    assert plivo.receiver.of("recording.failed")["facts"]["reason"]


async def test_a_transfer_that_the_carrier_refuses(plivo: Scene) -> None:
    placed = await plivo.dial(STAYS)
    await plivo.told("stream.started")
    plivo.world.carrier.faults.rest, plivo.world.carrier.faults.error_before = "POST", 1.0
    asked = {"to": [plivo.carrier.human]}
    answer = await plivo.world.api.post(f"/api/calls/{placed['id']}/transfer", json=asked)
    assert answer.status_code == 502, answer.text
    await plivo.told("transfer.asked", "transfer.ended")
    facts = plivo.receiver.of("transfer.ended")["facts"]
    assert facts["result"] == "failed"
    assert facts["reason"]
    plivo.world.carrier.faults.error_before = 0.0
    await plivo.world.api.post(f"/api/calls/{placed['id']}/hangup")
    await plivo.told("call.ended")


OWN = "whsec_" + "bmV3" * 10 + ",whsec_" + "b2xk" * 10


@pytest.mark.parametrize(
    "settings", [{}, {"notify_secret": OWN}, {"secret": f"{'n' * 40},{SECRET}"}]
)
async def test_every_notification_is_genuine_by_every_live_secret(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    async with scene(tmp_path, "plivo", **settings) as made:
        await made.dial(LISTENER)
        await made.told("call.ended", "stream.ended")
    own = Secret(settings["notify_secret"]) if "notify_secret" in settings else None
    secrets = shown_secrets(own, Secret(settings.get("secret", SECRET)))
    assert len(secrets) == (2 if settings else 1)
    for one in made.receiver.came:
        assert one.headers["content-type"] == "application/json"
        assert one.headers["webhook-id"] == one.content["id"]
        assert all(is_genuine(secret, one.headers, one.body) for secret in secrets)
        assert not is_genuine(secrets[0], one.headers, one.body + b" ")
        assert not is_genuine("whsec_" + "b3RoZXI" * 4, one.headers, one.body)


async def test_no_secrets_and_no_digits_leave(tmp_path: Path) -> None:
    """Canaries in everything that a receiver has no right to see."""
    async with scene(tmp_path, "plivo") as made:
        presses = Phone(ring_seconds=RINGS, script=(Wait(2), Press("739146"), Wait(300)))
        placed = await made.dial(presses, record=True, send_digits="852963#")
        await made.transfer(placed, human("hello this is anna", talk_seconds=2))
        await made.told("call.ended", "recording.ready")
        environment = made.world.carrier.environment("http://127.0.0.1:1")
    bodies = b"".join(one.body for one in made.receiver.came).decode()
    hidden = ["739146", "852963", "/ws/", "t=", "https://media", SECRET, *environment.values()]
    assert not [one for one in hidden if one in bodies]


SHAPE = {"id", "type", "at", "sequence", "call", "facts"}


async def test_the_sample_of_the_documentation_is_what_is_sent(plivo: Scene) -> None:
    """But for ids and times, it is a notification that was sent; and all have the one shape."""
    await plivo.dial(LISTENER, metadata={"order": 17})
    await plivo.told("call.ended", "stream.ended")
    written = json.loads(SAMPLE.read_text(encoding="utf-8"))
    sent = plivo.receiver.of("call.ended")
    for name in ("id", "at", "sequence"):
        sent[name] = written[name]
    for name in ("id", "created_at", "answered_at", "ended_at", "duration", "cost"):
        assert type(sent["call"][name]) is type(written["call"][name])
        sent["call"][name] = written["call"][name]
    shown = json.dumps(sent, indent=2)
    assert SAMPLE.read_text(encoding="utf-8") == f"{shown}\n", f"it should be:\n{shown}"
    for one in (item.content for item in plivo.receiver.taken):
        assert one.keys() == SHAPE
        assert one["call"].keys() == written["call"].keys()

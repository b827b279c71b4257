"""A number moved from one carrier to another: its `provider` field alone changes everything else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import pytest
import pytest_asyncio

from linecard.simulator import SimulatedCarrier
from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Speak, Wait
from linecard.simulator.speech import speech
from tests.calls.telephone import CUSTOMER, OURS, Telephone, telephone

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROVIDERS = ("plivo", "twilio", "exotel")
TALKS = Phone(script=(Wait(8.0), Speak(speech("can you hear me")), Wait(3.0)), hangs_up=True)


@dataclass(frozen=True, slots=True)
class Ways:
    """How a carrier carries a number's calls: what a person can see of it on the wire and on the record."""

    codec: str
    document: str
    routes: str


EXPECTED: Mapping[str, Ways] = {
    "plivo": Ways("L16/8000", "<Response><Stream", "/plivo/"),
    "twilio": Ways("PCMU/8000", "<Response><Connect", "/twilio/"),
    "exotel": Ways("L16/8000", '{"url":', "/exotel/"),
}
CHUNK_BYTES = {"plivo": 320, "twilio": 160, "exotel": 3200}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Telephone]:
    folder = tmp_path_factory.mktemp("world")
    limits = {"max_calls_per_number_per_day": "1000", "max_calls_per_minute": "1000"}
    async with telephone(folder, "plivo", also=("twilio", "exotel"), **limits) as running:
        yield running


async def move(world: Telephone, provider: str) -> dict[str, Any]:
    """Move our number, as an operator does: one field; then the steps that the carrier asks for."""
    answer = await world.api.patch(f"/api/numbers/{OURS}", json={"provider": provider})
    if answer.status_code == 404:
        await world.register(provider=provider)
        answer = await world.api.get(f"/api/numbers/{OURS}")
    assert answer.status_code == 200, answer.text
    number = dict(answer.json())
    assert number["provider"] == provider
    pasted = [step["paste"] for step in number["setup"] if step["paste"]]
    world.carriers[provider].set_up(OURS, pasted)
    return number


async def came_in(world: Telephone, carrier: SimulatedCarrier) -> dict[str, Any]:
    known = {one["id"] for one in (await world.api.get("/api/calls")).json()["items"]}
    await carrier.call_in(CUSTOMER, OURS, TALKS)
    async with asyncio.timeout(30):
        while True:
            listed = (await world.api.get("/api/calls")).json()["items"]
            new = [one["id"] for one in listed if one["id"] not in known]
            if new:
                return await world.ended(new[0])
            await asyncio.sleep(0.05)


def written_document(carrier: SimulatedCarrier, leg: str) -> str:
    """What we answered to the first request of a call for its document."""
    for entry in carrier.ledger.all(What.WEBHOOK, leg):
        if "/answer" in str(entry.facts["url"]):
            return str(entry.facts["reply"])
    return ""


def addresses(carrier: SimulatedCarrier, leg: str) -> set[str]:
    """The beginnings of all paths that the carrier asked for a call."""
    urls = [str(one.facts["url"]) for one in carrier.ledger.all(What.WEBHOOK, leg)]
    return {"/" + url.split("/", 3)[3].split("/")[0] + "/" for url in urls}


def check(world: Telephone, provider: str, call: dict[str, Any]) -> None:
    """The call went the way of this carrier, and of no other."""
    ways = EXPECTED[provider]
    assert call["provider"] == provider
    assert call["status"] == "completed", call["end_reason"]
    started = next(one for one in call["events"] if one["name"] == "stream-started")
    assert started["facts"]["format"] == ways.codec
    carrier = world.carriers[provider]
    leg = next(iter(set(call["carrier_ids"].values()) & set(carrier.ledger.calls())))
    assert addresses(carrier, leg) == {ways.routes}
    playback = carrier.playbacks(leg)[0]
    assert playback.played
    assert playback.taken % CHUNK_BYTES[provider] == 0
    for name, other in world.carriers.items():
        assert name == provider or not set(call["carrier_ids"].values()) & set(other.ledger.calls())


@pytest.mark.parametrize(("before", "after"), list(permutations(PROVIDERS, 2)))
async def test_one_field_moves_a_number(world: Telephone, before: str, after: str) -> None:
    await move(world, before)
    check(world, before, await came_in(world, world.carriers[before]))
    number = await move(world, after)
    assert (number["stream"], number["options"], number["account"]) == (None, {}, "main")
    call = await came_in(world, world.carriers[after])
    check(world, after, call)
    leg = next(iter(set(call["carrier_ids"].values()) & set(world.carriers[after].ledger.calls())))
    document = written_document(world.carriers[after], leg)
    assert document.replace("\n", "").partition("?>")[2].startswith(
        EXPECTED[after].document
    ) or document.startswith(EXPECTED[after].document)


@pytest.mark.parametrize(("before", "after"), list(permutations(PROVIDERS, 2)))
async def test_a_moved_number_dials_through_its_new_carrier(
    world: Telephone, before: str, after: str
) -> None:
    await move(world, before)
    await move(world, after)
    carrier = world.carriers[after]
    carrier.phones[CUSTOMER] = TALKS
    dialled = {name: one.ledger.dials(CUSTOMER) for name, one in world.carriers.items()}
    placed = await world.dial()
    call = await world.ended(placed["id"])
    assert call["provider"] == after
    assert call["status"] == "completed", call["end_reason"]
    now = {name: one.ledger.dials(CUSTOMER) for name, one in world.carriers.items()}
    assert now == dialled | {after: dialled[after] + 1}
    assert carrier.ledger.live_legs() == ()

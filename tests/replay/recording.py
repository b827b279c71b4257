"""Whole calls over each simulated carrier, with the flight recorder on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from linecard.plugins import Plugins
from linecard.simulator.phone import BUSY, Phone, human
from linecard.simulator.script import HangUp, Press, Speak, Wait, WaitForSilence, WaitForSound
from linecard.simulator.speech import speech
from tests.calls.telephone import CUSTOMER, HUMAN, OURS, Telephone, telephone

INDIA = {"ours": "+918047113155", "customer": "+919494865411", "human": "+919812345678"}
AMERICA = {"ours": OURS, "customer": CUSTOMER, "human": HUMAN}
NUMBERS: Mapping[str, Mapping[str, str]] = {"exotel": INDIA}
PROVIDERS = [name for name in ("plivo", "twilio", "exotel") if name in Plugins.discover().providers]
TALKER = Phone(
    script=(Wait(5.0), Speak(speech("hello there")), Press("7"), Wait(2.0)), hangs_up=True
)
TO_HUMAN = (WaitForSound(), WaitForSilence(), Press("0"))
Scenario = Callable[[Telephone], Awaitable[str]]


def numbers(world: Telephone) -> Mapping[str, str]:
    return NUMBERS.get(world.carrier.name, AMERICA)


@asynccontextmanager
async def recorded_world(
    folder: Path,
    provider: str,
    variables: Mapping[str, str] = MappingProxyType({}),
    **settings: str,
) -> AsyncIterator[Telephone]:
    places = {"allowed_countries": "US,IN", "transfer_allow": "+1415*,+91*"}
    options = places | {"flight_dir": str(folder / "flights")} | settings
    async with telephone(folder, provider, variables=variables, **cast(Any, options)) as world:
        yield world


def file_of(folder: Path, call_id: str) -> Path:
    (file,) = (folder / "flights").glob(f"{call_id}.jsonl*")
    return file


async def set_up(world: Telephone, **changes: object) -> None:
    """Register our number, and do at the carrier what a person has to."""
    ours = numbers(world)["ours"]
    await world.register(number=ours, **changes)
    shown = (await world.api.get(f"/api/numbers/{ours}")).json()
    pasted = [step["paste"] for step in shown["setup"] if step["paste"]]
    if "flow_id" in dir(world.carrier):
        flows: Any = world.carrier
        flows.set_up(ours, pasted)
        options = {"flow_id": flows.flow_id(ours)}
        answer = await world.api.patch(f"/api/numbers/{ours}", json={"options": options})
        assert answer.status_code == 200, answer.text


async def dial(world: Telephone, **wish: object) -> str:
    known = numbers(world)
    placed = await world.dial(known["customer"], **({"from": known["ours"]} | wish))
    return str(placed["id"])


async def call_in(world: Telephone, phone: Phone) -> str:
    known = numbers(world)
    await world.carrier.call_in(known["customer"], known["ours"], phone)
    return str((await world.only_call())["id"])


async def call_out(world: Telephone) -> str:
    """A call that goes out, talks, and is hung up by the person called."""
    world.carrier.phones[numbers(world)["customer"]] = TALKER
    await set_up(world)
    return await dial(world, record=True)


async def call_that_comes_in(world: Telephone) -> str:
    """A call that comes in and talks."""
    await set_up(world)
    return await call_in(world, TALKER)


async def busy_human(world: Telephone) -> str:
    """A transfer to somebody who is busy brings the caller back."""
    script = (*TO_HUMAN, Wait(6), Press("5"), Wait(4), HangUp())
    world.carrier.phones[numbers(world)["human"]] = BUSY
    await set_up(world, agent="greeter")
    world.carrier.phones[numbers(world)["customer"]] = Phone(script=script)
    return await dial(world, metadata={"transfer_to": numbers(world)["human"]})


async def bridged(world: Telephone) -> str:
    """A transfer to somebody who answers."""
    known = numbers(world)
    world.carrier.phones[known["human"]] = human("hello this is anna", talk_seconds=20)
    world.carrier.phones[known["customer"]] = Phone(script=(*TO_HUMAN, Wait(60)))
    await set_up(world, agent="greeter")
    return await dial(world, metadata={"transfer_to": known["human"]})


async def hung_up_by_api(world: Telephone) -> str:
    """A call that is ended through the API while it talks."""
    world.carrier.phones[numbers(world)["customer"]] = Phone(script=(Wait(300),))
    await set_up(world)
    placed = await dial(world)
    await world.until(
        placed, lambda call: any(e["name"] == "stream-started" for e in call["events"])
    )
    answer = await world.api.post(f"/api/calls/{placed}/hangup")
    assert answer.status_code == 202
    return placed


async def cancelled(world: Telephone) -> str:
    """A call that is ended through the API while it rings: no agent holds it."""
    world.carrier.phones[numbers(world)["customer"]] = Phone(ring_seconds=200)
    await set_up(world)
    placed = await dial(world)
    await world.until(placed, lambda call: call["status"] == "ringing")
    answer = await world.api.post(f"/api/calls/{placed}/hangup")
    assert answer.status_code == 202
    return placed


async def commanded(world: Telephone) -> str:
    """A call of which the API asks keys, a recording and a transfer."""
    known = numbers(world)
    world.carrier.phones[known["human"]] = human("hello this is anna", talk_seconds=20)
    world.carrier.phones[known["customer"]] = Phone(script=(Wait(300),))
    await set_up(world)
    placed = await dial(world)
    await world.eventually(lambda: placed in world.exchange.lives)
    await world.eventually(lambda: world.exchange.lives[placed].streaming)
    asks = [
        ("dtmf", {"digits": "83"}),
        ("recording", {"do": "start"}),
        ("recording", {"do": "stop"}),
        ("transfer", {"to": [known["human"]], "mode": "cold", "timeout": 20}),
    ]
    for command, body in asks:
        answer = await world.api.post(f"/api/calls/{placed}/{command}", json=body)
        assert answer.status_code == 202, (command, answer.text)
    return placed


async def busy(world: Telephone) -> str:
    """A call to somebody who is busy."""
    world.carrier.phones[numbers(world)["customer"]] = BUSY
    await set_up(world)
    return await dial(world, ring_seconds=10)


SCENARIOS: Mapping[str, Scenario] = {
    "goes out": call_out,
    "comes in": call_that_comes_in,
    "busy human": busy_human,
    "bridged": bridged,
    "hung up by api": hung_up_by_api,
    "busy": busy,
}
BY_API: Mapping[str, Scenario] = {"cancelled": cancelled, "commanded": commanded}
"""Asked of a call from outside; not by every carrier."""


async def recorded(folder: Path, provider: str, scenario: Scenario, **settings: str) -> Path:
    """The flight record of one whole call."""
    async with recorded_world(folder, provider, **cast(Any, settings)) as world:
        call_id = await scenario(world)
        await world.ended(call_id)
    return file_of(folder, call_id)

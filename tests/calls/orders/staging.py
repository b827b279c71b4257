"""The kinds of calls there are, each made once at a simulated carrier."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from linecard.exchange import inbound
from linecard.simulator.phone import BUSY, NO_ANSWER, Outcome, Phone, human, voicemail
from linecard.simulator.script import HangUp, Press, Wait, WaitForSound
from linecard.simulator.sound import write_wav
from linecard.simulator.speech import speech
from linecard.testing.telephone import set_up
from tests.calls.lines import NUMBERS
from tests.calls.orders.capturing import capturing
from tests.calls.orders.exploring import Scene
from tests.calls.orders.office import Office, office
from tests.calls.orders.starting import start_of
from tests.calls.orders.windows import windows
from tests.calls.telephone import Telephone, telephone
from tests.calls.transferring import PLANS, Plan

SOON = ("cdr_delay", "details_delay", "rating_delay", "recording_delay")
"""What carriers take their time for; here it is there when the callbacks are."""
TALKS = Phone(ring_seconds=1.0, script=(Wait(6.0), HangUp()))
RINGS = Phone(ring_seconds=60.0)
STAYS = Phone(ring_seconds=0.5, script=(Wait(300.0),))
PRESSES = Phone(
    ring_seconds=0.5, script=(WaitForSound(), Wait(1.0), Press("1"), Wait(6.0)), hangs_up=True
)
SOUND = "said.wav"
WORDS: Mapping[str, str] = {"say": "For an echo, press 1.", "sound": SOUND}
MENU: Mapping[str, object] = {
    "menu": {"entries": [{"key": "1", "agent": "echo", "prompt": WORDS}], "seconds": 8, "tries": 2}
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of call: who is called or calls, what is asked of the call, what is done with it.

    `moves`: how the agent `mover` transfers; `routing`: of our number, where it is not an agent alone.
    """

    phone: Phone
    comes_in: bool = False
    wish: Mapping[str, object] = field(default_factory=dict)
    records: bool = False
    agent: str = "echo"
    act: Callable[[Telephone, str], Awaitable[None]] | None = None
    moves: Mapping[str, object] = field(default_factory=dict)
    routing: Mapping[str, object] | None = None
    end: str = "completed"


async def _cancel(world: Telephone, call_id: str) -> None:
    await world.until(call_id, lambda call: call["status"] in ("ringing", "dialing"))
    assert (await world.api.post(f"/api/calls/{call_id}/hangup")).status_code == 202


KINDS: Mapping[str, Kind] = {
    "answered": Kind(TALKS),
    "recorded": Kind(TALKS, wish={"record": True}),
    "busy": Kind(BUSY, end="busy"),
    "no answer": Kind(NO_ANSWER, end="no-answer"),
    "failed": Kind(Phone(outcome=Outcome.FAIL, ring_seconds=0.5), end="failed"),
    "cancelled": Kind(RINGS, act=_cancel, end="canceled"),
    "machine": Kind(voicemail("leave a message", patience=4.0), wish={"machine": "detect"}),
    "voicemail": Kind(
        voicemail("leave a message", patience=20.0),
        wish={"machine": "detect", "voicemail": {"sound": SOUND}},
    ),
    "transferred": Kind(STAYS, agent="mover", moves={"mode": "cold"}),
    "transferred warm": Kind(STAYS, agent="mover", moves={"mode": "warm"}),
    "comes in": Kind(TALKS, comes_in=True),
    "comes in, recorded": Kind(TALKS, comes_in=True, records=True),
    "comes in, menu": Kind(PRESSES, comes_in=True, routing=MENU),
}
CANNOT = {
    ("exotel", kind)
    for kind in ("machine", "voicemail", "cancelled", "transferred warm", "comes in, menu")
}
"""What a carrier does not offer: it detects no machines at the dial, ends no call, rings nobody into a room; a menu
is asked on our own stream."""


@asynccontextmanager
async def staged(
    provider: str, name: str, folder: Path, patch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Office, Sequence[Scene]]]:
    """A call of this kind, over and done with; its callbacks, six at a time; and a server that has heard none of them."""
    kind = KINDS[name]
    async with _world(provider, kind, folder) as world:
        with capturing(patch) as tape:
            call = await _call(world, provider, kind)
            await world.eventually(lambda: world.carrier.ledger.live_legs() == ())
            await world.exchange.clock.sleep(12.0)
        assert call["status"] == kind.end, call
        opened_at = datetime.fromisoformat(call["created_at"]) if kind.comes_in else None
        start = await start_of(world, call["id"])
        patch.setattr(inbound, "new_id", lambda: call["id"])
        async with office(world, folder) as closed:
            parts = windows(tape.told, first_stays=kind.comes_in)
            yield closed, [Scene(start, part, opened_at) for part in parts]


@asynccontextmanager
async def _world(provider: str, kind: Kind, folder: Path) -> AsyncIterator[Telephone]:
    ours, _, human_there, _ = NUMBERS[provider]
    gate = {"allowed_countries": "US,IN", "transfer_allow": "+1415*,+91*"}
    agents = ("tests.calls.transferring:mover",)
    (folder / SOUND).write_bytes(write_wav([speech("we have news")]))
    async with telephone(folder, provider, agents=agents, sounds=str(folder), **gate) as world:
        quirks: Any = getattr(world.carrier, "quirks")  # noqa: B009
        for late in SOON:
            if hasattr(quirks, late):
                setattr(quirks, late, 1.0)
        options = dict(world.carrier.number_options())
        said = {"routing": kind.routing} if kind.routing else {"agent": kind.agent}
        await world.register(number=ours, options=options, record=kind.records, **said)
        await set_up(world.api, world.carrier, ours)
        world.carrier.phones[human_there] = human(
            "this is anna", ring_seconds=1.0, talk_seconds=6.0
        )
        PLANS[ours] = Plan(to=(human_there,), wish={"timeout": 6, **kind.moves})
        yield world


async def _call(world: Telephone, provider: str, kind: Kind) -> dict[str, Any]:
    ours, customer, *_ = NUMBERS[provider]
    world.carrier.phones[customer] = kind.phone
    if kind.comes_in:
        await world.carrier.call_in(customer, ours, kind.phone)
        call_id = str((await world.only_call())["id"])
    else:
        body = {"from": ours, "to": customer, "ring_seconds": 15, **kind.wish}
        answer = await world.api.post("/api/calls", json=body)
        assert answer.status_code == 201, answer.text
        call_id = str(answer.json()["id"])
    if kind.act is not None:
        await kind.act(world, call_id)
    return await world.ended(call_id)

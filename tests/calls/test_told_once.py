"""What a carrier says once, with a question that has to wait, is known when it asks again without it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from linecard.exchange.context import PATIENCE
from linecard.simulator.ledger import Entry, What
from linecard.simulator.phone import Outcome, Phone
from linecard.simulator.script import Press, Wait, WaitForSound
from tests.calls.lines import Line, line, routed
from tests.calls.locking import locked
from tests.calls.transferring import PLANS, Plan

SENT_BACK = ("plivo", "twilio")
"""Carriers that can be told to wait and to ask again."""
ENTRY = {"prompt": {"say": "Press two."}}
MENU = {
    "menu": {
        "greeting": {"say": "Welcome."},
        "entries": [
            ENTRY | {"key": "1", "agent": "echo"},
            ENTRY | {"key": "2", "agent": "greeter"},
        ],
        "seconds": 8,
        "tries": 1,
        "otherwise": {"do": "hang-up"},
    }
}
STAYS = Phone(script=(Wait(200),), hangs_up=True)
AFTER_THE_LOCK = Phone(script=(WaitForSound(), Wait(2), Press("2"), Wait(60)), hangs_up=True)
BUSY_AFTER_THE_LOCK = Phone(outcome=Outcome.BUSY, ring_seconds=2.0)


async def has_read(at: Line, *elements: str) -> None:
    """Once the carrier has read a document with these elements."""

    def reads(entry: Entry) -> bool:
        return any(element in str(entry.facts.get("elements", "")) for element in elements)

    await at.world.eventually(lambda: any(map(reads, at.world.carrier.ledger.all(What.DOCUMENT))))


async def kept_waiting(at: Line, *elements: str) -> None:
    """Once such a document was read, hold the database until the next question has had to wait."""
    await has_read(at, *elements)
    async with locked(at.world.exchange.database.file or Path()):
        await has_read(at, "Wait", "Pause")


async def over(at: Line, comes_in: asyncio.Task[dict[str, Any]]) -> dict[str, Any]:
    call = await comes_in
    assert at.world.exchange.metrics.waited.labels(at.world.carrier.name)._value.get() > 0
    assert len(at.world.exchange.waits) == 0
    return call


@pytest.mark.parametrize("provider", SENT_BACK)
async def test_a_key_of_a_menu(provider: str, tmp_path: Path) -> None:
    async with line(tmp_path, provider, patience=PATIENCE) as at:
        await at.route(MENU)
        comes_in = asyncio.create_task(at.call_in(AFTER_THE_LOCK))
        await kept_waiting(at, "GetDigits", "Gather")
        call = await over(at, comes_in)
        assert routed(call)[-1]["agent"] == "greeter"
        assert call["status"] == "completed"


@pytest.mark.parametrize("provider", SENT_BACK)
async def test_how_a_dial_went(provider: str, tmp_path: Path) -> None:
    agents = ("tests.calls.transferring:mover",)
    async with line(tmp_path, provider, agents, patience=PATIENCE) as at:
        await at.world.register(agent="mover")
        PLANS[at.customer] = plan = Plan(to=(at.human,), wish={"mode": "cold", "timeout": 8})
        at.world.carrier.phones[at.human] = BUSY_AFTER_THE_LOCK
        comes_in = asyncio.create_task(at.call_in(STAYS))
        await kept_waiting(at, "Dial")
        await at.world.eventually(lambda: plan.result is not None)
        assert (plan.result, plan.is_back) == ("busy", True)
        call = await at.world.only_call()
        await at.world.api.post(f"/api/calls/{call['id']}/hangup")
        assert (await over(at, comes_in))["status"] == "completed"

"""A server killed with SIGKILL and started again at once, while its calls live on at the carrier.

At the moment of death one call each is being dialled, rings, is answered and has no stream, consults, has
been transferred, and is being hung up. What becomes of calls that end meanwhile shows `test_server_gone.py`.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from tests.calls.faulty import fault
from tests.calls.killed import Endangered, endangered
from tests.calls.shell import Served
from tests.calls.telephone import names

DIAL = {
    "plivo": r"^POST .*/Call/$",
    "twilio": r"^POST .*/Calls\.json$",
    "exotel": r"^POST .*/Calls/connect",
}
STAYS = Phone(ring_seconds=0.2, script=(Wait(60),), hangs_up=True)
RINGS = Phone(ring_seconds=40, script=(Wait(3),), hangs_up=True)
"""Taken when the server is there again, also on a busy machine."""
PATIENT = Phone(ring_seconds=30, script=(Wait(3),), hangs_up=True)
"""A target that still rings when the server is there again."""
TALKS = Phone(ring_seconds=0.2, script=(Wait(60),), hangs_up=True)
CONSULTS = {"plivo", "twilio"}
PROVIDERS = ("plivo", "twilio", "exotel")


TRUE_ENDS = {("plivo", "answered"): "failed", ("plivo", "warm"): "failed"}
"""Of calls whose document was asked for while nobody answered, as the carrier judges them; else `completed`."""


class Moments:
    """Brings one call each to the moment at which the server dies."""

    def __init__(self, at: Endangered) -> None:
        self.at = at
        self.ledger = at.carrier.ledger
        self.dialled: list[str] = []

    async def all(self) -> None:
        """Every one of them, the shortest last."""
        await self.answered()
        parts = [self.transferred()]
        if self.at.carrier.name in CONSULTS:
            parts.append(self.consulting())
        await asyncio.gather(*parts)
        await self.hanging_up()
        await self.ringing()

    async def _dial(self, name: str, phone: Phone, **more: object) -> str:
        number = await self.at.dial(name, phone, **more)
        self.dialled.append(number)
        return number

    async def answered(self) -> None:
        """The document was fetched, and the socket is open, but no stream is."""
        with fault(self.at, "", socket_no_start=1):
            number = await self._dial("answered", STAYS)
            await self.at.until(lambda: self.ledger.dials(number) == 1)
            faults = self.at.carrier.faults
            await self.at.until(lambda: faults.happened["socket_no_start"] > 0)

    async def consulting(self) -> None:
        """A target rings while the caller talks with the agent."""
        target = self.at.phone(PATIENT)
        self.dialled.append(target)
        await self._dial("warm", STAYS, metadata={"mode": "warm", "to": target})
        await self.at.until(lambda: self.ledger.dials(target) == 1)

    async def transferred(self) -> None:
        """Caller and target talk."""
        target = self.at.phone(TALKS)
        self.dialled.append(target)
        await self._dial("bridged", STAYS, metadata={"mode": "cold", "to": target})
        await self.at.until(lambda: bool(self.ledger.all(What.BRIDGED)))

    async def hanging_up(self) -> None:
        """The end was asked for, and the carrier has failed to carry it out."""
        await self._dial("hanging up", STAYS)
        await self.at.until(lambda: self.at.has("hanging up", "agent-started"))
        with fault(self.at, "", error_before=1):
            await self.at.api.post(f"/api/calls/{self.at.calls['hanging up']}/hangup")
            await self.at.until(lambda: self.at.has("hanging up", "hang-up-asked"))

    async def ringing(self) -> None:
        """The phone rings, and is taken when the server is there again."""
        number = await self._dial("ringing", RINGS)
        await self.at.until(lambda: self.ledger.dials(number) == 1)


async def killed_while_dialling(at: Endangered, server: Served) -> str:
    """The dial is at the carrier, which has not answered it; then the server is gone."""
    number = at.phone(RINGS)
    with fault(at, DIAL[at.carrier.name], slow_answer=1, seconds=3.0):
        asking = asyncio.create_task(
            at.api.post("/api/calls", json={"from": at.ours, "to": number})
        )
        await at.until(lambda: at.carrier.faults.happened["slow_answer"] > 0)
        await at.kill(server)
        await asyncio.gather(asking, return_exceptions=True)
    return number


async def all_over(at: Endangered) -> bool:
    items = (await at.api.get("/api/calls?limit=100")).json()["items"]
    return all(call["ended_at"] for call in items)


@pytest.mark.slow
@pytest.mark.timeout(420)
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_every_call_of_a_killed_server_comes_to_its_true_end(
    tmp_path: Path, provider: str
) -> None:
    async with endangered(tmp_path, provider) as at:
        moments = Moments(at)
        async with at.serving() as server:
            await at.set_up()
            await moments.all()
            moments.dialled.append(await killed_while_dialling(at, server))
        async with at.serving():
            try:
                await at.until(lambda: at.carrier.ledger.live_legs() == (), within=120)
                await at.until(lambda: all_over(at), within=150)
                await at.until(lambda: not unfinished(at), within=60)
            except TimeoutError:
                raise AssertionError(await story(at)) from None
            await look(at, moments)


async def story(at: Endangered) -> str:
    """How everything stands, for whoever reads a failure."""
    lines = [f"legs {at.carrier.ledger.live_legs()}", f"work {unfinished(at)}"]
    for name, call_id in at.calls.items():
        call = (await at.api.get(f"/api/calls/{call_id}")).json()
        lines.append(f"{name}: {call['status']}, {call['end_reason']}, {names(call)}")
    return "\n".join(lines)


def unfinished(at: Endangered) -> list[tuple[object, ...]]:
    """Work that is still to be done."""
    return at.rows("SELECT kind, key, attempts, error FROM outbox WHERE state = 'waiting'")


async def look(at: Endangered, moments: Moments) -> None:
    assert {number: at.carrier.ledger.dials(number) for number in moments.dialled} == dict.fromkeys(
        moments.dialled, 1
    )
    items = (await at.api.get("/api/calls?limit=100")).json()["items"]
    assert len(items) == len(at.calls) + 1
    ends = {name: (await at.call(name))["status"] for name in at.calls}
    assert ends == {name: TRUE_ENDS.get((at.carrier.name, name), "completed") for name in at.calls}
    for call in items:
        shown = (await at.api.get(f"/api/calls/{call['id']}")).json()
        assert names(shown).count("agent-started") <= 1, names(shown)
        assert names(shown).count("leg-ended") >= 1
        assert shown["ended_at"] is not None
    assert at.rows("SELECT kind, error FROM outbox WHERE state = 'dead'") == []

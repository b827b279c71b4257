"""Calls of every kind that are under way at the moment at which the server is gone, and what comes then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from linecard.simulator.ledger import What
from linecard.simulator.phone import BUSY, NO_ANSWER, Phone
from linecard.simulator.script import Wait
from tests.calls.faulty import fault
from tests.calls.hurrying import HurriedClock
from tests.calls.killed import Endangered, endangered
from tests.calls.lines import NUMBERS
from tests.calls.shell import Served

OUTAGE_SECONDS = 900.0
CONSULTS = frozenset({"plivo", "twilio"})
DIAL = {
    "plivo": r"^POST .*/Call/$",
    "twilio": r"^POST .*/Calls\.json$",
    "exotel": r"^POST .*/Calls/connect",
}
HURRY = 90.0
"""How many times as fast as life the time of the outage passes."""
AFTER = 8.0
"""How many times as fast as life the calls' clock of the server runs that has come back."""


def talks(seconds: float, ring_seconds: float = 0.2) -> Phone:
    """Somebody who talks for so long, and hangs up."""
    return Phone(ring_seconds=ring_seconds, script=(Wait(seconds),), hangs_up=True)


STAYS = talks(1.5 * OUTAGE_SECONDS)
BUSY_LATER = Phone(outcome=BUSY.outcome, ring_seconds=40)


@dataclass(slots=True)
class Outage:
    """One carrier that lives on, and calls whose server does not; `targets` by the name of their call."""

    at: Endangered
    clock: HurriedClock
    was_killed: bool = True
    targets: dict[str, str] = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)

    @property
    def lasting(self) -> frozenset[str]:
        """The calls that go on all the time: two people talk, and need nobody of ours.

        Those that we hang up as we go are over, where the carrier can hang up.
        """
        if self.was_killed:
            return frozenset({"bridged on", *(("joined on",) if self.consults else ())})
        return frozenset() if self.consults else frozenset({"bridged on"})

    @property
    def consults(self) -> bool:
        """Whether a target can be spoken to before the caller comes."""
        return self.at.carrier.name in CONSULTS

    async def under_way(self, server: Served) -> None:
        """Bring every call to its moment, and end the server."""
        await self._talking()
        await self._transferring()
        await self._ringing()
        await self._dialling(server)

    async def _dial(self, name: str, phone: Phone, **more: object) -> None:
        self.numbers.append(await self.at.dial(name, phone, **more))

    async def _move(self, name: str, mode: str, target: Phone) -> None:
        to = self.targets[name] = self.at.phone(target)
        self.numbers.append(to)
        await self._dial(name, STAYS, metadata={"mode": mode, "to": to, "timeout": 60})

    async def _talking(self) -> None:
        await self._dial("talks", talks(200))
        await self._dial("recorded", talks(300), record=True)
        for name, mode in (("bridged", "cold"), ("joined", "warm")):
            if mode == "cold" or self.consults:
                await self._move(name, mode, talks(200))
                await self._move(f"{name} on", mode, STAYS)
        ours, customer, *_ = NUMBERS[self.at.carrier.name]
        await self.at.carrier.call_in(customer, ours, STAYS)
        connected = 4 if self.consults else 2
        ledger = self.at.carrier.ledger
        await self.at.until(lambda: len(ledger.all(What.BRIDGED)) >= connected)
        await self.at.until(self._has_come_in)

    async def _has_come_in(self) -> bool:
        items = (await self.at.api.get("/api/calls?limit=100")).json()["items"]
        found = [one["id"] for one in items if one["direction"] == "inbound"]
        if found:
            self.at.calls["came in"] = found[0]
        return bool(found) and await self.at.has("came in", "agent-started")

    async def _transferring(self) -> None:
        await self._move("moved", "cold", talks(100, ring_seconds=40))
        await self._move("refused", "cold", BUSY_LATER)
        if self.consults:
            await self._move("consults", "warm", talks(100, ring_seconds=40))
        ledger = self.at.carrier.ledger
        await self.at.until(lambda: all(map(ledger.dials, self.targets.values())))

    async def _ringing(self) -> None:
        await self._dial("is busy", BUSY_LATER)
        await self._dial("rings out", NO_ANSWER)
        await self._dial("answers", talks(100, ring_seconds=40))
        ledger = self.at.carrier.ledger
        await self.at.until(lambda: all(map(ledger.dials, self.numbers)))

    async def _dialling(self, server: Served) -> None:
        """One queued at the carrier, one it never had, and one whose answer we do not live to hear."""
        await self._dial("queued", talks(60))
        with fault(self.at, DIAL[self.at.carrier.name], error_before=1):
            unplaced = self.at.phone(talks(60))
            await self._ask("never placed", unplaced)
        number = self.at.phone(talks(50, ring_seconds=30))
        self.numbers.append(number)
        with fault(self.at, DIAL[self.at.carrier.name], slow_answer=1, seconds=3.0):
            asking = asyncio.create_task(self._ask("cut off", number))
            await self.at.until(lambda: self.at.carrier.faults.happened["slow_answer"] > 0)
            await (self.at.kill(server) if self.was_killed else server.stop())
            await asyncio.gather(asking, return_exceptions=True)

    async def _ask(self, name: str, number: str) -> None:
        body = {"from": self.at.ours, "to": number}
        self.at.calls[name] = str((await self.at.api.post("/api/calls", json=body)).json()["id"])

    async def pass_by(self, seconds: float = OUTAGE_SECONDS, speed: float = HURRY) -> None:
        """A quarter of an hour in which nobody answers the carrier."""
        end = self.clock.now() + seconds
        self.clock.hurry(speed)
        await self.clock.sleep_until(end)
        self.clock.hurry(1.0)

    @asynccontextmanager
    async def back(self) -> AsyncIterator[Served]:
        """The server on the same database, a quarter of an hour later."""
        async with self.at.serving_later(ahead=self.clock.ahead, speed=AFTER) as server:
            await self._name_the_cut_off()
            yield server

    async def _name_the_cut_off(self) -> None:
        """Nobody was told its id."""
        items = (await self.at.api.get("/api/calls?limit=100")).json()["items"]
        for one in items:
            if one["id"] not in self.at.calls.values():
                self.at.calls["cut off"] = one["id"]

    async def shown(self) -> dict[str, dict[str, Any]]:
        """Every call as the API shows it, by its name."""
        return {name: await self.at.call(name) for name in self.at.calls}

    async def settled(self) -> dict[str, dict[str, Any]]:
        """The same once nothing is left to settle but what nobody can know, or goes on."""
        open_ones = self.lasting | {"never placed"}

        async def is_settled() -> bool:
            left = await self.live() - open_ones
            told = (await self.at.call("recorded"))["recordings"]
            return not left and [one["status"] for one in told] == ["completed"] and not self.work()

        await self.at.until(is_settled, within=90)
        return await self.shown()

    async def live(self) -> frozenset[str]:
        """The names of the calls that are not over by our record."""
        items = (await self.at.api.get("/api/calls?limit=100")).json()["items"]
        ended = {one["id"] for one in items if one["ended_at"]}
        return frozenset(name for name, one in self.at.calls.items() if one not in ended)

    def work(self) -> list[tuple[object, ...]]:
        """Work that is due, and not done: what is to be looked at again later is not."""
        return self.at.rows(
            "SELECT kind, key, error FROM outbox WHERE state = 'waiting' AND attempts = 0"
            " AND kind IN ('fetch-recording', 'hang-up', 'release-targets', 'transfer-watch')"
        )


@asynccontextmanager
async def outage(
    folder: Path, provider: str, *, was_killed: bool = True, **settings: str
) -> AsyncIterator[Outage]:
    """A carrier whose clock can be hurried, and nobody at our end yet."""
    clock = HurriedClock()
    recordings = str(folder / "recordings")
    async with endangered(folder, provider, clock, recordings=recordings, **settings) as at:
        yield Outage(at, clock, was_killed)

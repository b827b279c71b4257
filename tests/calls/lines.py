"""One line for each carrier: a world, our number there, and whom it may be sent on to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from linecard.simulator.phone import Phone
from linecard.testing.telephone import set_up
from tests.calls.telephone import Telephone, telephone

CARRIERS = ("plivo", "twilio", "exotel")
NUMBERS = {
    "plivo": ("+14155550100", "+14155550123", "+14155550177", "US"),
    "twilio": ("+14155550100", "+14155550123", "+14155550177", "US"),
    "exotel": ("+918047113155", "+919494865411", "+919812345678", "IN"),
}

OURS = {carrier: ours for carrier, (ours, *_) in NUMBERS.items()}
PREFIX = {"plivo": "+1415555", "twilio": "+1415555", "exotel": "+91981234"}
"""Of numbers that may be called and transferred to, all but the last digits."""


@dataclass(frozen=True, slots=True)
class Line:
    """Our number at one carrier, a customer who calls it, and a human to redirect to."""

    world: Telephone
    ours: str
    customer: str
    human: str

    async def route(self, routing: dict[str, Any], **changes: object) -> None:
        """Register our number with a routing, and do at the carrier what its steps ask."""
        await self.world.register(number=self.ours, routing=routing, **changes)
        await set_up(self.world.api, self.world.carrier, self.ours)

    async def call_in(self, phone: Phone, caller: str | None = None) -> dict[str, Any]:
        """A call of the customer, once it is over and its legs are gone."""
        await self.world.carrier.call_in(caller or self.customer, self.ours, phone)
        call = await self.world.ended((await self.world.only_call())["id"])
        await self.world.eventually(lambda: self.world.carrier.ledger.live_legs() == ())
        return call

    async def call_several(self, times: int, caller: str, phone: Phone) -> list[dict[str, Any]]:
        """So many calls of one caller, one after the other, oldest first."""
        for done in range(times):
            await self.world.carrier.call_in(caller, self.ours, phone)
            await self.world.eventually(partial(self._are_there, done + 1))
            await self.world.eventually(lambda: self.world.carrier.ledger.live_legs() == ())
        return list(reversed(await self._calls()))

    async def _are_there(self, many: int) -> bool:
        return len(await self._calls()) == many

    async def _calls(self) -> list[dict[str, Any]]:
        return list((await self.world.api.get("/api/calls")).json()["items"])


def routed(call: dict[str, Any]) -> list[dict[str, Any]]:
    """What was decided for a call, in order."""
    return [event["facts"] for event in call["events"] if event["name"] == "routed"]


@asynccontextmanager
async def line(folder: Path, provider: str, *args: Any, **settings: Any) -> AsyncIterator[Line]:
    """A world with a line of one carrier."""
    ours, customer, human, country = NUMBERS[provider]
    allowed = {"allowed_countries": country, "transfer_allow": f"{human},{human[:3]}*"}
    async with telephone(folder, provider, *args, **(allowed | settings)) as world:
        yield Line(world, ours, customer, human)

"""What a person asks of a running simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from starlette.applications import Starlette

from linecard.clock import Clock
from linecard.simulator import SimulatedCarrier
from linecard.simulator.console import console_routes
from linecard.simulator.handset import PhoneBook
from linecard.simulator.ledger import Ledger, What
from linecard.simulator.phone import BUSY, Phone
from linecard.simulator.script import Speak
from linecard.simulator.serving import serving
from linecard.simulator.sound import write_wav

SOUND = b"\x01\x10" * 160


class Carrier:
    def __init__(self) -> None:
        self.ledger = Ledger(Clock())
        self.phones = PhoneBook()
        self.calls: list[tuple[str, str, Phone]] = []

    async def call_in(self, from_: str, to: str, phone: Phone) -> str:
        self.calls.append((from_, to, phone))
        self.ledger.write(What.CALLED_IN, "c1", leg="c1", **{"from": from_, "to": to})
        return "c1"


@pytest.fixture
def carrier() -> Carrier:
    return Carrier()


@pytest.fixture
async def client(carrier: Carrier) -> AsyncIterator[httpx2.AsyncClient]:
    app = Starlette(routes=console_routes(cast("SimulatedCarrier", carrier)))
    async with serving(app) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        yield client


async def test_an_inbound_call_by_hand(
    carrier: Carrier, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    wav = tmp_path / "hello.wav"
    wav.write_bytes(write_wav((SOUND,)))
    order = {"from": "+91", "to": "+1", "say": str(wav), "phone": {"hang_up_after": 9}}
    reply = await client.post("/_simulator/calls", json=order)
    assert (reply.status_code, reply.json()) == (201, {"call": "c1"})
    ((from_, to, phone),) = carrier.calls
    assert (from_, to, phone.hang_up_after) == ("+91", "+1", 9)
    assert phone.script[-1] == Speak(SOUND)


async def test_the_ledger_page_by_page(client: httpx2.AsyncClient) -> None:
    await client.post("/_simulator/calls", json={"from": "+91", "to": "+1"})
    page = (await client.get("/_simulator/ledger")).json()
    (entry,) = page["entries"]
    assert (entry["what"], entry["call"], entry["facts"]["from"]) == ("called in", "c1", "+91")
    later = (await client.get(f"/_simulator/ledger?after={page['next']}")).json()
    assert later == {"entries": [], "next": 1}


async def test_a_phone_is_put_at_a_number(carrier: Carrier, client: httpx2.AsyncClient) -> None:
    reply = await client.post("/_simulator/phones", json={"number": "+44", "phone": "busy"})
    assert reply.status_code == 204
    assert carrier.phones["44"] is BUSY


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"to": "+1"}, "from"),
        ({"from": "+1", "to": 5}, "to"),
        ({"from": "+1", "to": "+2", "phone": "loud"}, "phone"),
        ({"from": "+1", "to": "+2", "phone": {"colour": "red"}}, "phone.colour"),
        ({"from": "+1", "to": "+2", "phone": {"script": [{"fly": 1}]}}, "phone.script"),
        ({"from": "+1", "to": "+2", "say": "/nowhere/x.wav"}, "say"),
        ([], "body"),
    ],
)
async def test_bad_orders_name_their_field(
    carrier: Carrier, client: httpx2.AsyncClient, order: Any, field: str
) -> None:
    reply = await client.post("/_simulator/calls", json=order)
    assert (reply.status_code, reply.json()["field"]) == (422, field)
    assert not carrier.calls


async def test_a_web_pages_form_is_refused(carrier: Carrier, client: httpx2.AsyncClient) -> None:
    text = '{"from": "+1", "to": "+2"}'
    reply = await client.post(
        "/_simulator/calls", content=text, headers={"content-type": "text/plain"}
    )
    assert reply.status_code == 422
    assert not carrier.calls

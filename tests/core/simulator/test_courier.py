"""Webhooks over a real socket: retries, replies, refusals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from linecard.clock import Clock
from linecard.simulator.courier import Courier, Webhook
from linecard.simulator.faults import Faults
from linecard.simulator.ledger import Ledger, What
from linecard.simulator.overrides import ONCE, Policy
from linecard.simulator.serving import serving
from linecard.tasks import Tasks

FIELDS = (("To", "+1"), ("Name", "José"), ("Name", ""))


class Office:
    """An application that answers with the statuses it is told, and a courier to it."""

    def __init__(self) -> None:
        self.url = ""
        self.statuses: list[int] = []
        self.seen: list[tuple[str, str, bytes, str]] = []
        self.delay = 0.0
        self.faults = Faults(seconds=0.1)
        self.tasks = Tasks()
        self.ledger = Ledger(Clock())
        self.courier = Courier(
            ledger=self.ledger,
            faults=self.faults,
            clock=Clock(10),
            tasks=self.tasks,
            sign=lambda method, url, fields: {"X-Sign": f"{method} {url} {len(fields)}"},
            policy=Policy(),
            agent="carrier",
        )

    async def answer(self, request: Request) -> Response:
        body = await request.body()
        self.seen.append((request.method, str(request.url), body, request.headers["x-sign"]))
        await asyncio.sleep(self.delay)
        if request.url.path == "/away":
            return RedirectResponse("/home")
        return Response("reply", self.statuses.pop(0) if self.statuses else 200)

    def to(self, path: str, **more: Any) -> Webhook:
        return Webhook(url=self.url + path, fields=FIELDS, kind="test", call="c", **more)

    def sent(self) -> int:
        return len(self.ledger.all(What.WEBHOOK, "c"))


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    office = Office()
    app = Starlette(routes=[Route("/{path:path}", office.answer, methods=["GET", "POST"])])
    async with serving(app) as url:
        office.url = url
        yield office
        await office.tasks.close(1)
        await office.courier.close()
    assert office.tasks.failures == 0


async def test_a_body_of_another_form(office: Office) -> None:
    await office.courier.ask(office.to("/a", encode=lambda fields: (b"{}", "application/json")))
    ((_, _, body, _),) = office.seen
    assert body == b"{}"


async def test_what_is_not_taken_is_told_again_after_its_waits(office: Office) -> None:
    office.statuses = [500, 500, 200]
    office.courier.tell(office.to("/a", policy=ONCE, again=(0.1, 0.2, 0.3)))
    while office.sent() < 3:
        await asyncio.sleep(0.01)
    await office.tasks.close(1)
    statuses = [entry.facts["status"] for entry in office.ledger.all(What.WEBHOOK, "c")]
    assert statuses == [500, 500, 200]


async def test_a_body_of_the_carriers_own_goes_out_as_it_is_with_its_own_headers(
    office: Office,
) -> None:
    said = b'{"data":{"id":"1"}}'
    webhook = office.to(
        "/a", encode=lambda _: (said, "application/json"), proof=(("X-Sign", "by the body"),)
    )
    assert (await office.courier.ask(webhook)).is_ok
    assert office.seen == [("POST", f"{office.url}/a", said, "by the body")]


async def test_a_form_is_posted_signed_without_the_fragment(office: Office) -> None:
    delivery = await office.courier.ask(office.to("/a?x=1#rc=0"))
    assert (delivery.status, delivery.body) == (200, b"reply")
    method, url, body, sign = office.seen[0]
    assert (method, url) == ("POST", f"{office.url}/a?x=1")
    assert body == b"To=%2B1&Name=Jos%C3%A9&Name="
    assert sign == f"POST {office.url}/a?x=1 3"


async def test_a_get_has_its_fields_in_the_query(office: Office) -> None:
    await office.courier.ask(office.to("/a?x=1", method="GET"))
    method, url, body, sign = office.seen[0]
    assert method == "GET"
    assert url.endswith("/a?x=1&To=%2B1&Name=Jos%C3%A9&Name=")
    assert body == b""
    assert sign == f"GET {url} 0"


async def test_5xx_is_retried_only_where_asked(office: Office) -> None:
    office.statuses = [500, 500, 500]
    assert (await office.courier.ask(office.to("/a"))).status == 500
    assert office.sent() == 1
    assert (await office.courier.ask(office.to("/a#rc=2&rp=5xx"))).status == 200
    assert office.sent() == 4
    assert [entry.facts["attempt"] for entry in office.ledger.all(What.WEBHOOK)] == [1, 1, 2, 3]


async def test_a_slow_reply_is_rt_and_tried_again(office: Office) -> None:
    office.delay = 0.4
    delivery = await office.courier.ask(office.to("/a#rt=100&rc=1&rp=rt"))
    assert (delivery.status, delivery.failure) == (None, "rt")
    assert office.sent() == 2


async def test_nobody_there_is_ct(office: Office) -> None:
    async with serving(Starlette()) as gone:
        pass
    webhook = Webhook(url=gone, fields=(), kind="test", call="c", policy=ONCE)
    delivery = await office.courier.ask(webhook)
    assert (delivery.failure, delivery.is_ok) == ("ct", False)


@pytest.mark.parametrize("url", ["http://192.0.2.1/", "http://localhost.example.com/", "nonsense"])
async def test_other_machines_are_never_reached(office: Office, url: str) -> None:
    delivery = await office.courier.ask(Webhook(url=url, fields=(), kind="test"))
    assert delivery.failure == "ct"
    assert "loopback" in delivery.detail


async def test_redirects_are_not_followed(office: Office) -> None:
    delivery = await office.courier.ask(office.to("/away"))
    assert delivery.status == 307
    assert len(office.seen) == 1


async def test_twice_and_replayed_and_dropped(office: Office) -> None:
    office.faults.callback_twice = 1
    office.courier.tell(office.to("/a"))
    await office.ledger.until(What.WEBHOOK, "c")
    while office.sent() < 2:
        await asyncio.sleep(0.01)
    office.faults.callback_twice, office.faults.callback_drop = 0, 1
    office.courier.tell(office.to("/b"))
    await office.tasks.close(1)
    assert not [one for one in office.seen if one[1].endswith("/b")]


async def test_shuffled_callbacks_are_overtaken(office: Office) -> None:
    office.faults.seconds = 1000
    office.faults.callback_shuffle = 1
    office.courier.tell(office.to("/first"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    office.faults.callback_shuffle = 0
    office.courier.tell(office.to("/second"))
    while len(office.seen) < 2:
        await asyncio.sleep(0.01)
    assert [url.rsplit("/")[-1] for _, url, _, _ in office.seen] == ["second", "first"]
    office.faults.seconds = 0
    await office.tasks.close(0)


async def test_a_bad_signature_is_another_one(office: Office) -> None:
    office.faults.bad_signature = 1
    await office.courier.ask(office.to("/a"))
    assert office.seen[0][3] == f"POST {office.url}/a 3"[::-1]


async def test_a_file_is_fetched_unsigned(office: Office) -> None:
    delivery = await office.courier.fetch("http://192.0.2.1/x.wav")
    assert delivery.failure == "ct"

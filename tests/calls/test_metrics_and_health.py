"""Health, readiness and metrics of a running server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
import pytest_asyncio

from linecard.calls import Call
from linecard.carrier import Found
from linecard.exchange import endings
from linecard.exchange.lifecycle import build_exchange
from linecard.http.api.lookups import existing_call
from linecard.http.server import serving
from linecard.plugins import Plugins
from linecard.settings import load_settings
from linecard.simulator.ledger import What
from linecard.simulator.phone import BUSY, Phone
from linecard.simulator.script import Wait
from linecard.testing.laid_out import lay_out
from tests.calls.faulty import fault
from tests.calls.locking import locked
from tests.calls.problems import refused
from tests.calls.telephone import CUSTOMER, HUMAN, KEY, OURS, Telephone, names, telephone

pytestmark = pytest.mark.asyncio(loop_scope="module")

STAYS = Phone(ring_seconds=0.2, script=(Wait(600),))
SHORT = Phone(ring_seconds=0.2, script=(Wait(1),), hangs_up=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Telephone]:
    async with telephone(tmp_path_factory.mktemp("world")) as running:
        await running.register()
        yield running


async def figures(world: Telephone) -> dict[str, float]:
    """Every figure by its name with labels."""
    answer = await world.api.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


@pytest.mark.slow
async def test_a_proxy_may_leave_a_connection_idle(world: Telephone) -> None:
    """Uvicorn closes it after five seconds, if it is not told to wait."""
    at = urlsplit(world.url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    asked = f"GET /healthz HTTP/1.1\r\nhost: {at.netloc}\r\n\r\n".encode()
    for pause in (0, 6):
        await asyncio.sleep(pause)
        writer.write(asked)
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200 ")
        await reader.readuntil(b"}")
    writer.close()


async def test_health_needs_no_key(world: Telephone) -> None:
    async with httpx2.AsyncClient(base_url=world.url) as stranger:
        assert (await stranger.get("/healthz")).json() == {"status": "ok"}
        ready = await stranger.get("/readyz")
        refused(await stranger.get("/metrics"), 401)
    assert ready.status_code == 200
    account = {"provider": "plivo", "account": "main", "api": "simulated"}
    assert ready.json() == {
        "status": "ready",
        "accounts": [account],
        "journal": {"open": True, "waiting": 0},
    }


async def test_calls_are_counted_by_how_they_ended(world: Telephone) -> None:
    ended = 'linecard_calls_total{direction="outbound",provider="plivo",status="%s"}'
    before = await figures(world)
    world.carrier.phones[CUSTOMER] = SHORT
    world.carrier.phones[HUMAN] = BUSY
    first, second = await world.dial(CUSTOMER), await world.dial(HUMAN)
    assert (await world.ended(first["id"]))["status"] == "completed"
    assert (await world.ended(second["id"]))["status"] == "busy"
    after = await figures(world)
    for status in ("completed", "busy"):
        assert after[ended % status] - before.get(ended % status, 0) == 1
    placed = 'linecard_placements_total{provider="plivo",result="placed"}'
    assert after[placed] - before.get(placed, 0) == 2


async def test_placements_are_counted_by_what_is_known_of_them(world: Telephone) -> None:
    result = 'linecard_placements_total{provider="plivo",result="%s"}'
    before = await figures(world)
    with fault(world, error_before=1):
        await world.dial(CUSTOMER)
    with fault(world, too_many_requests=1):
        await world.dial(CUSTOMER)
    after = await figures(world)
    for kind in ("unknown", "refused"):
        assert after[result % kind] - before.get(result % kind, 0) == 1


async def test_no_figure_holds_a_number_or_an_id(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = STAYS
    call = await world.dial(CUSTOMER)
    await world.until(call["id"], lambda one: "stream-started" in names(one))
    await world.eventually(lambda: _lives(world))
    text = (await world.api.get("/metrics")).text
    for private in (CUSTOMER[1:], OURS[1:], call["id"], call["carrier_ids"]["request_uuid"]):
        assert private not in text
    assert not re.search(r'="[^"]*\d{7,}', text)
    await world.api.post(f"/api/calls/{call['id']}/hangup")
    await world.ended(call["id"])


async def test_a_carrier_request_that_is_not_believed_is_counted(world: Telephone) -> None:
    before = (await figures(world)).get('linecard_requests_refused_total{provider="plivo"}', 0)
    answer = await world.api.post("/plivo/answer", data={"CallUUID": "x"})
    assert answer.status_code == 403
    after = await figures(world)
    assert after['linecard_requests_refused_total{provider="plivo"}'] == before + 1


async def test_readiness_fails_while_the_database_does_not_answer(tmp_path: Path) -> None:
    async with telephone(tmp_path) as alone, AsyncExitStack() as stack:
        for _ in range(10):  # every connection there may be
            await stack.enter_async_context(alone.exchange.database.read())
        answer = await alone.api.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (503, "no database")
        assert (await alone.api.get("/healthz")).status_code == 200


async def test_a_database_that_is_locked_is_503_and_nothing_is_dialled(tmp_path: Path) -> None:
    async with telephone(tmp_path) as alone:
        await alone.register()
        async with locked(tmp_path / "linecard.db"):
            answer = await alone.api.post("/api/calls", json={"from": OURS, "to": CUSTOMER})
            assert (await alone.api.get("/readyz")).status_code == 200
        refused(answer, 503)
        assert answer.headers["retry-after"] == "1"
        assert alone.carrier.ledger.all(What.REQUEST) == ()
        assert (await alone.api.get("/api/calls")).json()["items"] == []


async def test_an_admin_listener_takes_api_and_metrics_away_from_the_public(
    tmp_path: Path,
) -> None:
    environment = {
        "LINECARD_PUBLIC_URL": "http://127.0.0.1:1",
        "LINECARD_DATABASE_URL": lay_out(tmp_path / "linecard.db"),
        "LINECARD_API_KEY": KEY,
        "LINECARD_SECRET": "s" * 40,
    }
    exchange = build_exchange(load_settings(environment, {}, None), Plugins.discover(), ())
    async with serving(exchange, "127.0.0.1", 0, 0) as (public, admin):
        async with httpx2.AsyncClient(headers={"authorization": f"Bearer {KEY}"}) as client:
            assert (await client.get(f"{public}/healthz")).status_code == 200
            for path in ("/api/numbers", "/api/docs", "/metrics"):
                assert (await client.get(f"{public}{path}")).status_code == 404, path
            assert (await client.get(f"{admin}/api/numbers")).status_code == 200
            assert (await client.post(f"{admin}/plivo/answer")).status_code == 404
        async with httpx2.AsyncClient() as stranger:
            assert (await stranger.get(f"{admin}/metrics")).status_code == 200
            refused(await stranger.get(f"{admin}/api/numbers"), 401)
    assert urlsplit(public).port != urlsplit(admin).port


async def test_an_end_that_is_told_twice_is_counted_once(world: Telephone) -> None:
    ended = 'linecard_calls_total{direction="outbound",provider="plivo",status="completed"}'
    before = (await figures(world)).get(ended, 0)
    world.carrier.phones[CUSTOMER] = SHORT
    call = await world.dial(CUSTOMER)
    await world.ended(call["id"])
    await world.eventually(lambda: _counted(world, ended, before + 1))
    current = await existing_call(world.exchange, call["id"])
    # The carrier's own record of the end has another key than its callback: it is news, and no new end.
    await world.eventually(lambda: _looked_up(world, current))
    assert names(await world.call(call["id"])).count("leg-ended") == 2
    assert (await figures(world))[ended] == before + 1


async def _lives(world: Telephone) -> bool:
    return (await figures(world))["linecard_live_calls"] >= 1


async def _counted(world: Telephone, figure: str, value: float) -> bool:
    return (await figures(world)).get(figure, 0) == value


async def _looked_up(world: Telephone, call: Call) -> bool:
    return await endings.look_up(world.exchange, call) is Found.ENDED

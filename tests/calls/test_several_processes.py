"""Two servers on one database: what is asked of one about a call of the other is answered by that one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest

from linecard.exchange.context import Exchange
from linecard.exchange.lifecycle import build_exchange
from linecard.http.server import serving
from linecard.listening import free_port
from linecard.plugins import Plugins
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from linecard.store import instances
from linecard.webhook import Kind
from tests.calls.signed import Line, Plivo, answer_form, hangup_form, tail_form
from tests.calls.telephone import CUSTOMER, OURS, Telephone, names, telephone

NOBODY = "http://127.0.0.1:9"


@dataclass(frozen=True, slots=True)
class Two:
    """The server that carriers reach, and the other one; `there` is the carrier at the other's door."""

    world: Telephone
    other: Exchange
    inside: str
    here: Plivo
    there: Plivo


@asynccontextmanager
async def two(folder: Path, **settings: str) -> AsyncIterator[Two]:
    """Both of them, knowing each other."""
    async with (
        telephone(folder, internal_url=NOBODY, **settings) as world,
        beside(world) as (other, url, inside),
    ):
        await world.register()
        here = Plivo.of(world)
        yield Two(world, other, inside, here, replace(here, world=replace(world, url=url)))


@asynccontextmanager
async def beside(world: Telephone) -> AsyncIterator[tuple[Exchange, str, str]]:
    """Another server like the world's own, on the same database."""
    port = free_port()
    inside = f"http://127.0.0.1:{port}"
    settings = replace(world.exchange.settings, internal_url=inside)
    other = build_exchange(settings, Plugins.discover(), (), world.exchange.clock)
    async with serving(other, "127.0.0.1", 0, internal_port=port) as (url, _):
        await world.exchange.instances.beat()
        yield other, url, inside


@pytest.mark.parametrize("lane", ["lean", "asgi"])
async def test_a_call_of_the_other_is_carried_there_whoever_is_asked(
    lane: str, tmp_path: Path
) -> None:
    """Its socket, its webhooks with our call in the address and without, and its end."""
    async with two(tmp_path, media_lane=lane) as at:
        line = await Line.ring(at.there)
        async with line.connect() as socket:
            await socket.send(line.start("s1"))
            await at.world.eventually(lambda: line.call_id in at.other.lives)
            assert at.world.exchange.elsewhere.carried == 1
            assert at.world.exchange.lives == {}
            live = at.other.lives[line.call_id]
            await replace(line, plivo=at.here).hang_up()
            await at.world.eventually(lambda: not at.other.lives)
            assert live.is_over
        call = await at.world.ended(line.call_id)
    assert (call["status"], names(call).count("agent-started")) == ("completed", 1)


async def test_a_document_of_the_others_call_is_made_there(tmp_path: Path) -> None:
    """Here the call would seem to have lost its agent, and its caller would be told so."""
    async with two(tmp_path) as at:
        line = await Line.ring(at.there)
        async with line.connect() as socket:
            await socket.send(line.start("s1"))
            await at.world.eventually(lambda: line.call_id in at.other.lives)
        await line.streams(1)
        tail = at.here.address(Kind.NEXT, line.call_id, "t1")
        said = await at.here.send(tail, tail_form(line.carrier_id))
        assert said.status == 200
        assert b"<Stream" in said.body
        again = await at.there.send(tail, tail_form(line.carrier_id))
        assert again.body == said.body
        await line.hang_up()


async def test_commands_reach_the_agent_wherever_it_is(tmp_path: Path) -> None:
    async with two(tmp_path) as at:
        line = await Line.ring(at.there)
        async with line.connect() as socket:
            await socket.send(line.start("s1"))
            await at.world.eventually(lambda: line.call_id in at.other.lives)
            wrong = await at.world.api.post(f"/api/calls/{line.call_id}/dtmf", json={"digits": "x"})
            assert wrong.status_code == 422
            assert wrong.headers["content-type"] == "application/problem+json"
            done = await at.world.api.post(f"/api/calls/{line.call_id}/dtmf", json={"digits": "12"})
            assert (done.status_code, done.json()) == (202, {"status": "accepted"}), done.text
        lines = (await line.call())["events"]
        assert any("digit" in one["name"] or "keys" in one["name"] for one in lines), lines
        await line.hang_up()


async def test_what_is_not_proved_is_passed_on_to_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with two(tmp_path) as at:
        line = await Line.ring(at.there)
        asked: list[object] = []
        monkeypatch.setattr("linecard.http.webhooks.pass_on", lambda *one: asked.append(one))
        url = at.here.address(Kind.ENDED, line.call_id)
        forged = await at.here.deliver(url, hangup_form(line.carrier_id), {})
        assert forged.status == 403
        elsewhere = await at.here.send(url + "x", hangup_form(line.carrier_id))
        assert elsewhere.status == 403
        assert asked == []


async def test_nobody_but_us_is_answered_inside(tmp_path: Path) -> None:
    async with two(tmp_path) as at, httpx2.AsyncClient(base_url=at.inside) as client:
        assert (await client.post("/inside/pass", content=b"x")).status_code == 403
        large = await client.post("/inside/pass", content=bytes(2 << 20))
        assert large.status_code == 413
        for path in ("/plivo/answer", "/api/calls", "/metrics"):
            assert (await client.get(path)).status_code == 404
        assert (await client.get("/healthz")).status_code == 200


async def test_a_call_of_a_server_that_is_gone_is_answered_by_whoever_is_asked(
    tmp_path: Path,
) -> None:
    async with telephone(tmp_path, internal_url=NOBODY) as world:
        await world.register()
        here = Plivo.of(world)
        async with beside(world) as (_, url, _inside):
            line = await Line.ring(replace(here, world=replace(world, url=url)))
        line = replace(line, plivo=here)
        async with line.connect() as socket:
            await socket.send(line.start("s1"))
            await world.eventually(lambda: line.call_id in world.exchange.lives)
            await line.hang_up()
        call = await world.ended(line.call_id)
    assert call["status"] == "completed"


async def test_a_server_that_drains_gives_new_calls_to_the_other(tmp_path: Path) -> None:
    async with two(tmp_path) as at:
        at.world.carrier.phones[CUSTOMER] = Phone(script=(Wait(20),))
        at.world.exchange.doors.close()
        line = await Line.ring(at.here)
        placed = await at.world.dial()
        await at.world.eventually(lambda: placed["id"] in at.other.lives)
        async with at.other.database.read() as conn:
            owners = [await instances.owner_of(conn, one) for one in (line.call_id, placed["id"])]
        assert owners == [at.other.instances.name] * 2
        hung = await at.world.api.post(f"/api/calls/{placed['id']}/hangup")
        assert hung.status_code == 202
        await at.world.ended(placed["id"])
        await line.hang_up()


async def test_where_both_drain_a_new_call_is_refused(tmp_path: Path) -> None:
    async with two(tmp_path) as at:
        at.world.exchange.doors.close()
        at.other.doors.close()
        said = await at.here.send(at.here.address(Kind.ANSWER), answer_form())
        assert said.status == 503
        refused = await at.world.api.post("/api/calls", json={"from": OURS, "to": CUSTOMER})
        assert refused.status_code == 503


async def test_work_of_a_call_is_done_by_who_holds_it(tmp_path: Path) -> None:
    """While that lives; then by the other."""
    async with telephone(tmp_path, internal_url=NOBODY) as world:
        await world.register()
        here = Plivo.of(world)
        async with beside(world) as (other, url, _inside):
            line = await Line.ring(replace(here, world=replace(world, url=url)))
            others = world.exchange.instances.busy_elsewhere
            assert list(others) == [other.instances.name]
            assert world.exchange.instances.is_theirs(other.instances.name)
        await world.exchange.instances.beat()
        assert list(world.exchange.instances.busy_elsewhere) == []
        assert not world.exchange.instances.is_theirs(other.instances.name)
        await replace(line, plivo=here).hang_up()

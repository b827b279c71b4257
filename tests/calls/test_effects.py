"""Commands beside a reply: in order, waiting for what is reported, undone backwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from linecard import Answer, Call, CallAnswered, CallRinging, CarrierRefused, Command, Reply
from linecard.exchange import answering, effects, inbox
from linecard.exchange.reasons import NOT_CARRIED_OUT
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from linecard.store import calls
from linecard.tasks import Tasks
from tests.calls.telephone import CUSTOMER, OURS, Telephone, names, telephone

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Telephone]:
    folder: Path = tmp_path_factory.mktemp("world")
    async with telephone(folder) as running:
        await running.register()
        yield running


async def a_call(world: Telephone) -> Call:
    """A call that is being answered, and its record."""
    before = {one["id"] for one in (await world.api.get("/api/calls")).json()["items"]}
    await world.carrier.call_in(CUSTOMER, OURS, Phone(script=(Wait(300),)))
    async with asyncio.timeout(20):
        while not (new := await _ids(world) - before):
            await asyncio.sleep(0.05)
    async with world.exchange.database.read() as conn:
        call = await calls.get(conn, new.pop())
    assert call is not None
    return call


async def _ids(world: Telephone) -> set[str]:
    return {one["id"] for one in (await world.api.get("/api/calls")).json()["items"]}


class Carrier:
    """What was asked of a carrier, in its order."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def does(
        self, name: str, then: Callable[[], Awaitable[object]] | None = None
    ) -> Callable[[], Awaitable[object]]:
        async def ask() -> None:
            self.asked.append(name)
            if then is not None:
                await then()

        return ask

    def refuses(self, name: str) -> Callable[[], Awaitable[object]]:
        async def ask() -> None:
            self.asked.append(name)
            raise CarrierRefused("acme", "no more channels", status=422)

        return ask

    def undo(self, name: str) -> Command:
        return Command(f"undo {name}", self.does(f"undo {name}"))


async def test_each_waits_for_what_the_one_before_brings_about(world: Telephone) -> None:
    call, carrier = await a_call(world), Carrier()

    async def report() -> None:
        event = CallRinging(key=f"effect-ring:{call.id}")
        await inbox.apply(world.exchange, call, [event])
        carrier.asked.append("reported")

    commands = (
        Command("answer", carrier.does("answer", report), CallRinging, 20),
        Command("stream", carrier.does("stream")),
    )
    await effects.run(world.exchange, call, commands)
    assert carrier.asked == ["answer", "reported", "stream"]
    assert "command-failed" not in names(await world.call(call.id))
    await world.api.post(f"/api/calls/{call.id}/hangup")


@pytest.mark.parametrize("why", ["refused", "never reported"])
async def test_a_failure_is_undone_backwards_and_said_in_one_line(
    world: Telephone, why: str
) -> None:
    call, carrier = await a_call(world), Carrier()
    last = (
        Command("bridge", carrier.refuses("bridge"), undo=carrier.undo("bridge"))
        if why == "refused"
        else Command("bridge", carrier.does("bridge"), CallAnswered, 0.5, carrier.undo("bridge"))
    )
    commands = (
        Command("answer", carrier.does("answer"), undo=carrier.undo("answer")),
        Command("play", carrier.does("play")),
        last,
        Command("never", carrier.does("never")),
    )
    await effects.run(world.exchange, call, commands)
    assert carrier.asked == ["answer", "play", "bridge", "undo bridge", "undo answer"]
    record = await world.call(call.id)
    facts = next(one["facts"] for one in record["events"] if one["name"] == "command-failed")
    assert facts["command"] == "bridge"
    assert facts["undone"] == ["undo bridge", "undo answer"]
    assert ("no more channels" in facts["reason"]) is (why == "refused")
    await world.api.post(f"/api/calls/{call.id}/hangup")


async def test_an_event_of_another_call_is_not_waited_for(world: Telephone) -> None:
    call, other = await a_call(world), await a_call(world)
    with world.exchange.awaited.expect(call.id, CallRinging) as reported:
        await inbox.apply(world.exchange, other, [CallRinging(key=f"other-ring:{other.id}")])
        assert not reported.done()
        await inbox.apply(world.exchange, call, [CallRinging(key=f"own-ring:{call.id}")])
        assert reported.done()


@pytest.mark.parametrize("dies", ["before the first", "within the first"])
async def test_commands_that_a_process_took_with_it_do_not_leave_a_caller_in_silence(
    world: Telephone, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    call, carrier = await a_call(world), Carrier()
    await world.until(call.id, lambda one: "agent-started" in names(one))
    world.exchange.lives.pop(call.id)  # with the process its agent is gone
    monkeypatch.setattr(effects, "SPARE_SECONDS", 0.0)
    dead = Tasks() if dies == "before the first" else world.exchange.tasks
    started: list[asyncio.Task[None]] = []

    def start(work: Coroutine[Any, Any, Any], what: str) -> asyncio.Task[Any]:
        if what != "commands of an answer" or dies == "within the first":
            task = asyncio.create_task(work)
            started.extend([task] if what == "commands of an answer" else [])
            return task
        work.close()
        return asyncio.create_task(asyncio.sleep(0))

    async def never() -> None:
        await asyncio.Event().wait()

    command = Command("answer", carrier.does("answer", never), within=0.1)
    exchange = replace(world.exchange, tasks=dead)
    monkeypatch.setattr(dead, "start", start)
    answer = Answer(Reply(), effects=(command,))
    await answering._keep(exchange, call, ("answer", "again"), answer)
    await asyncio.sleep(0)
    for task in started:
        task.cancel()
    monkeypatch.undo()
    ended = await world.ended(call.id)
    assert names(ended).count("command-failed") == 1
    assert ended["end_reason"] == NOT_CARRIED_OUT
    await world.eventually(
        lambda: not set(call.carrier_ids.values()) & set(world.carrier.ledger.live_legs())
    )

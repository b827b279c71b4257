from __future__ import annotations

import asyncio
import sys
from typing import ClassVar

import pytest
from structlog.testing import capture_logs
from tests.core.live.world import World, soon, turns, world

import linecard
from linecard.agents import run_agent, running
from linecard.agents.declared import Agent, as_agent


def _agent(target: object) -> Agent:
    return as_agent("one", "here", target)


def _finished(one: World) -> object:
    return one.control.log[-1]


COMPLETED = ("agent_finished", "c1", "completed")
FAILED = ("agent_finished", "c1", "agent_error")


async def test_an_agent_runs_from_the_first_stream_to_its_return() -> None:
    async def talk(call: linecard.LiveCall) -> None:
        await call.play(b"\1\0" * 1600)

    async with world() as one:
        running_agent = asyncio.create_task(run_agent(_agent(talk), one.live))
        await turns()
        assert one.control.log == []
        socket = one.attach()
        await running_agent
        assert _finished(one) == COMPLETED
        assert socket.frames() == b"\1\0" * 1600


async def test_the_last_words_are_heard_before_the_call_ends() -> None:
    async def talk(call: linecard.LiveCall) -> None:
        await call.play(bytes(32_000))

    async with world() as one:
        one.attach()
        began = one.clock.now()
        await run_agent(_agent(talk), one.live)
        assert one.clock.now() - began >= 2


async def test_a_call_that_never_gets_a_stream_starts_no_agent() -> None:
    started = []

    async def talk(call: linecard.LiveCall) -> None:
        started.append(call)

    async with world() as one:
        await run_agent(_agent(talk), one.live)
        assert started == []
        assert _finished(one) == COMPLETED


@pytest.mark.parametrize("error", [ValueError("broken"), SystemExit(3), asyncio.CancelledError()])
async def test_an_agent_that_raises_is_logged_with_its_call(error: BaseException) -> None:
    async def talk(call: linecard.LiveCall) -> None:
        raise error

    async with world() as one:
        one.attach()
        with capture_logs() as logs:
            await run_agent(_agent(talk), one.live)
        assert _finished(one) == FAILED
        assert [entry["call"] for entry in logs] == ["c1"]
        assert {entry["log_level"] for entry in logs} == {"error"}


async def test_call_over_is_a_normal_end() -> None:
    async def talk(call: linecard.LiveCall) -> None:
        call.send_nowait(b"\0\0")
        await call.gather(seconds=1000)

    async with world() as one:
        one.attach()
        task = asyncio.create_task(run_agent(_agent(talk), one.live))
        await turns()
        one.live.finish("hung up")
        await task
        assert _finished(one) == COMPLETED


async def test_after_the_end_an_agent_may_finish_its_notes() -> None:
    async def talk(call: linecard.LiveCall) -> None:
        async for _ in call:
            pass
        await call.clock.sleep(1)
        call.outcome = "noted"

    async with world() as one:
        one.attach()
        task = asyncio.create_task(run_agent(_agent(talk), one.live))
        await turns()
        one.live.finish("hung up")
        await task
        assert ("set_outcome", "c1", "noted") in one.control.log
        assert COMPLETED in one.control.log


async def test_an_agent_that_goes_on_after_the_end_is_cancelled() -> None:
    ended = []

    async def talk(call: linecard.LiveCall) -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            ended.append(call.clock.now())

    async with world() as one:
        one.attach()
        task = asyncio.create_task(run_agent(_agent(talk), one.live))
        await turns()
        began = one.clock.now()
        one.live.finish("hung up")
        await task
        assert ended[0] - began >= 5
        assert _finished(one) == COMPLETED


async def test_an_agent_that_ignores_its_cancellation_is_left_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running, "CANCEL_SECONDS", 0.02)
    release = asyncio.Event()

    async def talk(call: linecard.LiveCall) -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    async with world() as one:
        one.attach()
        task = asyncio.create_task(run_agent(_agent(talk), one.live))
        await turns()
        one.live.finish("hung up")
        with capture_logs() as logs:
            await task
        assert "ignores its cancellation" in logs[0]["event"]
        assert _finished(one) == FAILED
        release.set()
        await turns()


async def test_a_stopped_server_stops_the_agent() -> None:
    ended = []

    async def talk(call: linecard.LiveCall) -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            ended.append(True)

    async with world() as one:
        one.attach()
        task = asyncio.create_task(run_agent(_agent(talk), one.live))
        await turns()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        assert ended == [True]


class Recorder:
    """A callback agent that keeps what it hears."""

    heard: ClassVar[list[object]] = []

    def __init__(self, call: linecard.LiveCall) -> None:
        self.call = call
        self.heard.clear()
        self.rate = call.rate

    def on_audio(self, pcm: bytes) -> None:
        self.heard.append(pcm)
        self.call.send_nowait(pcm)

    def on_digit(self, digit: str) -> None:
        self.heard.append(digit)
        self.call.clear()
        self.call.send_nowait(b"\1\0" * 160)
        self.call.mark(digit)

    def on_mark(self, name: str) -> None:
        self.heard.append(f"mark {name}")


async def test_callbacks_are_called_straight_from_the_sockets_read() -> None:
    async with world() as one:
        socket = one.attach()
        task = asyncio.create_task(run_agent(_agent(Recorder), one.live))
        await turns()
        socket.speaks(b"\2\0" * 160)
        assert Recorder.heard == [b"\2\0" * 160]
        assert socket.frames() == b"\2\0" * 160
        socket.presses("5")
        await soon(lambda: "mark 5" in Recorder.heard)
        assert Recorder.heard[1:] == ["5", "mark 5"]
        one.live.finish("hung up")
        await task
        assert _finished(one) == COMPLETED


async def test_a_callback_agents_run_ends_its_call() -> None:
    class Brief(Recorder):
        async def run(self) -> None:
            async for event in self.call:
                if event == linecard.DigitPressed("9"):
                    return

    async with world() as one:
        socket = one.attach()
        task = asyncio.create_task(run_agent(_agent(Brief), one.live))
        await turns()
        socket.presses("19")
        await task
        assert _finished(one) == COMPLETED


@pytest.mark.parametrize("error", [ValueError("broken"), SystemExit(3)])
async def test_a_callback_that_raises_ends_its_agent_and_not_the_read(error: BaseException) -> None:
    class Broken(Recorder):
        def on_audio(self, pcm: bytes) -> None:
            raise error

        async def run(self) -> None:
            await asyncio.sleep(1000)

    async with world() as one:
        socket = one.attach()
        with capture_logs() as logs:
            task = asyncio.create_task(run_agent(_agent(Broken), one.live))
            await turns()
            socket.speaks(b"\0\0")
            await task
        assert _finished(one) == FAILED
        assert logs[0]["agent"] == "one"
        assert socket.session.is_open


async def test_a_callback_that_hears_of_the_end_ends_well() -> None:
    class Late(Recorder):
        def on_audio(self, pcm: bytes) -> None:
            raise linecard.CallOver("c1")

    async with world() as one:
        socket = one.attach()
        task = asyncio.create_task(run_agent(_agent(Late), one.live))
        await turns()
        socket.speaks(b"\0\0")
        await task
        assert _finished(one) == COMPLETED


async def test_a_constructor_that_raises_is_the_agents_failure() -> None:
    class Unborn(Recorder):
        def __init__(self, call: linecard.LiveCall) -> None:
            sys.exit("no key")

    async with world() as one:
        one.attach()
        with capture_logs() as logs:
            await run_agent(_agent(Unborn), one.live)
        assert _finished(one) == FAILED
        assert "no key" in str(logs[0]["exc_info"])


async def test_nothing_is_left_running() -> None:
    async def talk(call: linecard.LiveCall) -> None:
        await call.gather(seconds=0.1)

    before = asyncio.all_tasks()
    async with world() as one:
        one.attach()
        for target in (talk, talk):
            await run_agent(_agent(target), one.live)
    assert asyncio.all_tasks() == before

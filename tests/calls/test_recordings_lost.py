"""Recordings that the carrier never tells of: asked for, found, or given up in the open."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from linecard.events import RecordingReady
from linecard.exchange import durable, inbox, lifecycle, recording_jobs, recording_poll
from linecard.exchange.outbox import Kind
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from linecard.store import calls
from tests.calls.telephone import CUSTOMER, Telephone, names, telephone
from tests.calls.test_recordings_kept import TALKER, first, is_kept, recorded_call


def lose(world: Telephone) -> None:
    """The carrier has the file and tells nobody."""
    if world.carrier.name == "exotel":
        quirks: Any = world.carrier
        quirks.quirks.recording_url = "later"
    else:
        world.carrier.faults.recording_lost = 1.0


@pytest.mark.parametrize("provider", ["plivo", "twilio", "exotel"])
async def test_a_recording_that_was_not_told_is_found_by_asking(
    tmp_path: Path, provider: str
) -> None:
    async with telephone(tmp_path, provider) as world:
        lose(world)
        call = await world.until(await recorded_call(world), is_kept, within=60)
        assert names(call).count("recording-ready") == 1
        assert len(call["recordings"]) == 1


async def test_a_call_that_only_the_carrier_had_is_asked_about_too(tmp_path: Path) -> None:
    """Its flow never asked us: that it was answered is told by its end alone."""
    async with telephone(tmp_path, "exotel") as world:
        lose(world)
        world.carrier.phones[CUSTOMER] = TALKER
        await world.register(options=dict(world.carrier.number_options()))
        placed = await world.dial(record=True)
        call = await world.until(placed["id"], is_kept, within=60)
        assert "agent-started" not in names(call)
        assert names(call).count("recording-ready") == 1


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The carrier is asked sixty times as often: a minute stands for an hour."""
    kind = Kind(
        work=recording_poll.poll_recording,
        retry_after=[pause / 60 for pause in recording_poll.RETRY_AFTER],
        buried=recording_poll.given_up,
    )
    kinds = MappingProxyType({**durable.KINDS, recording_jobs.POLL: kind})
    monkeypatch.setattr(lifecycle, "KINDS", kinds)
    monkeypatch.setattr(recording_jobs, "POLL_AFTER", recording_jobs.POLL_AFTER / 60)


@pytest.mark.parametrize(
    "provider", ["plivo", "twilio", pytest.param("exotel", marks=pytest.mark.slow)]
)
async def test_a_file_that_comes_an_hour_late_is_kept_once(
    tmp_path: Path, provider: str, hurried: None
) -> None:
    """And its call is over, and said so, long before."""
    async with telephone(tmp_path, provider) as world:
        world.carrier.faults.recording_late = 1.0
        world.carrier.faults.seconds = 60.0
        call = await world.ended(await recorded_call(world))
        assert not is_kept(call)
        call = await world.until(call["id"], is_kept, within=60)
        assert len(call["recordings"]) == 1
        assert "recording-failed" not in names(call)
        assert names(call).count("recording-kept") == 1


@pytest.mark.parametrize("provider", ["plivo", "twilio"])
async def test_a_file_that_is_told_before_the_call_is_over_is_kept_once(
    tmp_path: Path, provider: str, hurried: None
) -> None:
    async with telephone(tmp_path, provider) as world:
        world.carrier.faults.recording_twice = 1.0
        world.carrier.phones[CUSTOMER] = Phone(script=(Wait(300),))
        await world.register()
        placed = await world.dial(record=True)
        await world.until(placed["id"], lambda one: bool(one["recordings"]))
        await asyncio.sleep(0.5)
        body = {"do": "stop"}
        await world.api.post(f"/api/calls/{placed['id']}/recording", json=body)
        call = await world.until(placed["id"], is_kept)
        assert call["ended_at"] is None
        await world.api.post(f"/api/calls/{placed['id']}/hangup")
        await world.ended(placed["id"])
        await asyncio.sleep(1.0)
        call = await world.call(placed["id"])
        assert [one["n"] for one in call["recordings"]] == [1]
        assert names(call).count("recording-ready") == 1


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two questions, a second apart."""
    kind = Kind(
        work=recording_poll.poll_recording, retry_after=(1.0,), buried=recording_poll.given_up
    )
    kinds = MappingProxyType({**durable.KINDS, recording_jobs.POLL: kind})
    monkeypatch.setattr(lifecycle, "KINDS", kinds)
    monkeypatch.setattr(recording_jobs, "POLL_AFTER", 1.0)


async def test_after_the_deadline_one_event_says_so_and_a_late_file_wins(
    tmp_path: Path, impatient: None
) -> None:
    async with telephone(tmp_path) as world:
        world.carrier.faults.recording_late = 1.0
        world.carrier.faults.seconds = 60.0
        call = await world.until(
            await recorded_call(world), lambda one: first(one).get("status") == "failed"
        )
        assert first(call)["reason"] == recording_poll.NEVER_CAME
        call = await world.until(call["id"], is_kept)
        assert first(call)["status"] == "completed"
        assert first(call)["reason"] is None
        assert names(call).count("recording-failed") == 1


async def test_a_call_without_a_recording_is_not_asked_about(
    tmp_path: Path, impatient: None
) -> None:
    async with telephone(tmp_path) as world:
        call_id = await recorded_call(world)
        await world.until(call_id, is_kept)
        other = await world.dial(record=False)
        await world.ended(other["id"])
        await world.eventually(lambda: True)
        assert "recording-failed" not in names(await world.call(other["id"]))


async def test_a_file_that_nobody_announced_is_a_recording_too(tmp_path: Path) -> None:
    async with telephone(tmp_path) as world:
        call_id = await recorded_call(world)
        await world.until(call_id, is_kept)
        async with world.exchange.database.read() as conn:
            call = await calls.get(conn, call_id)
        assert call is not None
        event = RecordingReady(key="recording:other", recording="other", url="https://x.example/a")
        await inbox.apply(world.exchange, call, [event])
        shown = await world.call(call_id)
        assert [one["n"] for one in shown["recordings"]] == [1, 2]

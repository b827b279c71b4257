"""Recordings that the carrier never tells of: asked for, found, or given up in the open."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from linecard.events import RecordingReady
from linecard.exchange import durable, inbox, lifecycle, recording_jobs, recording_poll
from linecard.exchange.outbox import Kind
from linecard.store import calls
from tests.calls.telephone import Telephone, names, telephone
from tests.calls.test_recordings_kept import first, is_kept, recorded_call


def lose(world: Telephone) -> None:
    """The carrier has the file and tells nobody."""
    if world.carrier.name == "exotel":
        quirks: Any = world.carrier
        quirks.quirks.recording_url = "later"
    else:
        world.carrier.faults.recording_lost = 1.0


@pytest.mark.parametrize("provider", ["plivo", "twilio"])
async def test_a_recording_that_was_not_told_is_found_by_asking(
    tmp_path: Path, provider: str
) -> None:
    async with telephone(tmp_path, provider) as world:
        lose(world)
        call = await world.until(await recorded_call(world), is_kept, within=60)
        assert names(call).count("recording-ready") == 1
        assert len(call["recordings"]) == 1


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
        assert first(call)["status"] == "ready"
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

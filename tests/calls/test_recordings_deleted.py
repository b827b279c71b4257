"""Recordings that are deleted: our copy, and the carrier's where it can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from linecard.exchange import recording_jobs
from tests.calls.telephone import names, telephone
from tests.calls.test_recordings_kept import first, is_kept, recorded_call, stored


@pytest.mark.parametrize(
    ("provider", "carriers"), [("plivo", "deleted"), ("twilio", "deleted"), ("exotel", "stays")]
)
async def test_a_deleted_recording_is_served_to_nobody(
    tmp_path: Path, provider: str, carriers: str
) -> None:
    async with telephone(tmp_path, provider) as world:
        call = await world.until(await recorded_call(world), is_kept, within=60)
        file = first(call)["file"]
        assert (await world.api.delete(file)).status_code == 202
        assert (await world.api.get(file)).status_code == 404
        call = await world.until(call["id"], lambda one: "recording-deleted" in names(one))
        facts = next(e["facts"] for e in call["events"] if e["name"] == "recording-deleted")
        assert facts == {"n": 1, "ours": True, "carriers": carriers}
        assert stored(tmp_path) == []
        assert first(call)["status"] == "deleted"
        assert (await world.api.delete(file)).status_code == 202
        assert (await world.api.delete(file[:-1] + "7")).status_code == 404
        assert (await world.api.delete(file[:-1] + "0")).status_code == 422


async def test_old_recordings_go_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_jobs, "DAY", 5.0)
    async with telephone(tmp_path, keep_recordings_days="2") as world:
        call_id = await recorded_call(world)
        await world.until(call_id, lambda one: "recording-deleted" in names(one), within=60)
        assert stored(tmp_path) == []

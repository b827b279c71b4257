"""Recordings in our own storage: whole, once, with their digest, whatever the carrier's file server does."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from linecard.events import RecordingReady
from linecard.exchange import inbox, recording_fetch
from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import HangUp, Speak, Wait
from linecard.simulator.speech import speech
from linecard.store import calls
from linecard.store import outbox as jobs
from linecard.testing.telephone import set_up
from tests.calls.files import Files, mp3, said, serving_files, sound
from tests.calls.telephone import CUSTOMER, OURS, Telephone, names, telephone

CARRIERS = ("plivo", "twilio", "exotel")
TALKER = Phone(
    script=(Wait(1.0), Speak(speech("hello there, can you hear me")), Wait(1.0), HangUp())
)
WAV_SECONDS = 6.0
WAV, SHORT = sound(WAV_SECONDS), sound(WAV_SECONDS - 3)


def first(call: dict[str, Any]) -> dict[str, Any]:
    """The call's first recording, or nothing of one."""
    return next(iter(call["recordings"]), {})


def is_kept(call: dict[str, Any]) -> bool:
    return bool(first(call).get("sha256"))


def stored(folder: Path) -> list[Path]:
    """All files of the storage, drafts too."""
    return [path for path in (folder / "recordings").rglob("*") if path.is_file()]


async def recorded_call(world: Telephone) -> str:
    """A call that is recorded from our side or the carrier's."""
    world.carrier.phones[CUSTOMER] = TALKER
    await world.register(options=dict(world.carrier.number_options()))
    await set_up(world.api, world.carrier, OURS)
    return str((await world.dial(record=True))["id"])


@pytest.mark.parametrize("provider", CARRIERS)
async def test_the_file_of_a_call_is_kept_and_served_when_the_carrier_has_it_no_more(
    tmp_path: Path, provider: str
) -> None:
    async with telephone(tmp_path, provider) as world:
        call = await world.until(await recorded_call(world), is_kept, within=60)
        one = first(call)
        (path,) = stored(tmp_path)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == one["sha256"]
        assert path.stat().st_size == one["bytes"]
        assert one["channels"] == 2
        assert names(call).count("recording-kept") == 1
        world.carrier.faults.error_before = 1.0
        answer = await world.api.get(one["file"])
        assert answer.status_code == 200
        assert answer.content == path.read_bytes()
        assert answer.headers["content-type"] == "audio/wav"


@pytest.mark.parametrize("provider", CARRIERS)
async def test_a_file_that_is_told_late_and_twice_is_kept_once(
    tmp_path: Path, provider: str
) -> None:
    async with telephone(tmp_path, provider) as world:
        world.carrier.faults.recording_late = world.carrier.faults.recording_twice = 1.0
        call = await world.until(await recorded_call(world), is_kept, within=60)
        assert len(call["recordings"]) == 1
        assert len(stored(tmp_path)) == 1
        assert names(await world.call(call["id"])).count("recording-kept") == 1


@pytest.mark.parametrize("provider", CARRIERS)
async def test_a_file_may_be_kept_at_an_address_of_fsspec(tmp_path: Path, provider: str) -> None:
    pytest.importorskip("fsspec", reason="fsspec comes with the extra s3, which is not installed")
    async with telephone(tmp_path, provider, recordings=f"memory://kept/{provider}") as world:
        call = await world.until(await recorded_call(world), is_kept, within=60)
        world.carrier.faults.error_before = 1.0
        answer = await world.api.get(first(call)["file"])
        assert hashlib.sha256(answer.content).hexdigest() == first(call)["sha256"]
        assert stored(tmp_path) == []


async def test_without_a_storage_the_file_stays_with_the_carrier(tmp_path: Path) -> None:
    async with telephone(tmp_path, recordings="off") as world:
        call = await world.until(
            await recorded_call(world), lambda one: first(one).get("status") == "completed"
        )
        assert first(call)["sha256"] is None
        assert (await world.api.get(first(call)["file"])).content[:4] == b"RIFF"
        assert stored(tmp_path) == []


async def test_a_copy_that_has_vanished_is_passed_on_from_the_carrier(tmp_path: Path) -> None:
    async with telephone(tmp_path) as world:
        call = await world.until(await recorded_call(world), is_kept)
        (path,) = stored(tmp_path)
        path.unlink()
        assert (await world.api.get(first(call)["file"])).content[:4] == b"RIFF"


@asynccontextmanager
async def world_with(folder: Path, files: Files, **settings: str) -> AsyncIterator[Telephone]:
    """A world whose carrier keeps its recordings on a server of the test."""
    hosts = {"TWILIO_RECORDING_HOSTS": files.host}
    async with telephone(folder, "twilio", variables=hosts, **settings) as world:
        yield world


async def told(world: Telephone, url: str, duration_ms: int | None = None) -> str:
    """A call whose recording is said to lie at an address."""
    world.carrier.phones[CUSTOMER] = Phone(script=(HangUp(),))
    await world.register()
    placed = await world.dial()
    await world.ended(placed["id"])
    async with world.exchange.database.read() as conn:
        call = await calls.get(conn, placed["id"])
    assert call is not None
    event = RecordingReady(key="recording:RE1", recording="RE1", url=url, duration_ms=duration_ms)
    await inbox.apply(world.exchange, call, [event])
    return call.id


TROUBLES = {
    "not there yet": [said(b"", 404), said(b"", 404)],
    "forbidden for a while": [said(b"", 403)],
    "the server is down": [said(b"oops", 503)],
    "fewer bytes than were told": [said(WAV[:500], length=len(WAV))],
    "fewer bytes than its header says": [said(WAV[:500])],
    "torn, and no length told": [said(WAV[:-1], 200, -1)],
    "a header alone": [said(WAV[:20])],
    "empty": [said(b"")],
    "a page to log in": [said(b"<html>", 200, None, "X: y").replace(b"audio/x-wav", b"text/html")],
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_file_is_fetched_again_until_it_is_whole(tmp_path: Path, trouble: str) -> None:
    async with (
        serving_files(*TROUBLES[trouble], said(WAV)) as files,
        world_with(tmp_path, files) as world,
    ):
        call = await world.until(await told(world, f"{files.url}/a.wav"), is_kept)
        (path,) = stored(tmp_path)
        assert path.read_bytes() == WAV
        assert first(call)["bytes"] == len(WAV)
        assert all("authorization" not in head.lower() for head in files.asked)


LENGTHS: dict[str, tuple[list[bytes], int, bool]] = {
    "short once": ([SHORT, WAV], 2, False),
    "always short": ([SHORT], 4, True),
    "missing at first, then always short": ([b"", SHORT], 5, True),
    "an MP3, always short": ([mp3(41)], 4, True),
    "an MP3, cut within a frame": ([mp3(83)[:-9]], 4, True),
    "an MP3": ([mp3(83)], 1, False),
}


@pytest.mark.parametrize("case", LENGTHS)
async def test_a_file_of_another_length_than_was_told_is_fetched_again_and_then_kept_with_its_flaw(
    tmp_path: Path, case: str
) -> None:
    """Nothing in the answer or the header says that there should be more; the carrier told six seconds."""
    bodies, asked, flawed = LENGTHS[case]
    answers = [said(body, 200 if body else 404) for body in bodies]
    async with serving_files(*answers) as files, world_with(tmp_path, files) as world:
        call_id = await told(world, f"{files.url}/a.wav", duration_ms=round(WAV_SECONDS * 1000))
        call = await world.until(call_id, is_kept)
        one = first(call)
        assert (one["bytes"], len(files.asked)) == (len(bodies[-1]), asked)
        (path,) = stored(tmp_path)
        assert path.suffix == (".mp3" if "MP3" in case else ".wav")
        assert bool(one["flaw"]) is flawed
        assert names(call).count("recording-doubtful") == flawed
        assert world.exchange.metrics.doubtful_recordings.labels("twilio")._value.get() == flawed
        explained = (await world.api.get(f"/api/calls/{call_id}/explanation")).text
        assert ("may not be whole" in explained) is flawed


async def test_the_record_says_how_long_the_copy_lasts(tmp_path: Path) -> None:
    async with serving_files(said(SHORT)) as files, world_with(tmp_path, files) as world:
        call_id = await told(world, f"{files.url}/a.wav", duration_ms=6000)
        one = first(await world.until(call_id, is_kept))
        assert (one["duration_ms"], one["copy_ms"]) == (6000, 3000)
        assert one["flaw"] == "it lasts 3.0 s, and 6.0 s were told"


async def test_a_file_that_comes_drop_by_drop_holds_nobody_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_fetch, "LONGEST_SECONDS", 0.5)
    slow = said(WAV[:100], length=len(WAV))
    async with (
        serving_files(slow, said(WAV), drips=True) as files,
        world_with(tmp_path, files) as world,
    ):
        call = await world.until(await told(world, f"{files.url}/a.wav"), is_kept)
        assert first(call)["bytes"] == len(WAV)
        assert len(stored(tmp_path)) == 1


async def test_a_file_that_says_it_is_too_large_is_not_begun(tmp_path: Path) -> None:
    async with (
        serving_files(said(WAV, length=10_000_000_000)) as files,
        world_with(tmp_path, files) as world,
    ):
        call_id = await told(world, f"{files.url}/a.wav")
        await world.eventually(lambda: is_buried(world, call_id))
        call = await world.until(call_id, lambda one: "recording-not-kept" in names(one))
        assert "10000000000 bytes" in first(call)["reason"]
        assert len(files.asked) == 1


@pytest.mark.parametrize("named", ["callback", "record"])
async def test_a_file_in_the_accounts_own_storage_is_external_and_no_failure(
    tmp_path: Path, named: str
) -> None:
    """Where the callback names it, or where the carrier has no file and its record does."""
    async with telephone(tmp_path, "twilio") as world:
        carrier: Any = world.carrier
        if named == "record":
            carrier.quirks.external_storage = True
            call_id = await recorded_call(world)
        else:
            call_id = await told(world, "https://mine.bucket.example.com/RE1")
        call = await world.until(call_id, lambda one: first(one).get("status") == "external")
        assert "bucket.example.com" in first(call)["reason"]
        assert "recording-not-kept" not in names(call)
        assert "recording-failed" not in names(call)
        assert stored(tmp_path) == []
        answer = await world.api.get(first(call)["file"])
        assert answer.status_code == 404
        assert "external" in answer.json()["detail"]


async def is_buried(world: Telephone, call_id: str) -> bool:
    async with world.exchange.database.read() as conn:
        job = await jobs.get(conn, f"fetch-recording:{call_id}/RE1")
    return job is not None and job.state == "dead"


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("http://169.254.169.254/latest/meta-data", "not offered over https"),
        ("http://localhost:1/secret", "not offered over https"),
    ],
)
async def test_a_file_that_leads_elsewhere_is_not_fetched_and_the_record_says_so(
    tmp_path: Path, target: str, why: str
) -> None:
    async with (
        serving_files(said(b"", 302, None, f"Location: {target}")) as files,
        world_with(tmp_path, files) as world,
    ):
        call_id = await told(world, f"{files.url}/a.wav")
        await world.eventually(lambda: is_buried(world, call_id))
        call = await world.until(call_id, lambda one: "recording-not-kept" in names(one))
        assert why in first(call)["reason"]
        assert first(call)["status"] == "completed"
        assert len(files.asked) == 1
        assert stored(tmp_path) == []


async def test_a_file_of_a_foreign_host_is_never_asked_for(tmp_path: Path) -> None:
    async with serving_files(said(WAV)) as files, telephone(tmp_path) as world:
        call_id = await told(world, f"{files.url}/a.wav")
        await world.eventually(lambda: is_buried(world, call_id))
        assert files.asked == []


async def test_an_endless_file_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_fetch, "LARGEST_FILE", 1_000_000)
    async with (
        serving_files(said(WAV, 200, -1), endless=True) as files,
        world_with(tmp_path, files) as world,
    ):
        call_id = await told(world, f"{files.url}/a.wav")
        await world.eventually(lambda: is_buried(world, call_id))
        assert len(files.asked) == 1
        assert stored(tmp_path) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
async def test_a_full_disk_and_a_folder_of_another_are_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    failures = [code, code]
    rename = Path.replace

    def replace(path: Path, target: Path) -> Path:
        if failures:
            raise OSError(failures.pop(), os.strerror(code))
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    async with serving_files(said(WAV)) as files, world_with(tmp_path, files) as world:
        await world.until(await told(world, f"{files.url}/a.wav"), is_kept)
        assert failures == []
        assert len(stored(tmp_path)) == 1


async def test_no_recording_of_the_carrier_is_started_for_these_tests_in_vain(
    tmp_path: Path,
) -> None:
    async with telephone(tmp_path) as world:
        await world.until(await recorded_call(world), is_kept)
        assert len(world.carrier.ledger.all(What.RECORDING_STARTED)) == 1

"""Recordings in a bucket: fetched into it, served from it, deleted from it, through all that goes wrong there."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from linecard.http.api import downloads
from linecard.store import outbox
from tests.calls.telephone import names, telephone
from tests.calls.test_recordings_deleted import WAYS
from tests.calls.test_recordings_kept import first, is_kept, recorded_call, stored
from tests.s3.buckets import Buckets
from tests.s3.serving import ADDRESS, BUCKET, KEY, SECRET, Store, storing

CARRIERS = ("plivo", "twilio", "exotel")


@pytest.fixture
async def store(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    async with storing(monkeypatch) as running:
        yield running


@pytest.mark.parametrize("provider", CARRIERS)
async def test_a_file_is_kept_in_the_bucket_and_served_from_it(
    tmp_path: Path, store: Store, provider: str
) -> None:
    async with telephone(tmp_path, provider, recordings=ADDRESS) as world:
        call = await world.until(await recorded_call(world), is_kept, within=60)
        one = first(call)
        ((name, body),) = store.files.items()
        assert name == f"recordings/{call['created_at'][:10].replace('-', '/')}/{call['id']}-1.wav"
        assert hashlib.sha256(body).hexdigest() == one["sha256"]
        assert (len(body), one["status"]) == (one["bytes"], "completed")
        world.carrier.faults.error_before = 1.0
        answer = await world.api.get(one["file"])
        assert answer.content == body
        assert answer.headers["content-type"] == "audio/wav"
        assert stored(tmp_path) == []
        assert store.refused == []


@pytest.mark.parametrize("way", WAYS)
async def test_a_recording_goes_from_the_bucket(tmp_path: Path, store: Store, way: str) -> None:
    delete, days = WAYS[way]
    settings = {"recordings": ADDRESS, "keep_recordings_days": days}
    async with telephone(tmp_path, **settings) as world:
        call = await world.until(await recorded_call(world), is_kept, within=60)
        assert len(store.files) == 1
        await delete(world, call["id"])
        await world.eventually(lambda: store.files == {})


def unknown_key(store: Store) -> None:
    store.secrets = {}


def no_bucket(store: Store) -> None:
    store.buckets.objects.clear()


def busy(store: Store) -> None:
    store.busy = 1_000_000


TROUBLES: dict[str, tuple[Callable[[Store], None], str]] = {
    "key": (unknown_key, "Access Key Id"),
    "bucket": (no_bucket, "bucket does not exist"),
    "busy": (busy, "reduce your request rate"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_what_is_wrong_with_the_bucket_is_told_and_the_file_comes_when_it_is_mended(
    tmp_path: Path, store: Store, trouble: str
) -> None:
    begin, told = TROUBLES[trouble]
    begin(store)
    async with telephone(tmp_path, recordings=ADDRESS) as world:
        call_id = await recorded_call(world)

        async def is_told() -> bool:
            async with world.exchange.database.read() as conn:
                jobs = await outbox.of_call(conn, call_id)
            return any(told in (job.error or "") for job in jobs)

        await world.eventually(is_told, within=40)
        assert told in (await world.api.get(f"/api/calls/{call_id}/explanation")).text
        file = f"/api/calls/{call_id}/recordings/1"
        assert (await world.api.get(file)).content[:4] == b"RIFF", "the carrier has it meanwhile"
        store.secrets, store.busy = {KEY: SECRET}, 0
        store.buckets = Buckets({BUCKET: {}})
        call = await world.until(call_id, is_kept, within=60)
        assert names(call).count("recording-kept") == 1
        assert len(store.files) == 1


async def test_a_bucket_that_does_not_answer_keeps_nobody_from_the_carriers_file(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "OUR_COPY_SECONDS", 0.3)
    async with telephone(tmp_path, recordings=ADDRESS) as world:
        call = await world.until(await recorded_call(world), is_kept, within=60)
        store.delay = 3.0
        began, wanted = time.monotonic(), world.api.get(first(call)["file"])
        asked = asyncio.create_task(wanted)
        while not asked.done():
            before = time.monotonic()
            assert (await world.api.get("/api/numbers")).status_code == 200
            assert time.monotonic() - before < 2.0
        assert (await asked).content[:4] == b"RIFF"
        assert time.monotonic() - began < 2.5

"""Fetching a recording's file into our own storage: whole, once, and with its digest on the record."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import structlog

from linecard.calls import Call
from linecard.carrier import Download
from linecard.errors import CarrierError, CarrierUnavailable, NotFound, UnsupportedByProvider
from linecard.exchange import recording_doubts
from linecard.exchange.context import Exchange
from linecard.exchange.fetching import TIMEOUT, WrongAddress, fetch
from linecard.exchange.outbox import GivenUp
from linecard.storage import Storage
from linecard.storage.sounds import Broken, inspect
from linecard.store import calls, recordings, timeline
from linecard.store import outbox as jobs
from linecard.store.outbox import Job
from linecard.store.recordings import Copy, Recording
from linecard.trust import trusted
from linecard.wall import now

log = structlog.get_logger()

RETRY_AFTER = (1.0, 3.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 4 * 3600.0, 12 * 3600.0)
LARGEST_FILE = 1 << 30
LONGEST_SECONDS = 900.0
"""Real seconds for one file; a carrier that sends drop by drop holds nobody longer."""
RENEWED_ON = frozenset({401, 403, 404, 410})
"""With these an address may have run out, and the carrier is asked for another."""


class Elsewhere(Exception):
    """The file is in a storage of the account's own; the message names its host."""


class TooLarge(Exception):
    """A file without an end, or beyond what a recording can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What came: its length, its digest in hex, and what its sender calls it."""

    bytes: int
    sha256: str
    media_type: str


async def fetch_recording(exchange: Exchange, job: Job) -> None:
    """The job of a file that can be had. Raises CarrierError or OSError to be tried again, GivenUp."""
    found = await _wanted(exchange, job)
    if found is None or exchange.storage is None:
        return
    call, recording = found
    try:
        copy = await _copy(exchange, exchange.storage, call, recording)
    except Elsewhere as error:
        await _note_external(exchange, call, recording, str(error))
        return
    except (UnsupportedByProvider, NotFound, WrongAddress, TooLarge) as error:
        raise GivenUp(str(error)) from error
    except Broken as error:
        raise CarrierUnavailable(call.provider, str(error)) from error
    if not await _note_kept(exchange, call, recording, copy):
        await exchange.storage.delete(copy.kept_as)


async def given_up(exchange: Exchange, job: Job) -> None:
    """We have no copy and try no more: it is on the record, and the file stays with the carrier."""
    found = await _wanted(exchange, job)
    if found is None:
        return
    call, recording = found
    exchange.metrics.recording_failures.labels(call.provider).inc()
    async with exchange.database.write() as conn:
        kept = await jobs.get(conn, job.key)
        why = (kept.error if kept else None) or "it never came"
        await recordings.not_kept(conn, call.id, recording.n, why)
        facts = {"n": recording.n, "reason": why}
        await timeline.append(conn, call.id, "recording-not-kept", facts, now())


async def _wanted(exchange: Exchange, job: Job) -> tuple[Call, Recording] | None:
    """The recording of a job, where it still waits for a copy."""
    async with exchange.database.read() as conn:
        call = await calls.get(conn, job.call_id or "")
        name = str(job.payload.get("recording", ""))
        recording = await recordings.find(conn, call.id, name) if call else None
    if call is None or recording is None or recording.kept_as or recording.status != "completed":
        return None
    return call, recording


async def _copy(exchange: Exchange, storage: Storage, call: Call, recording: Recording) -> Copy:
    async with storage.draft() as draft, asyncio.timeout(LONGEST_SECONDS):
        received = await _receive_any(exchange, call, recording, draft)
        sound = await asyncio.to_thread(inspect, draft, received.media_type)
        flaw = recording_doubts.flaw(sound, recording)
        if flaw and await recording_doubts.asks_again(exchange, recording, flaw):
            raise Broken(f"the file was not kept yet: {flaw}")
        name = f"{call.created_at:%Y/%m/%d}/{call.id}-{recording.n}.{sound.ending}"
        await storage.put(draft, name)
    return Copy(
        kept_as=name,
        bytes=received.bytes,
        sha256=received.sha256,
        kept_at=now(),
        channels=sound.channels,
        copy_ms=None if sound.seconds is None else round(sound.seconds * 1000),
        flaw=flaw,
    )


async def _note_external(exchange: Exchange, call: Call, recording: Recording, host: str) -> None:
    facts = {"n": recording.n, "host": host}
    async with exchange.database.write() as conn:
        await recordings.held_elsewhere(conn, call.id, recording.n, f"the file is on {host}")
        await timeline.append(conn, call.id, "recording-external", facts, now())
    log.info("recording stays in the account's own storage", call=call.id, n=recording.n)


async def _receive_any(
    exchange: Exchange, call: Call, recording: Recording, draft: Path
) -> Received:
    """From the address that was told; where that leads nowhere any more, from one asked for now."""
    relay = exchange.relay(call)
    relay.require("fetch_recording", call.profile)
    download = _held(await relay.hooks.fetch_recording(recording.recording, recording.url))
    try:
        return await _receive(call.provider, download, draft)
    except CarrierUnavailable as error:
        renewed = await _renewed(exchange, call, recording, error)
        if renewed is None or renewed == download:
            raise
    return await _receive(call.provider, renewed, draft)


async def _renewed(
    exchange: Exchange, call: Call, recording: Recording, error: CarrierUnavailable
) -> Download | None:
    if error.status not in RENEWED_ON or recording.url is None:
        return None
    try:
        renewed = await exchange.relay(call).hooks.fetch_recording(recording.recording, None)
    except CarrierError:
        return None
    return _held(renewed)


def _held(download: Download) -> Download:
    """Raise Elsewhere for a file that is not ours to ask for."""
    if download.external:
        raise Elsewhere(urlsplit(download.url).hostname or "another host")
    return download


async def _receive(provider: str, download: Download, draft: Path) -> Received:
    async with httpx2.AsyncClient(
        verify=trusted(), timeout=TIMEOUT, follow_redirects=False
    ) as client:
        answer = await fetch(client, provider, download)
        try:
            return await _write(answer, draft)
        except httpx2.HTTPError as error:
            raise CarrierUnavailable(provider, f"the recording broke off: {error!r}") from error
        finally:
            await answer.aclose()


async def _write(answer: httpx2.Response, draft: Path) -> Received:
    """The body into the draft, its length held against Content-Length."""
    digest, size = hashlib.sha256(), 0
    told = answer.headers.get("content-length", "")
    if told.isdecimal() and int(told) > LARGEST_FILE:
        raise TooLarge(f"the recording has {told} bytes, over {LARGEST_FILE}")
    with await asyncio.to_thread(draft.open, "wb") as file:
        async for part in answer.aiter_bytes():
            size += len(part)
            if size > LARGEST_FILE:
                raise TooLarge(f"the recording has over {LARGEST_FILE} bytes")
            digest.update(part)
            await asyncio.to_thread(file.write, part)
        await asyncio.to_thread(file.flush)
    if told.isdecimal() and answer.num_bytes_downloaded != int(told):
        raise Broken(f"{answer.num_bytes_downloaded} of {told} bytes came")
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Received(bytes=size, sha256=digest.hexdigest(), media_type=media_type)


async def _note_kept(exchange: Exchange, call: Call, recording: Recording, copy: Copy) -> bool:
    """Whether it is wanted still: it may have been deleted while it was fetched."""
    facts = {"n": recording.n, "bytes": copy.bytes, "sha256": copy.sha256}
    async with exchange.database.write() as conn:
        current = await recordings.get(conn, call.id, recording.n)
        if current is None or current.status == "deleted":
            return False
        await recordings.keep(conn, call.id, recording.n, copy)
        await timeline.append(conn, call.id, "recording-kept", facts, now())
        if copy.flaw:
            await recording_doubts.tell(exchange, conn, call, recording, copy.flaw)
    log.info("recording kept", call=call.id, n=recording.n, bytes=copy.bytes)
    return True

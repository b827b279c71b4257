"""A recording's file: our copy, or else passed on from the carrier as it is read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2
import structlog
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from linecard.calls import Call
from linecard.errors import CarrierUnavailable, NotFound
from linecard.exchange.context import Exchange
from linecard.exchange.fetching import TIMEOUT, fetch
from linecard.exchange.recording_fetch import LARGEST_FILE
from linecard.store import recordings
from linecard.store.recordings import Recording
from linecard.trust import trusted

log = structlog.get_logger()

MOST_RECORDINGS = 10_000
OUR_COPY_SECONDS = 10.0
"""For so long our storage is waited for, before the carrier is asked for its file."""
ENDINGS = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3"}
TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg"}
BINARY = "application/octet-stream"


async def recording_file(exchange: Exchange, call: Call, n: int) -> Response:
    """Stream one recording. Raises NotFound while there is no file, CarrierUnavailable when it cannot be had."""
    kept = await _kept(exchange, call, n)
    copy = await _our_copy(exchange, call, kept)
    if copy is not None:
        return copy
    relay = exchange.relay(call)
    relay.require("fetch_recording", call.profile)
    download = await relay.hooks.fetch_recording(kept.recording, kept.url)
    client = httpx2.AsyncClient(verify=trusted(), timeout=TIMEOUT, follow_redirects=False)
    try:
        answer = await fetch(client, call.provider, download)
    except BaseException:
        await client.aclose()
        raise
    return StreamingResponse(
        _limited(call.provider, client, answer),
        headers=_headers(answer, f"{call.id}-{n}"),
        media_type=_media_type(answer),
        background=BackgroundTask(client.aclose),
    )


async def _our_copy(exchange: Exchange, call: Call, kept: Recording) -> Response | None:
    """None where there is none, or it is gone from the storage; then the carrier may still have it."""
    storage = exchange.storage
    if storage is None or kept.kept_as is None:
        return None
    try:
        async with asyncio.timeout(OUR_COPY_SECONDS):
            size = await storage.size(kept.kept_as)
    except OSError as error:
        log.error("our copy of a recording is not there", call=call.id, n=kept.n, error=repr(error))
        return None
    ending = kept.kept_as.rpartition(".")[2]
    headers = _attached(f"{call.id}-{kept.n}", ending) | {"Content-Length": str(size)}
    media_type = TYPES.get(ending, BINARY)
    return StreamingResponse(storage.read(kept.kept_as), headers=headers, media_type=media_type)


async def _kept(exchange: Exchange, call: Call, n: int) -> Recording:
    kept = None
    if 0 < n <= MOST_RECORDINGS:
        async with exchange.database.read() as conn:
            kept = await recordings.get(conn, call.id, n)
    if kept is None:
        raise NotFound("recording", f"{call.id}/{n}")
    if kept.status != "completed":
        elsewhere = kept.status == "external" and f"it is external: {kept.reason}"
        why = elsewhere or f"it is {kept.status}; it is there once its status is 'completed'"
        raise NotFound("recording", f"{call.id}/{n}", why)
    return kept


def _media_type(answer: httpx2.Response) -> str:
    """The carrier's word where it is a sound; nothing that a browser would run."""
    said = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return said if said in ENDINGS else BINARY


def _headers(answer: httpx2.Response, name: str) -> dict[str, str]:
    headers = _attached(name, ENDINGS.get(_media_type(answer), "bin"))
    length = answer.headers.get("content-length")
    if length and "content-encoding" not in answer.headers:
        headers["Content-Length"] = length
    return headers


def _attached(name: str, ending: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="{name}.{ending}"',
        "X-Content-Type-Options": "nosniff",
    }


async def _limited(
    provider: str, client: httpx2.AsyncClient, answer: httpx2.Response
) -> AsyncIterator[bytes]:
    """The file's bytes; a broken or endless one cuts the connection, so that it is not taken for whole."""
    seen = 0
    try:
        async for part in answer.aiter_bytes():
            seen += len(part)
            if seen > LARGEST_FILE:
                raise CarrierUnavailable(provider, f"the recording has over {LARGEST_FILE} bytes")
            yield part
    finally:
        await client.aclose()

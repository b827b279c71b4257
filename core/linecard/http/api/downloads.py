"""A recording's file, passed on from the carrier as it is read."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from linecard.calls import Call
from linecard.errors import CarrierUnavailable, NotFound
from linecard.exchange.context import Exchange
from linecard.http.api.fetching import TIMEOUT, fetch
from linecard.store import recordings
from linecard.store.recordings import Recording

LARGEST_FILE = 1 << 30
MOST_RECORDINGS = 10_000
ENDINGS = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3"}
BINARY = "application/octet-stream"


async def recording_file(exchange: Exchange, call: Call, n: int) -> Response:
    """Stream one recording. Raises NotFound while there is no file, CarrierUnavailable when it cannot be had."""
    kept = await _kept(exchange, call, n)
    relay = exchange.relay(call)
    relay.require("fetch_recording", call.profile)
    download = await relay.hooks.fetch_recording(kept.recording, kept.url)
    client = httpx2.AsyncClient(timeout=TIMEOUT, follow_redirects=False)
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


async def _kept(exchange: Exchange, call: Call, n: int) -> Recording:
    kept = None
    if 0 < n <= MOST_RECORDINGS:
        async with exchange.database.read() as conn:
            kept = await recordings.get(conn, call.id, n)
    if kept is None:
        raise NotFound("recording", f"{call.id}/{n}")
    if kept.status != "ready":
        why = f"it is {kept.status}; it is there once its status is 'ready'"
        raise NotFound("recording", f"{call.id}/{n}", why)
    return kept


def _media_type(answer: httpx2.Response) -> str:
    """The carrier's word where it is a sound; nothing that a browser would run."""
    said = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return said if said in ENDINGS else BINARY


def _headers(answer: httpx2.Response, name: str) -> dict[str, str]:
    ending = ENDINGS.get(_media_type(answer), "bin")
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{ending}"',
        "X-Content-Type-Options": "nosniff",
    }
    length = answer.headers.get("content-length")
    if length and "content-encoding" not in answer.headers:
        headers["Content-Length"] = length
    return headers


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

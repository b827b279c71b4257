"""A recording's file, fetched from the carrier as it is read.

Credentials go to the provider's own hosts alone; only https, or the simulated carrier on loopback.
"""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx2
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from linecard.calls import Call
from linecard.carrier import Download
from linecard.errors import CarrierUnavailable, NotFound
from linecard.exchange.context import Exchange
from linecard.store import recordings

TIMEOUT = httpx2.Timeout(20.0, connect=3.0)
LARGEST_FILE = 1 << 30


async def recording_file(exchange: Exchange, call: Call, n: int) -> Response:
    """Stream one recording. Raises NotFound while there is no file, CarrierUnavailable when it cannot be had."""
    async with exchange.database.read() as conn:
        kept = await recordings.get(conn, call.id, n)
    if kept is None or kept.status != "ready":
        raise NotFound("recording", f"{call.id}/{n}", "it is there once its status is 'ready'")
    download = await exchange.relay(call).hooks.fetch_recording(kept.recording, kept.url)
    _check_host(call.provider, download)
    return await _proxied(call.provider, download)


def _check_host(provider: str, download: Download) -> None:
    parts = urlsplit(download.url)
    host = parts.hostname or ""
    if host not in download.hosts:
        raise CarrierUnavailable(provider, f"the recording is on {host}, not one of its hosts")
    if parts.scheme != "https" and not _is_loopback(host):
        raise CarrierUnavailable(provider, "the recording is not offered over https")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _proxied(provider: str, download: Download) -> Response:
    client = httpx2.AsyncClient(timeout=TIMEOUT, follow_redirects=False)
    headers = {"Authorization": download.authorization} if download.authorization else {}
    try:
        answer = await client.send(
            client.build_request("GET", download.url, headers=headers), stream=True
        )
    except httpx2.HTTPError as error:
        await client.aclose()
        raise CarrierUnavailable(provider, f"the recording did not come: {error!r}") from error
    if answer.status_code != 200:
        await client.aclose()
        raise CarrierUnavailable(
            provider, f"the recording answered {answer.status_code}", status=answer.status_code
        )
    return StreamingResponse(
        _limited(answer),
        media_type=answer.headers.get("content-type", "application/octet-stream"),
        background=BackgroundTask(client.aclose),
    )


async def _limited(answer: httpx2.Response) -> AsyncIterator[bytes]:
    seen = 0
    async for part in answer.aiter_bytes():
        seen += len(part)
        if seen > LARGEST_FILE:
            return
        yield part

"""Serve an ASGI application on a loopback port, inside the running loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import uvicorn

from linecard.listening import listening
from linecard.simulator.loopback import require_loopback

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Send

    from linecard.simulator import SimulatedCarrier

STOP_SECONDS = 2


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp, host: str = "127.0.0.1", port: int = 0, *, public_url: str | None = None
) -> AsyncIterator[str]:
    """Serve until the block ends; yields the address, such as `http://127.0.0.1:40123`.

    Port 0 takes a free one. Raises ConfigurationError when `host`, or the application's
    `public_url`, is not loopback.
    """
    require_loopback(host, public_url)
    async with listening(_config(app, host, port)) as url:
        yield url


def _config(app: ASGIApp, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        proxy_headers=False,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


@contextlib.asynccontextmanager
async def running(
    carrier: SimulatedCarrier, public_url: str, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[str]:
    """Serve a simulated carrier and close it afterwards; yields its address."""
    async with serving(carrier.app, host, port, public_url=public_url) as url:
        carrier.url = url
        try:
            yield url
        finally:
            await carrier.close()


async def cut_connection(send: Send) -> None:
    """Cut the connection of the request that is being answered, without a byte of reply.

    `send` must be the server's own, as the outermost application is given it.
    """
    cycle = getattr(send, "__self__", None)
    if cycle is None:
        raise TypeError("the connection can be cut only under uvicorn")
    cycle.transport.abort()
    while not cycle.disconnected:  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(0)

"""Serve an ASGI application on a loopback port, inside the running loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import uvicorn

from linecard.simulator.loopback import require_loopback

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Send

    from linecard.simulator import SimulatedCarrier

STOP_SECONDS = 2
START_POLL_SECONDS = 0.005


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stop = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signals to whoever runs the loop."""
        yield

    async def main_loop(self) -> None:
        """Wait to be stopped; uvicorn's own loop looks ten times a second."""
        await self.on_tick(0)
        await self.stop.wait()


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp, host: str = "127.0.0.1", port: int = 0, *, public_url: str | None = None
) -> AsyncIterator[str]:
    """Serve until the block ends; yields the address, such as `http://127.0.0.1:40123`.

    Port 0 takes a free one. Raises ConfigurationError when `host`, or the application's
    `public_url`, is not loopback.
    """
    require_loopback(host, public_url)
    with _listening(host, port) as listener:
        server = _Server(_config(app))
        running = asyncio.create_task(server.serve(sockets=[listener]), name="simulator server")
        while not server.started and not running.done():  # noqa: ASYNC110 - uvicorn tells nobody
            await asyncio.sleep(START_POLL_SECONDS)
        if running.done():
            running.result()
        try:
            bound = listener.getsockname()[1]
            yield f"http://{f'[{host}]' if ':' in host else host}:{bound}"
        finally:
            server.stop.set()
            await running


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off; else each reply waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
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

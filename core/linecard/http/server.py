"""Uvicorn, set up for live audio: no compression, small messages, no belief in forwarded headers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

LARGEST_MESSAGE = 256 * 1024
"""A larger message closes its socket with 1009."""


def server_config(app: ASGIApp, host: str, port: int, *, lifespan: bool) -> uvicorn.Config:
    """The configuration every listener of ours shares."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        ws="websockets-sansio",
        ws_max_size=LARGEST_MESSAGE,
        ws_per_message_deflate=False,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        lifespan="on" if lifespan else "off",
        timeout_graceful_shutdown=10,
    )


class _Server(uvicorn.Server):
    """A server that leaves the process's signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signals."""
        yield

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.servers[0].sockets[0].getsockname()[1])


@asynccontextmanager
async def serving(config: uvicorn.Config) -> AsyncIterator[str]:
    """Run a listener inside this loop; yields its address once it accepts connections."""
    server = _Server(config)
    task = asyncio.create_task(server.serve(), name="http server")
    while not server.started:
        if task.done():
            await task
            raise RuntimeError(f"the server did not start on {config.host}:{config.port}")
        await asyncio.sleep(0.01)
    try:
        yield f"http://{config.host}:{server.port}"
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def serving_all(configs: Sequence[uvicorn.Config]) -> AsyncIterator[list[str]]:
    """Run several listeners; yields their addresses."""
    if not configs:
        yield []
        return
    async with serving(configs[0]) as address, serving_all(configs[1:]) as others:
        yield [address, *others]

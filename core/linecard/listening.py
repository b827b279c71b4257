"""Uvicorn inside a running loop: the listeners of the server and of simulated carriers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

START_POLL_SECONDS = 0.005
BACKLOG = 2048


class _Server(uvicorn.Server):
    """A server that leaves the process's signals to whoever runs the loop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signals."""
        yield


@asynccontextmanager
async def listening(config: uvicorn.Config) -> AsyncIterator[str]:
    """Serve until the block ends; yields the address, such as `http://127.0.0.1:40123`.

    Raises OSError when the port cannot be had.
    """
    with _bound(config.host, config.port) as listener:
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]), name="http server")
        while not server.started and not task.done():  # noqa: ASYNC110  uvicorn tells nobody
            await asyncio.sleep(START_POLL_SECONDS)
        if task.done():
            task.result()
        try:
            yield _address(config.host, listener.getsockname()[1])
        finally:
            server.should_exit = True
            await task


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off; else each reply waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _address(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"

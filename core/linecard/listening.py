"""Uvicorn inside a running loop: the listeners of the server and of simulated carriers."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

START_POLL_SECONDS = 0.005
BACKLOG = 2048
FREE_PORTS = range(12_000, 32_000)
"""Below those that a machine gives out by itself: what is free here stays free for a moment."""
MOST_TRIES = 100


class _Server(uvicorn.Server):
    """A server that leaves the process's signals to whoever runs the loop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signals."""
        yield


@asynccontextmanager
async def listening(config: uvicorn.Config) -> AsyncIterator[str]:
    """Serve until the block ends; yields the address, such as `http://127.0.0.1:40123`.

    Where the configuration names a path (`uds`), that is a socket file, `unix:/PATH`, for this user alone.

    Raises OSError when the port cannot be had.
    """
    with _listener(config) as listener:
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]), name="http server")
        while not server.started and not task.done():  # noqa: ASYNC110  uvicorn tells nobody
            await asyncio.sleep(START_POLL_SECONDS)
        if task.done():
            task.result()
        try:
            yield (
                f"unix:{config.uds}"
                if config.uds
                else _address(config.host, listener.getsockname()[1])
            )
        finally:
            server.should_exit = True
            await task


def _listener(config: uvicorn.Config) -> socket.socket:
    return _bound(config.host, config.port) if config.uds is None else _bound_file(config.uds)


def _bound_file(path: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(path)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(before)
    return listener


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on, for an address that must be known before its listener is there.

    Raises OSError where none is found.
    """
    for _ in range(MOST_TRIES):
        port = secrets.choice(FREE_PORTS)
        try:
            _bound(host, port).close()
        except OSError:
            continue
        return port
    raise OSError(f"no free port found on {host}")


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

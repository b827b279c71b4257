"""A connection handed on to another process: its bytes go both ways as they are, and are never read.

What stands in the middle of a call must not become its bottleneck or its memory: a side that takes
nothing stops the reading of the other, and each end closes as its peer does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

Far = tuple[asyncio.BaseTransport, asyncio.BaseProtocol]
OpenFar = Callable[[Callable[[], asyncio.Protocol]], Awaitable[Far]]
"""Opens the far side under a protocol. Raises OSError where it cannot be opened."""

OPEN_SECONDS = 2.0
"""A process of ours answers in milliseconds; a carrier's handshake waits a few seconds in all."""
STALL_SECONDS = 10.0
"""A side that takes nothing for so long is gone; while it is waited for, nobody reads whether the other is."""
LINGER_SECONDS = 5.0
"""So long what was sent before the end may take to be taken."""
UNIX = "unix:"


def far_at(address: str) -> OpenFar:
    """How a process is reached: `host:port`, `[v6]:port`, or `unix:/path`. Raises ValueError for anything else."""
    if address.startswith(UNIX):
        return _by_path(address.removeprefix(UNIX))
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"{address!r} is no host:port and no unix:/path")
    return _by_port(host.removeprefix("[").removesuffix("]"), int(port))


async def splice(near: asyncio.Transport, first: bytes, open_far: OpenFar) -> None:
    """Pass an accepted connection on until either side is gone.

    `first` are the bytes that were read of `near`, which is paused. Raises OSError where the far side
    cannot be opened: then nothing was done to `near`, and it may be served here.
    """
    loop = asyncio.get_running_loop()
    here, there = _Side(loop), _Side(loop)
    here.other, there.other = there, here
    async with asyncio.timeout(OPEN_SECONDS):
        transport, _ = await open_far(lambda: there)
    far = cast(asyncio.Transport, transport)
    if near.is_closing():
        far.abort()
        return
    here.connection_made(near)
    near.set_protocol(here)
    far.write(first)
    near.resume_reading()
    try:
        await asyncio.wait({here.over, there.over}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        here.close()
        there.close()


class _Side(asyncio.Protocol):
    """One end: what it reads, the other writes."""

    other: _Side

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.over: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._has_ended = False
        self._stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Bytes of the peer."""
        self.other.write(data)

    def eof_received(self) -> bool:
        """The peer sends no more; it may go on reading, until the other side has ended too."""
        self._has_ended = True
        self.other.write_eof()
        return not self.other.has_ended()

    def pause_writing(self) -> None:
        """The peer takes nothing: nothing more is read for it, and it is not waited for long."""
        self._stall = self._loop.call_later(STALL_SECONDS, self.transport().abort)
        if self.other.is_open():
            self.other.transport().pause_reading()

    def resume_writing(self) -> None:
        """It has taken most of it."""
        self._calm()
        if self.other.is_open():
            self.other.transport().resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; what it had sent still goes to the other side."""
        self._calm()
        if not self.over.done():
            self.over.set_result(None)
        self.other.close()

    def transport(self) -> asyncio.Transport:
        """The connection, which is there."""
        assert self._transport is not None
        return self._transport

    def is_open(self) -> bool:
        """Whether it can be written to and read."""
        return self._transport is not None and not self._transport.is_closing()

    def has_ended(self) -> bool:
        """Whether its peer sends no more."""
        return self._has_ended

    def write(self, data: bytes) -> None:
        """Send to the peer; nothing where it is gone."""
        if self.is_open():
            self.transport().write(data)

    def write_eof(self) -> None:
        """Tell the peer that no more comes."""
        if self.is_open() and self.transport().can_write_eof():
            self.transport().write_eof()

    def close(self) -> None:
        """Close once what was written is out, or after some seconds without it; safe to repeat."""
        if self.is_open():
            self.transport().close()
            self._loop.call_later(LINGER_SECONDS, self.transport().abort)

    def _calm(self) -> None:
        stall, self._stall = self._stall, None
        if stall is not None:
            stall.cancel()


def _by_port(host: str, port: int) -> OpenFar:
    async def opened(protocol: Callable[[], asyncio.Protocol]) -> Far:
        return await asyncio.get_running_loop().create_connection(protocol, host, port)

    return opened


def _by_path(path: str) -> OpenFar:
    async def opened(protocol: Callable[[], asyncio.Protocol]) -> Far:
        return await asyncio.get_running_loop().create_unix_connection(protocol, path)

    return opened

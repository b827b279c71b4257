"""A TCP proxy that breaks the way between a carrier and our server, as networks do."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import Any

from linecard.listening import free_port
from tests.calls.telephone import Telephone, telephone

LINGER_NOT = struct.pack("ii", 1, 0)
"""Closing a socket with this set sends RST."""


class Lost(Flag):
    """Directions in which nothing arrives any more: no bytes, and no end either."""

    NOTHING = 0
    TO_US = auto()
    FROM_US = auto()
    BOTH = TO_US | FROM_US


class _Side(asyncio.Protocol):
    """One end of a connection through the proxy."""

    def __init__(self, way: Way, direction: Lost) -> None:
        self.way = way
        self.direction = direction
        self.transport: asyncio.Transport | None = None
        self.other: _Side | None = None
        self.is_gone = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.way.seen[self.direction] = self.way.seen.get(self.direction, b"") + data[:200]
        if self.direction in self.way.lost:
            return
        assert self.other is not None
        assert self.other.transport is not None
        self.other.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_gone = True
        if self.other is None or self.other.transport is None:
            return
        if self.direction not in self.way.lost:
            self.other.transport.close()


def is_held(address: object) -> bool:
    """Whether this process holds a connection whose other end has that address."""
    return any(_peer(fd) == address for fd in os.listdir("/proc/self/fd"))


def _peer(fd: str) -> object:
    """Whom an open file of ours talks with; None where it is no connected socket."""
    try:
        if not stat.S_ISSOCK(os.fstat(int(fd)).st_mode):
            return None
        with socket.socket(fileno=os.dup(int(fd))) as one:
            return one.getpeername()
    except OSError:
        return None


@dataclass(slots=True)
class Way:
    """One connection: the carrier's side, ours, and what is lost between them."""

    lost: Lost = Lost.NOTHING
    seen: dict[Lost, bytes] = field(default_factory=dict)
    carrier: _Side | None = None
    ours: _Side | None = None

    @property
    def is_media(self) -> bool:
        """Whether it is a media socket."""
        return self.seen.get(Lost.TO_US, b"").startswith(b"GET /ws/")

    @property
    def is_open_at_ours(self) -> bool:
        """Whether our server, which is this process, still holds its end."""
        if self.ours is None or self.ours.transport is None or self.ours.is_gone:
            return False
        return is_held(self.ours.transport.get_extra_info("sockname"))

    def reset(self) -> None:
        """RST to both ends."""
        for side in (self.carrier, self.ours):
            if side is not None and side.transport is not None and not side.is_gone:
                raw = side.transport.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
                side.transport.abort()

    def hold(self) -> None:
        """Take nothing more of what our server sends: its own buffers fill."""
        assert self.ours is not None
        assert self.ours.transport is not None
        self.ours.transport.pause_reading()


@dataclass(slots=True)
class Proxy:
    """The proxy of one world; `server_port` is ours, known once the world runs."""

    port: int
    server_port: int = 0
    ways: list[Way] = field(default_factory=list)

    @property
    def media(self) -> list[Way]:
        """The media sockets so far."""
        return [way for way in self.ways if way.is_media]

    def accept(self) -> asyncio.Protocol:
        """A connection of the carrier's."""
        way = Way()
        self.ways.append(way)
        return _Accepting(self, way)


class _Accepting(_Side):
    """The carrier's side; what it says before our side is there waits."""

    def __init__(self, proxy: Proxy, way: Way) -> None:
        super().__init__(way, Lost.TO_US)
        self._proxy = proxy
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.way.carrier = self
        self._task = asyncio.get_running_loop().create_task(self._connect())

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self._early.append(data)
            return
        super().data_received(data)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        ours = _Side(self.way, Lost.FROM_US)
        await loop.create_connection(lambda: ours, "127.0.0.1", self._proxy.server_port)
        self.way.ours, ours.other, self.other = ours, self, ours
        for data in self._early:
            self.data_received(data)


@asynccontextmanager
async def proxied(*args: Any, **settings: Any) -> AsyncIterator[tuple[Telephone, Proxy]]:
    """A world whose carrier reaches our server through a proxy alone."""
    proxy = Proxy(free_port())
    server = await asyncio.get_running_loop().create_server(proxy.accept, "127.0.0.1", proxy.port)
    public_url = f"http://127.0.0.1:{proxy.port}"
    try:
        async with telephone(*args, public_url=public_url, **settings) as world:
            proxy.server_port = int(world.url.rpartition(":")[2])
            yield world, proxy
            for way in proxy.ways:
                way.reset()
    finally:
        server.close()

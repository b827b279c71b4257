"""A name server on loopback that knows some names, as that of a cluster knows its pods."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Set
from contextlib import asynccontextmanager
from typing import cast

LOOPBACK = bytes((127, 0, 0, 1))
A, INTERNET, NAME_ERROR = 1, 1, 3


class _Names(asyncio.DatagramProtocol):
    def __init__(self, known: Set[str]) -> None:
        self._known = known
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        self._transport.sendto(_answer(data, self._known), addr)


def _answer(query: bytes, known: Set[str]) -> bytes:
    """One A record of loopback; nothing for other types; NXDOMAIN for other names."""
    name, end = _name(query)
    (kind,) = struct.unpack("!H", query[end : end + 2])
    is_told = name in known and kind == A
    code = 0 if name in known else NAME_ERROR
    head = query[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, int(is_told), 0, 0)
    record = struct.pack("!HHHIH", 0xC00C, A, INTERNET, 1, 4) + LOOPBACK if is_told else b""
    return head + query[12 : end + 4] + record


def _name(query: bytes) -> tuple[str, int]:
    """The name that is asked for, and where it ends."""
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels), at + 1


@asynccontextmanager
async def names(known: Set[str]) -> AsyncIterator[int]:
    """Serve them; yields the port."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Names(known), local_addr=("127.0.0.1", 0)
    )
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()

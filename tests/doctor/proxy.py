"""A proxy as it stands before many servers: an honest one, or one with a fault."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

Bytes = Callable[[bytes], bytes]
HEAD_END = b"\r\n\r\n"
CHUNK = 64 * 1024


def same(data: bytes) -> bytes:
    return data


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What a proxy does to the head and the body of a request, and to what comes back.

    `answers`: it answers by itself. `holds`: it keeps what comes back of a socket for itself, behind
    the handshake. `waits`: seconds before an answer.
    """

    head: Bytes = same
    body: Bytes = same
    back: Bytes = same
    answers: bytes | None = None
    holds: bool = False
    waits: float = 0.0


HONEST = Fault()


@dataclass(slots=True)
class Proxy:
    """Its public address; `upstream` is where it passes requests on to."""

    url: str = ""
    upstream: str = ""
    fault: Fault = HONEST
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request: what follows is passed on as it is."""
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(HEAD_END)
            if self.fault.answers is not None:
                writer.write(self.fault.answers)
                await writer.drain()
            else:
                await self._pass_on(head, reader, writer)
        writer.close()

    async def _pass_on(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        fault, is_socket = self.fault, b"upgrade: websocket" in head.lower()
        length = re.search(rb"content-length: (\d+)", head.lower())
        body = fault.body(await reader.readexactly(int(length[1]) if length else 0))
        if length:
            head = re.sub(rb"(?i)(content-length: )\d+", rb"\g<1>%d" % len(body), head)
        if not is_socket:
            head = re.sub(rb"(?i)\r\nconnection: [^\r]*", b"", head)
            head = head.replace(HEAD_END, b"\r\nConnection: close\r\n\r\n")
        parts = urlsplit(self.upstream)
        theirs, ours = await asyncio.open_connection(parts.hostname, parts.port)
        ours.write(fault.head(head) + body)
        await asyncio.sleep(fault.waits)
        there = asyncio.create_task(_pump(reader, ours, same))
        try:
            answer = await theirs.readuntil(HEAD_END)
            writer.write(fault.back(answer))
            if not (fault.holds and answer.startswith(b"HTTP/1.1 101")):
                await _pump(theirs, writer, fault.back)
            else:
                await theirs.read()
        finally:
            there.cancel()
            ours.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, change: Bytes) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(CHUNK):
            writer.write(change(data))
            await writer.drain()


@asynccontextmanager
async def proxying() -> AsyncIterator[Proxy]:
    """A proxy on a port of its own."""
    proxy = Proxy()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        for task in proxy.tasks:
            task.cancel()
        await asyncio.gather(*proxy.tasks, return_exceptions=True)

"""The lean lane's sockets alone: what a peer may do to one, and what it costs him."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from linecard.http.lean import protocol
from linecard.http.lean.protocol import take_over
from linecard.http.lean.socket import LeanSocket

KEY = "AAAAAAAAAAAAAAAAAAAAAA=="
REQUEST = (
    "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    f"sec-websocket-version: 13\r\nsec-websocket-key: {KEY}\r\n\r\n"
).encode()
ADDRESS = "127.0.0.1"


@dataclass(slots=True)
class Server:
    """Sockets that are let in without being asked anything."""

    port: int = 0
    sockets: asyncio.Queue[LeanSocket] = field(default_factory=asyncio.Queue)
    gone: int = 0


class Door(asyncio.Protocol):
    """Takes a handshake as right."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._transport.pause_reading()
        head = data.decode().lower().splitlines()
        key = next(line for line in head if line.startswith("sec-websocket-key"))
        given = data.decode().splitlines()[head.index(key)].partition(": ")[2]
        self._server.sockets.put_nowait(take_over(self._transport, given, self._gone))

    def _gone(self) -> None:
        self._server.gone += 1


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    """A server on loopback."""
    server = Server()
    listener = await asyncio.get_running_loop().create_server(lambda: Door(server), ADDRESS, 0)
    server.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield server


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Server, LeanSocket, ClientConnection]]:
    """A socket from both of its ends."""
    async with (
        serving() as server,
        connect(f"ws://{ADDRESS}:{server.port}", proxy=None, ping_interval=None) as ws,
    ):
        yield server, await server.sockets.get(), ws


@asynccontextmanager
async def deaf() -> AsyncIterator[tuple[Server, LeanSocket, socket.socket]]:
    """A peer that reads nothing, not even the answer to its handshake."""
    async with serving() as server:
        with socket.socket() as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(peer, (ADDRESS, server.port))
            await loop.sock_sendall(peer, REQUEST)
            yield server, await server.sockets.get(), peer


async def eventually(fits: Callable[[], object]) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(20):
        while not fits():
            await asyncio.sleep(0.01)


def masked(head: int, payload: bytes) -> bytes:
    """A frame with a mask of zeros."""
    assert len(payload) < 126
    return bytes((head, 0x80 | len(payload))) + bytes(4) + payload


async def test_messages_go_both_ways_in_their_order() -> None:
    async with opened() as (_, one, ws):
        heard: list[str | bytes] = []
        for number in range(5):
            await ws.send(str(number))
        assert await one.receive() == "0"
        reading = asyncio.create_task(one.read_all(heard.append))
        await ws.send(b"bytes")
        await ws.send(["in ", "pie", "ces \u20ac"])
        await ws.send("")
        one.send("text")
        one.send(b"more")
        assert [await ws.recv(), await ws.recv()] == ["text", b"more"]
        await eventually(lambda: len(heard) == 7)
        assert heard == ["1", "2", "3", "4", b"bytes", "in pieces \u20ac", ""]
        one.close("enough")
        assert await reading == "enough"
        await ws.wait_closed()
        assert ws.close_code == 1000


async def test_a_peer_that_closes_is_answered_and_its_code_is_told() -> None:
    async with opened() as (server, one, ws):
        reading = asyncio.create_task(one.read_all(lambda _: None))
        await ws.close(4001)
        assert await reading == "closed by the carrier (4001)"
        assert ws.close_code == 4001
        await eventually(lambda: server.gone == 1)
        one.send("too late")
        one.close()


async def test_a_connection_that_breaks_is_told_once() -> None:
    async with opened() as (server, one, ws):
        reading = asyncio.create_task(one.read_all(lambda _: None))
        raw = ws.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        ws.transport.abort()
        assert await reading == "closed by the carrier (1006)"
        assert server.gone == 1


async def test_a_ping_is_answered() -> None:
    async with opened() as (_, one, ws):
        reading = asyncio.create_task(one.read_all(lambda _: None))
        await asyncio.wait_for(await ws.ping(b"abc"), 20)
        one.close()
        await reading


async def test_our_pings_go_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linecard.http.lean.socket.PING_SECONDS", 0.05)
    async with serving() as server:
        reader, writer = await asyncio.open_connection(ADDRESS, server.port)
        writer.write(REQUEST)
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(4) == b"\x89\x00\x89\x00"
        (await server.sockets.get()).close()
        writer.close()


BROKEN = {
    "a piece without a beginning": (masked(0x80, b"x"), 1002),
    "a text inside another": (masked(0x01, b"x") + masked(0x81, b"y"), 1002),
    "compression": (masked(0xC1, b"x"), 1002),
    "compression in a piece": (masked(0x01, b"x") + masked(0xC0, b"y"), 1002),
    "no mask": (b"\x81\x01x", 1002),
    "an unknown kind": (masked(0x83, b"x"), 1002),
    "a ping in pieces": (masked(0x09, b"x"), 1002),
    "no utf-8": (masked(0x81, b"\xff"), 1007),
    "no utf-8 in pieces": (masked(0x01, b"\xe2") + masked(0x80, b"x"), 1007),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_protocol_closes_the_socket(name: str) -> None:
    data, code = BROKEN[name]
    async with opened() as (server, one, ws):
        heard: list[str | bytes] = []
        reading = asyncio.create_task(one.read_all(heard.append))
        ws.transport.write(data)
        ws.transport.write(masked(0x81, b"after it"))
        assert await reading == f"closed by the carrier ({code})"
        await ws.wait_closed()
        assert ws.close_code == code
        await eventually(lambda: server.gone == 1)
        assert heard == []


async def test_a_million_small_pieces_are_no_more_than_a_message() -> None:
    async with opened() as (_, one, ws):
        reading = asyncio.create_task(one.read_all(lambda _: None))
        ws.transport.write(masked(0x01, b""))
        for _ in range(30):
            ws.transport.write(masked(0x00, b"x" * 100) * 100)
        assert await reading == "closed by the carrier (1009)"


async def test_a_peer_that_never_reads_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linecard.http.lean.socket.SEND_SECONDS", 0.3)
    monkeypatch.setattr("linecard.http.lean.socket.LARGEST_BACKLOG", 10**9)
    async with deaf() as (server, one, _):
        for _ in range(200):
            one.send("x" * 100_000)
        async with asyncio.timeout(20):
            assert await one.read_all(lambda _: None) == "the carrier reads too slowly"
        await eventually(lambda: server.gone == 1)


async def test_long_messages_to_a_slow_peer_arrive_whole_and_in_order() -> None:
    sizes = (100, 2047, 2048, 9000, 65_535, 65_536, 120_000, 300, 70_000, 8193)
    sent = [chr(ord("a") + place) * size for place, size in enumerate(sizes)]
    async with deaf() as (server, one, peer):
        for message in sent:
            one.send(message)
        loop, heard = asyncio.get_running_loop(), bytearray()
        wanted = b"".join(frame_of(message.encode()) for message in sent)
        async with asyncio.timeout(20):
            while not heard.endswith(wanted):
                heard += await loop.sock_recv(peer, 3000)
        assert heard.partition(b"\r\n\r\n")[2] == wanted
        one.close()
        await eventually(lambda: server.gone == 1)


def frame_of(text: bytes) -> bytes:
    """A server's frame of text, RFC 6455 5.2."""
    for limit, mark, width in ((125, 0, 0), (0xFFFF, 126, 2), (2**63, 127, 8)):
        if len(text) <= limit:
            size = (
                bytes((mark,)) + len(text).to_bytes(width, "big") if width else bytes((len(text),))
            )
            return b"\x81" + size + text
    raise AssertionError(len(text))


async def test_more_than_may_wait_cuts_the_peer_off_at_once() -> None:
    async with deaf() as (server, one, _):
        reading = asyncio.create_task(one.read_all(lambda _: None))
        for _ in range(200):
            one.send("x" * 100_000)
        async with asyncio.timeout(4):
            assert await reading == "the carrier reads too slowly"
        await eventually(lambda: server.gone == 1)


async def test_a_flood_of_pings_that_reads_no_answer_is_cut_off() -> None:
    async with deaf() as (server, one, peer):
        reading = asyncio.create_task(one.read_all(lambda _: None))
        flood = masked(0x89, b"p" * 125) * 1000

        async def send() -> None:
            loop = asyncio.get_running_loop()
            while not reading.done():
                await loop.sock_sendall(peer, flood)

        sending = asyncio.create_task(send())
        async with asyncio.timeout(20):
            assert await reading == "the carrier reads too slowly"
        await asyncio.gather(sending, return_exceptions=True)
        await eventually(lambda: server.gone == 1)


async def test_a_close_that_is_never_answered_ends_within_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("linecard.http.lean.socket.CLOSE_SECONDS", 0.2)
    async with deaf() as (server, one, _):
        one.close("enough")
        assert await one.read_all(lambda _: None) == "enough"
        await eventually(lambda: server.gone == 1)


async def test_a_listener_that_fails_is_told_to_whoever_carries_the_stream() -> None:
    async with opened() as (_, one, ws):

        def fail(_message: str | bytes) -> None:
            raise ZeroDivisionError("a reader's fault")

        reading = asyncio.create_task(one.read_all(fail))
        await ws.send("x")
        with pytest.raises(ZeroDivisionError):
            await reading
        await one.finish()
        with pytest.raises(ConnectionClosed):
            await ws.recv()


async def test_a_server_that_stops_says_so() -> None:
    async with opened() as (server, one, ws):
        reading = asyncio.create_task(one.read_all(lambda _: None))
        one.shut_down()
        await ws.wait_closed()
        assert ws.close_code == 1012
        assert await reading == "closed by the carrier (1012)"
        await eventually(lambda: server.gone == 1)


async def test_this_picows_is_one_that_we_know() -> None:
    protocol.check()

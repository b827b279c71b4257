"""The carrier's end of a media socket, and its faults."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from linecard.clock import Clock
from linecard.simulator.faults import Faults
from linecard.simulator.mediasocket import (
    GARBAGE,
    ConnectionClosed,
    MediaSocket,
    SocketRefused,
    open_socket,
)
from linecard.simulator.serving import serving


class Peer:
    """An application that keeps what comes and says it back."""

    def __init__(self) -> None:
        self.url = ""
        self.got: list[str] = []
        self.headers: dict[str, str] = {}

    async def talk(self, socket: WebSocket) -> None:
        self.headers = dict(socket.headers)
        await socket.accept()
        try:
            while True:
                self.got.append(await socket.receive_text())
                await socket.send_text(self.got[-1])
        except WebSocketDisconnect:
            self.got.append("closed")

    async def open(self, faults: Faults) -> MediaSocket:
        return await open_socket(self.url, {"X-Own": "1"}, faults, Clock(50), "carrier")


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    peer = Peer()
    app = Starlette(routes=[WebSocketRoute("/ws", peer.talk)])
    async with serving(app) as url:
        peer.url = url.replace("http", "ws") + "/ws"
        yield peer


async def test_text_both_ways_without_compression(peer: Peer) -> None:
    socket = await peer.open(Faults())
    await socket.send("one")
    messages = socket.messages()
    assert await anext(messages) == "one"
    await socket.close()
    assert [message async for message in socket.messages()] == []
    assert peer.headers["x-own"] == "1"
    assert peer.headers["user-agent"] == "carrier"
    assert "sec-websocket-extensions" not in peer.headers
    assert socket.close_code == 1000


async def test_refusals_have_their_reasons(peer: Peer) -> None:
    with pytest.raises(SocketRefused, match="fault"):
        await peer.open(Faults(socket_refused=1))
    peer.url += "/nothing"
    with pytest.raises(SocketRefused, match="403"):
        await peer.open(Faults())
    peer.url = "ws://192.0.2.1/ws"
    with pytest.raises(SocketRefused, match="loopback"):
        await peer.open(Faults())


async def test_frames_meet_faults(peer: Peer) -> None:
    faults = Faults(socket_twice=1)
    socket = await peer.open(faults)
    await socket.send_frame("a")
    faults.socket_twice, faults.socket_lost_frame = 0, 1
    await socket.send_frame("b")
    faults.socket_lost_frame, faults.socket_garbage, faults.socket_stall = 0, 1, 1
    await socket.send_frame("c")
    await socket.close()
    while "closed" not in peer.got:
        await asyncio.sleep(0.01)
    assert peer.got[:-1] == ["a", "a", GARBAGE, "c"]


async def test_a_reset_cuts_the_line(peer: Peer) -> None:
    socket = await peer.open(Faults(socket_reset=1))
    with pytest.raises(ConnectionClosed):
        await keep_sending(socket)
    await socket.close()


async def keep_sending(socket: MediaSocket) -> None:
    while True:
        await socket.send_frame("x")
        await asyncio.sleep(0)

"""picows under a socket of uvicorn's: its protocol object, made by hand and given a handshake."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import picows.picows
from picows import WSAutoPingStrategy, WSUpgradeRequest

from linecard.http.carrying import LARGEST_MESSAGE
from linecard.http.lean.socket import LeanSocket

UNUSED = 20.0
BUFFER = 2048
"""Bytes that a connection's read buffer begins with; a message of audio has 300 to 1200."""
# Not among picows' declared names: its own server makes these objects, from the same values.
_PROTOCOL: Callable[..., Any] = vars(picows.picows)["WSProtocol"]


class Notices:
    """Stands where picows wants a logger: it logs every violation, and tells of it nowhere else."""

    __slots__ = ("_socket",)

    def __init__(self, socket: LeanSocket) -> None:
        self._socket = socket

    def error(self, *_said: object) -> None:
        """A violation."""
        self._socket.violated()

    exception = error

    def debug(self, *_said: object) -> None:
        """Nothing is wrong."""

    info = warning = log = debug

    def isEnabledFor(self, _level: int) -> bool:  # noqa: N802 (a logger's name)
        """Nothing of picows' own is logged."""
        return False


def protocol_of(socket: LeanSocket) -> asyncio.BufferedProtocol:
    """A protocol that will carry this socket. Raises TypeError or KeyError for another picows than ours."""

    def listener(_request: WSUpgradeRequest) -> LeanSocket:
        return socket

    made: asyncio.BufferedProtocol = _PROTOCOL(
        None,  # host and port, of clients
        None,  # path, of clients
        False,  # is a client
        listener,
        Notices(socket),
        True,  # closes when the listener raises
        None,  # a deadline of the handshake
        False,  # pings by itself
        UNUSED,
        UNUSED,
        WSAutoPingStrategy.PING_WHEN_IDLE,
        False,  # answers pings by itself, without a bound
        LARGEST_MESSAGE,
        None,  # headers, of clients
        BUFFER,
    )
    return made


def check() -> None:
    """Raise KeyError or TypeError where this picows is not one that we know."""
    protocol_of(LeanSocket(lambda: None))


def take_over(transport: asyncio.Transport, key: str, on_gone: Callable[[], None]) -> LeanSocket:
    """Accept a handshake that was found right: the connection is picows' from now on.

    `transport` is paused; the socket resumes it when it is read. `key` is the Sec-WebSocket-Key.
    """
    socket = LeanSocket(on_gone)
    protocol = protocol_of(socket)
    protocol.connection_made(transport)
    _feed(protocol, _handshake(key))
    transport.set_protocol(protocol)
    return socket


def _handshake(key: str) -> bytes:
    """What picows needs of the request; the rest was judged before."""
    return (
        b"GET / HTTP/1.1\r\nHost: media\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key.encode("ascii") + b"\r\n\r\n"
    )


def _feed(protocol: asyncio.BufferedProtocol, data: bytes) -> None:
    memoryview(protocol.get_buffer(len(data)))[: len(data)] = data
    protocol.buffer_updated(len(data))

"""A simulated carrier's end of a media socket, with the faults that happen on one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from linecard.simulator.loopback import is_loopback_url

if TYPE_CHECKING:
    from linecard.clock import Clock
    from linecard.simulator.faults import Faults

OPEN_SECONDS = 10.0
CLOSE_SECONDS = 1.0
GARBAGE = '{"event":"media","media":{"payload":"not base64'


class SocketRefused(Exception):
    """The media socket could not be opened; the message says why."""


async def open_socket(
    url: str, headers: Mapping[str, str], faults: Faults, clock: Clock, agent: str
) -> MediaSocket:
    """Connect to the application. Raises SocketRefused."""
    if faults.happens("socket_refused"):
        raise SocketRefused("a fault: never connected")
    if not is_loopback_url(url):
        raise SocketRefused("the simulator reaches loopback addresses only")
    try:
        connection = await connect(
            url,
            additional_headers=headers,
            user_agent_header=agent,
            compression=None,
            proxy=None,
            max_size=None,
            open_timeout=OPEN_SECONDS,
            close_timeout=CLOSE_SECONDS,
        )
    except (OSError, InvalidHandshake, InvalidURI, TimeoutError) as error:
        raise SocketRefused(str(error) or type(error).__name__) from error
    return MediaSocket(connection, faults, clock)


class MediaSocket:
    """Text messages both ways."""

    def __init__(self, connection: ClientConnection, faults: Faults, clock: Clock) -> None:
        self._connection = connection
        self._faults = faults
        self._clock = clock

    async def send(self, message: str) -> None:
        """Send as it is. Raises ConnectionClosed."""
        await self._connection.send(message)

    async def send_frame(self, message: str) -> None:
        """Send a frame of audio, through the faults that frames meet. Raises ConnectionClosed."""
        if self._faults.happens("socket_reset"):
            self._connection.transport.abort()
        if self._faults.happens("socket_garbage"):
            await self._connection.send(GARBAGE)
        if self._faults.happens("socket_stall"):
            await self._clock.sleep(self._faults.seconds)
        if self._faults.happens("socket_lost_frame"):
            return
        await self._connection.send(message)
        if self._faults.happens("socket_twice"):
            await self._connection.send(message)

    async def messages(self) -> AsyncIterator[str | bytes]:
        """What the application sends, until the socket closes."""
        try:
            while True:
                yield await self._connection.recv()
        except ConnectionClosed:
            return

    async def close(self, code: int = 1000) -> None:
        """Close; safe to repeat."""
        await self._connection.close(code)

    @property
    def close_code(self) -> int | None:
        """The code it was closed with."""
        return self._connection.close_code


__all__ = ["ConnectionClosed", "MediaSocket", "SocketRefused", "open_socket"]

"""Where a WebSocket goes: media sockets of calls that are elsewhere on to there, all others to this process.

uvicorn makes one of these when a connection asks for an upgrade, gives it the connection and the
request, and then lets the connection report to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from http import HTTPStatus
from typing import Any, cast

import structlog
from uvicorn.config import Config
from uvicorn.protocols.utils import get_remote_addr
from uvicorn.server import ServerState

from linecard.exchange.context import Exchange
from linecard.exchange.elsewhere import elsewhere, unreachable
from linecard.http.handshake import Asked, asked, refusal
from linecard.http.impatient import ImpatientWebSocket
from linecard.http.prefix import prefix_of
from linecard.http.probes import probe
from linecard.http.splicing import far_at, splice

log = structlog.get_logger()


class Crossroads(asyncio.Protocol):
    """One connection: it reports here until whoever carries it has taken it over.

    Here a media socket of this process goes uvicorn's own way; the lean lane has a shorter one.
    """

    exchange: Exchange
    prefix: bytes

    def __init__(self, config: Config, server_state: ServerState, app_state: Any) -> None:
        self.usual: ImpatientWebSocket | None = ImpatientWebSocket(config, server_state, app_state)
        self.state = server_state
        self.transport: asyncio.Transport
        self._read = b""
        self._is_usual = self._is_passed_on = self._is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection; its request follows."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """The request; data that comes after it, and before the connection knows its carrier, is early."""
        is_request = not self._read
        if self._is_usual and self.usual is not None:
            self.usual.data_received(data)
        else:
            self._read += data
        if is_request:
            self._go(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone while its handshake was judged."""
        self._is_lost = True
        self.gone()
        if self._is_usual and self.usual is not None:
            self.usual.connection_lost(exc)

    def shutdown(self) -> None:
        """The server stops: uvicorn asks it of every connection. What is passed on is not ours to answer."""
        if self._is_passed_on:
            self.transport.close()
        else:
            self.refuse(HTTPStatus.INTERNAL_SERVER_ERROR)

    def asks(self) -> bool:
        """Whether media sockets are judged here, and not by whoever has the usual ones."""
        return bool(self.exchange.elsewhere)

    async def take(self, media: Asked) -> Coroutine[Any, Any, None] | None:
        """Take over a media socket of this process; what is still to be done for it. Raises what is our fault."""
        self.gone()
        if self.usual is not None and not self._is_lost:
            self._begin_usual(self.usual, self._read)
            self.transport.set_protocol(self.usual)
            self.transport.resume_reading()
        return None

    def forget_request(self) -> None:
        """Nobody needs it, nor the usual way, while the call goes on."""
        self.usual, self._read = None, b""

    def refuse(self, status: HTTPStatus) -> None:
        """Answer the handshake, and close; nothing once it is closing."""
        if not self.transport.is_closing():
            self.transport.write(refusal(status))
            self.transport.close()

    def gone(self) -> None:
        """The connection is no more this object's affair."""
        self.state.connections.discard(self)

    def _go(self, data: bytes) -> None:
        media = asked(data, self.prefix, get_remote_addr(self.transport)) if self.asks() else None
        if media is not None:
            self._judge(media)
        elif self.usual is not None:
            self._begin_usual(self.usual, data)
            asyncio.get_running_loop().call_soon(self._hand_over, self.usual)

    def _begin_usual(self, usual: ImpatientWebSocket, data: bytes) -> None:
        self._is_usual = True
        usual.connection_made(self.transport)
        usual.data_received(data)

    def _hand_over(self, usual: ImpatientWebSocket) -> None:
        """Only now: uvicorn itself has made the connection report here meanwhile."""
        if not self._is_lost:
            self.transport.set_protocol(usual)

    def _judge(self, media: Asked) -> None:
        """Nothing is read until the handshake has been judged, which waits for the database."""
        self.transport.pause_reading()
        self.state.connections.add(self)  # type: ignore[arg-type]
        task = asyncio.get_running_loop().create_task(self._serve(media), name="media socket")
        self.state.tasks.add(task)
        task.add_done_callback(self.state.tasks.discard)

    async def _serve(self, media: Asked) -> None:
        try:
            left = None if await self._passes_on(media) else await self.take(media)
        except Exception:
            log.exception("a media socket could not be judged")
            self.refuse(HTTPStatus.INTERNAL_SERVER_ERROR)
            return
        del media  # the whole request
        if left is not None:
            await left

    async def _passes_on(self, media: Asked) -> bool:
        """Whether the socket was another process's; one that cannot be reached leaves it to this one."""
        if not self.exchange.elsewhere or probe(self.exchange, media.scope) is not None:
            return False
        address = await elsewhere(self.exchange, media.token)
        if address is None:
            return False
        self._is_passed_on = True
        try:
            with self.exchange.elsewhere.carrying():
                await splice(self.transport, self._read, far_at(address))
        except OSError as error:
            log.warning("a media socket cannot be passed on", to=address, reason=str(error))
            self._is_passed_on = False
            await unreachable(self.exchange, media.token)
            return False
        self.gone()
        return True


def crossroads(exchange: Exchange, kind: type[Crossroads] = Crossroads) -> type[asyncio.Protocol]:
    """The class for uvicorn's `ws`, of one server."""
    own = {"exchange": exchange, "prefix": prefix_of(exchange.settings.public_url)}
    return cast(type[asyncio.Protocol], type(kind.__name__, (kind,), own))

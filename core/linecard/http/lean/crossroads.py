"""Where a WebSocket goes: media sockets on the lean lane, every other one where uvicorn sends it.

uvicorn makes one of these when a connection asks for an upgrade, gives it the connection and the
request, and then lets the connection report to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import Any, cast

import structlog
from uvicorn.config import Config
from uvicorn.protocols.utils import get_remote_addr
from uvicorn.server import ServerState

from linecard.exchange.context import Exchange
from linecard.http.carrying import carry, let_in
from linecard.http.impatient import ImpatientWebSocket
from linecard.http.lean.handshake import Asked, asked, refusal
from linecard.http.lean.protocol import take_over
from linecard.http.lean.socket import LeanSocket
from linecard.http.prefix import prefix_of
from linecard.http.probes import echo, probe

log = structlog.get_logger()

Carrying = Callable[[LeanSocket], Awaitable[None]]


def crossroads(exchange: Exchange) -> type[asyncio.Protocol]:
    """The class for uvicorn's `ws`."""
    prefix = prefix_of(exchange.settings.public_url)

    class Here(Crossroads):
        """The crossroads of one server."""

        def __init__(self, config: Config, server_state: ServerState, app_state: Any) -> None:
            super().__init__(ImpatientWebSocket(config, server_state, app_state))
            self.exchange, self.prefix, self.state = exchange, prefix, server_state

    return Here


class Crossroads(asyncio.Protocol):
    """One connection: it reports here until whoever carries it has taken it over."""

    exchange: Exchange
    prefix: bytes
    state: ServerState

    def __init__(self, usual: ImpatientWebSocket) -> None:
        self._usual: ImpatientWebSocket | None = usual
        self._socket: LeanSocket | None = None
        self._is_asked = self._is_lost = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection; its request follows."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """The request; data that comes after it, and before the connection knows its carrier, is early."""
        if not self._is_asked:
            self._is_asked = True
            self._go(data)
        elif self._usual is not None:
            self._usual.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone while its handshake was judged."""
        self._is_lost = True
        self.state.connections.discard(self)
        if self._usual is not None:
            self._usual.connection_lost(exc)

    def shutdown(self) -> None:
        """The server stops: uvicorn asks it of every connection."""
        if self._socket is not None:
            self._socket.shut_down()
        else:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR)

    def _go(self, data: bytes) -> None:
        media = asked(data, self.prefix, get_remote_addr(self._transport))
        if media is None and self._usual is not None:
            self._usual.connection_made(self._transport)
            self._usual.data_received(data)
            asyncio.get_running_loop().call_soon(self._hand_over, self._usual)
        elif media is not None:
            self._usual = None
            self._judge(media)

    def _hand_over(self, usual: ImpatientWebSocket) -> None:
        """Only now: uvicorn itself has made the connection report here meanwhile."""
        if not self._is_lost:
            self._transport.set_protocol(usual)

    def _judge(self, media: Asked) -> None:
        """Nothing is read until the handshake has been judged, which waits for the database."""
        self._transport.pause_reading()
        self.state.connections.add(self)  # type: ignore[arg-type]
        task = asyncio.get_running_loop().create_task(self._serve(media), name="media socket")
        self.state.tasks.add(task)
        task.add_done_callback(self.state.tasks.discard)

    async def _serve(self, media: Asked) -> None:
        try:
            carrying = await self._carrier(media)
        except Exception:
            log.exception("a media socket could not be judged")
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR)
            return
        if carrying is None:
            self._refuse(HTTPStatus.FORBIDDEN)
        elif not self._transport.is_closing():
            self._socket = take_over(self._transport, media.key, self._gone)
            del media  # the whole request: nobody needs it while the call goes on
            await carrying(self._socket)

    async def _carrier(self, media: Asked) -> Carrying | None:
        """What is to be done with the socket; None for one that nobody wants."""
        probed = probe(self.exchange, media.scope)
        if probed is not None:
            return partial(echo, self.exchange, probed, media.scope)
        admitted = await let_in(self.exchange, media.provider, media.token, media.scope)
        return None if admitted is None else partial(carry, self.exchange, admitted)

    def _refuse(self, status: HTTPStatus) -> None:
        if not self._transport.is_closing():
            self._transport.write(refusal(status))
            self._transport.close()

    def _gone(self) -> None:
        self.state.connections.discard(self)

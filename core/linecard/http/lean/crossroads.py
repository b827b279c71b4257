"""Media sockets of this process onto the lean lane, straight from the crossroads."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from http import HTTPStatus
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from linecard.http.carrying import judge
from linecard.http.crossroads import Crossroads
from linecard.http.handshake import Asked
from linecard.http.lean.protocol import take_over
from linecard.http.lean.socket import LeanSocket
from linecard.http.probes import echo, probe

Carrying = Callable[[LeanSocket], Coroutine[Any, Any, None]]


class LeanCrossroads(Crossroads):
    """One connection, which picows reads and writes once its handshake is believed."""

    def __init__(self, config: Config, server_state: ServerState, app_state: Any) -> None:
        super().__init__(config, server_state, app_state)
        self._socket: LeanSocket | None = None

    def asks(self) -> bool:
        """Every media socket is judged here."""
        return True

    def shutdown(self) -> None:
        """The server stops."""
        if self._socket is not None:
            self._socket.shut_down()
        else:
            super().shutdown()

    async def take(self, media: Asked) -> Coroutine[Any, Any, None] | None:
        """Judge the handshake and accept it, or refuse it with 403."""
        carrying = await self._carrier(media)
        if carrying is None:
            self.refuse(HTTPStatus.FORBIDDEN)
        elif not self.transport.is_closing():
            self._socket = take_over(self.transport, media.key, self.gone)
            self.forget_request()
            return carrying(self._socket)
        return None

    async def _carrier(self, media: Asked) -> Carrying | None:
        """What is to be done with the socket; None for one that nobody wants."""
        probed = probe(self.exchange, media.scope)
        if probed is not None:
            return partial(echo, self.exchange, probed, media.scope)
        return await judge(self.exchange, media.provider, media.token, media.scope)

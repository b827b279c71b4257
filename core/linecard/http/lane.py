"""Which lane the media sockets of a server take."""

from __future__ import annotations

import asyncio

import structlog

from linecard.exchange.context import Exchange
from linecard.http.impatient import ImpatientWebSocket

log = structlog.get_logger()


def websocket_class(exchange: Exchange) -> type[asyncio.Protocol]:
    """What uvicorn's `ws` is to be: the lean lane where it is wanted and picows works here, else ASGI's."""
    if exchange.settings.media_lane == "asgi":
        return ImpatientWebSocket
    try:
        from linecard.http.lean.crossroads import crossroads
        from linecard.http.lean.protocol import check

        check()
    except (ImportError, KeyError, TypeError, OSError) as error:
        log.warning("no lean lane: media sockets are on ASGI, at twice the cost", reason=str(error))
        return ImpatientWebSocket
    return crossroads(exchange)

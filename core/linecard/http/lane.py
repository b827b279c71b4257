"""Which lane the media sockets of a server take."""

from __future__ import annotations

import asyncio

import structlog

from linecard.exchange.context import Exchange
from linecard.http.crossroads import Crossroads, crossroads

log = structlog.get_logger()


def websocket_class(exchange: Exchange) -> type[asyncio.Protocol]:
    """What uvicorn's `ws` is to be: one whose calls are on the lean lane, or on ASGI's."""
    return crossroads(exchange, _lane(exchange))


def _lane(exchange: Exchange) -> type[Crossroads]:
    """The lean lane where it is wanted and picows works here."""
    if exchange.settings.media_lane == "asgi":
        return Crossroads
    try:
        from linecard.http.lean.crossroads import LeanCrossroads
        from linecard.http.lean.protocol import check

        check()
    except (ImportError, KeyError, TypeError, OSError) as error:
        log.warning("no lean lane: media sockets are on ASGI, at twice the cost", reason=str(error))
        return Crossroads
    return LeanCrossroads

"""The server: uvicorn set up for live audio, with the exchange running under it.

No compression, small messages, and no belief in forwarded headers. Pings keep the way open, but a
pong that is missing ends nothing: sockets on which no audio arrives are found by that.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from linecard.exchange.context import Exchange
from linecard.exchange.lifecycle import build_dialer, running
from linecard.http.app import admin_app, held_app, public_app
from linecard.http.carrying import LARGEST_MESSAGE
from linecard.http.configured import apply_numbers
from linecard.http.impatient import ImpatientWebSocket
from linecard.http.lane import websocket_class
from linecard.listening import listening


@asynccontextmanager
async def serving(
    exchange: Exchange,
    host: str,
    port: int,
    admin_port: int | None = None,
    internal_port: int | None = None,
) -> AsyncIterator[list[str]]:
    """Take calls until the block ends; yields the addresses of the listeners.

    With an `admin_port` the API and metrics stand on a listener of their own, and with an `internal_port`
    what other processes on the same database ask. Raises OSError when a port cannot be had, ConfigurationError when the database cannot be used or a
    number of linecard.toml is wrong.
    """
    dialer = build_dialer(exchange)
    public = public_app(exchange, dialer, with_admin=admin_port is None)
    configs = [_config(public, host, port, websocket_class(exchange))]
    if admin_port is not None:
        configs.append(_config(admin_app(exchange, dialer), host, admin_port, ImpatientWebSocket))
    if internal_port is not None:
        held = held_app(exchange, dialer)
        configs.append(_config(held, host, internal_port, websocket_class(exchange)))
    async with running(exchange, public):
        await apply_numbers(exchange)
        async with _listening_all(configs) as addresses:
            yield addresses


def _config(app: ASGIApp, host: str, port: int, ws: type[asyncio.Protocol]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        ws=ws,
        ws_max_size=LARGEST_MESSAGE,
        ws_per_message_deflate=False,
        ws_ping_timeout=None,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=10,
    )


@asynccontextmanager
async def _listening_all(configs: Sequence[uvicorn.Config]) -> AsyncIterator[list[str]]:
    if not configs:
        yield []
        return
    async with listening(configs[0]) as address, _listening_all(configs[1:]) as others:
        yield [address, *others]

"""How uvicorn is set up for live audio.

No compression, small messages, and no belief in forwarded headers. Pings keep the way open, but a
pong that is missing ends nothing: sockets on which no audio arrives are found by that.
"""

from __future__ import annotations

import asyncio

import uvicorn
from starlette.types import ASGIApp

from linecard.http.carrying import LARGEST_MESSAGE
from linecard.pods.addresses import UNIX

IDLE_SECONDS = 620
"""How long a connection is kept for another request: longer than proxies keep theirs (Caddy two minutes, Google's
load balancer ten), so that none sends a carrier's question on one that is just being closed."""


def listener(
    app: ASGIApp, host: str, port: int, ws: type[asyncio.Protocol], uds: str | None = None
) -> uvicorn.Config:
    """A listener at a host and port, or at a socket file (`uds`)."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        uds=uds,
        ws=ws,
        ws_max_size=LARGEST_MESSAGE,
        ws_per_message_deflate=False,
        ws_ping_timeout=None,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        lifespan="off",
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=10,
    )


def listener_at(app: ASGIApp, address: str, ws: type[asyncio.Protocol]) -> uvicorn.Config:
    """A listener at `HOST:PORT` or `unix:/PATH`."""
    if address.startswith(UNIX):
        return listener(app, "localhost", 0, ws, address.removeprefix(UNIX))
    host, _, port = address.rpartition(":")
    return listener(app, host.strip("[]"), int(port), ws)

"""The server: uvicorn set up for live audio, with the exchange running under it.

No compression, small messages, and no belief in forwarded headers. Pings keep the way open, but a
pong that is missing ends nothing: sockets on which no audio arrives are found by that.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

import uvicorn

from linecard.exchange.context import Exchange
from linecard.exchange.draining import hang_up_all
from linecard.exchange.lifecycle import build_dialer, running
from linecard.exchange.pod_watch import pod_of, pod_unreachable
from linecard.http.app import Shared, admin_app, held_app, public_app
from linecard.http.configured import apply_file
from linecard.http.impatient import ImpatientWebSocket
from linecard.http.lane import websocket_class
from linecard.http.listener import listener, listener_at
from linecard.http.pods import pods_app
from linecard.listening import listening


@asynccontextmanager
async def serving(
    exchange: Exchange,
    host: str,
    port: int,
    admin_port: int | None = None,
    internal_port: int | None = None,
    control_port: int | None = None,
) -> AsyncIterator[list[str]]:
    """Take calls until the block ends; yields the addresses of the listeners.

    With an `admin_port` the API and metrics stand on a listener of their own, with an `internal_port`
    what other processes on the same database ask, with a `control_port` pods of other machines are linked.
    Raises OSError when a port cannot be had, ConfigurationError when the database cannot be used or a
    number of linecard.toml is wrong.
    """
    shared = Shared.of(exchange, build_dialer(exchange))
    public = public_app(shared, with_admin=admin_port is None)
    configs = [listener(public, host, port, websocket_class(exchange))]
    if admin_port is not None:
        configs.append(listener(admin_app(shared), host, admin_port, ImpatientWebSocket))
    if internal_port is not None:
        configs.append(listener(held_app(shared), host, internal_port, websocket_class(exchange)))
    async with running(exchange, public):
        await apply_file(exchange)
        async with _listening_all(configs) as addresses, _with_pods(exchange, host, control_port):
            yield addresses


@asynccontextmanager
async def _with_pods(exchange: Exchange, host: str, port: int | None) -> AsyncIterator[None]:
    """Link pods until the block ends, and run those of this machine; their calls are hung up before."""
    pool = exchange.pool
    if exchange.plugins.answers("allocate_pod"):
        exchange.elsewhere.also_ask(partial(pod_of, exchange))
        exchange.elsewhere.also_tell(partial(pod_unreachable, exchange))
    app = pods_app(exchange)
    configs = [] if pool is None else [listener_at(app, pool.order.control, ImpatientWebSocket)]
    configs += [] if port is None else [listener(app, host, port, ImpatientWebSocket)]
    async with _listening_all(configs):
        if pool is not None:
            pool.start(exchange.pods, exchange.pods_changed)
        try:
            yield
        finally:
            await hang_up_all(exchange)
            if pool is not None:
                await pool.close()


@asynccontextmanager
async def _listening_all(configs: Sequence[uvicorn.Config]) -> AsyncIterator[list[str]]:
    if not configs:
        yield []
        return
    async with listening(configs[0]) as address, _listening_all(configs[1:]) as others:
        yield [address, *others]

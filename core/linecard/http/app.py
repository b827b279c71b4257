"""The server's application: carriers' webhooks, the media socket, the management API, health."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, WebSocketRoute
from starlette.types import ASGIApp

from linecard.exchange.context import Exchange
from linecard.exchange.serverside import server_of
from linecard.http.api import build_api
from linecard.http.carrying import judge
from linecard.http.health import health_routes, metrics_route
from linecard.http.inside.listener import inside_app
from linecard.http.media import media_endpoint
from linecard.http.prefix import StripPrefix, prefix_of
from linecard.http.probes import Probes
from linecard.http.webhooks import webhook_routes
from linecard.outbound.dialing import Dialer
from linecard.pricing.files import PriceBook, read_book
from linecard.server import Server


@dataclass(frozen=True, slots=True)
class Shared:
    """What all listeners of one server share; `server` is how plugins hold it."""

    exchange: Exchange
    dialer: Dialer
    book: PriceBook
    server: Server

    @classmethod
    def of(cls, exchange: Exchange, dialer: Dialer) -> Shared:
        """Raises ConfigurationError for a price list that cannot be read."""
        book = read_book(exchange.settings.prices, exchange.plugins)
        return cls(exchange, dialer, book, server_of(exchange, dialer, book))


def public_app(shared: Shared, *, with_admin: bool) -> StripPrefix:
    """What the world may reach; its `state` holds the server as plugins see it.

    `with_admin` false: the API and metrics stand on their own listener.
    """
    exchange = shared.exchange
    routes: list[BaseRoute] = [
        *health_routes(exchange),
        *(_admin_routes(shared, open_door=False) if with_admin else []),
        WebSocketRoute("/ws/{provider}/{token}", media_endpoint(partial(judge, exchange))),
        *webhook_routes(exchange),
    ]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False  # a redirect would be built from the Host header
    public = StripPrefix(Probes(app, exchange), prefix_of(exchange.settings.public_url))
    public.state.linecard = shared.server
    return public


def admin_app(shared: Shared) -> ASGIApp:
    """The API and metrics on a listener of their own; health too, for probes inside."""
    admin = _admin_routes(shared, open_door=True)
    return Starlette(routes=[*health_routes(shared.exchange), *admin])


def held_app(shared: Shared) -> ASGIApp:
    """What other processes of ours may reach, on a listener of its own."""
    return inside_app(shared.exchange, _api(shared))


def _admin_routes(shared: Shared, *, open_door: bool) -> list[BaseRoute]:
    """`/metrics` and `/api`."""
    return [
        metrics_route(shared.exchange, open_door=open_door),
        Mount("/api", _api(shared)),
    ]


def _api(shared: Shared) -> ASGIApp:
    return build_api(
        shared.exchange, shared.dialer, shared.server, shared.book, version("linecard")
    )

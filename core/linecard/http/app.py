"""The server's application: carriers' webhooks, the media socket, the management API, health."""

from __future__ import annotations

from importlib.metadata import version

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, WebSocketRoute
from starlette.types import ASGIApp

from linecard.exchange.context import Exchange
from linecard.exchange.serverside import server_of
from linecard.http.api import build_api
from linecard.http.health import health_routes, metrics_route
from linecard.http.inside.listener import inside_app
from linecard.http.media import media_endpoint
from linecard.http.prefix import StripPrefix, prefix_of
from linecard.http.probes import Probes
from linecard.http.webhooks import webhook_routes
from linecard.outbound.dialing import Dialer
from linecard.pricing.files import PriceBook, read_book
from linecard.server import Server


def public_app(exchange: Exchange, dialer: Dialer, *, with_admin: bool) -> StripPrefix:
    """What the world may reach; its `state` holds the server as plugins see it.

    `with_admin` false: the API and metrics stand on their own listener. Raises ConfigurationError for a price
    list that cannot be read.
    """
    book = read_book(exchange.settings.prices, exchange.plugins)
    server = server_of(exchange, dialer, book)
    routes: list[BaseRoute] = [
        *health_routes(exchange),
        *(_admin_routes(exchange, dialer, server, book, open_door=False) if with_admin else []),
        WebSocketRoute("/ws/{provider}/{token}", media_endpoint(exchange)),
        *webhook_routes(exchange),
    ]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False  # a redirect would be built from the Host header
    public = StripPrefix(Probes(app, exchange), prefix_of(exchange.settings.public_url))
    public.state.linecard = server
    return public


def admin_app(exchange: Exchange, dialer: Dialer) -> ASGIApp:
    """The API and metrics on a listener of their own; health too, for probes inside. Raises as `public_app`."""
    book = read_book(exchange.settings.prices, exchange.plugins)
    server = server_of(exchange, dialer, book)
    admin = _admin_routes(exchange, dialer, server, book, open_door=True)
    return Starlette(routes=[*health_routes(exchange), *admin])


def held_app(exchange: Exchange, dialer: Dialer) -> ASGIApp:
    """What other processes of ours may reach, on a listener of its own. Raises as `public_app`."""
    book = read_book(exchange.settings.prices, exchange.plugins)
    server = server_of(exchange, dialer, book)
    return inside_app(exchange, build_api(exchange, dialer, server, book, version("linecard")))


def _admin_routes(
    exchange: Exchange, dialer: Dialer, server: Server, book: PriceBook, *, open_door: bool
) -> list[BaseRoute]:
    """`/metrics` and `/api`."""
    api = build_api(exchange, dialer, server, book, version("linecard"))
    return [metrics_route(exchange, open_door=open_door), Mount("/api", api)]

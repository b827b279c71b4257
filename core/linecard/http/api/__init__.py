"""The management API: FastAPI under `/api`, bearer keys with scopes, problem documents, OpenAPI at `/api/docs`."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, FastAPI

from linecard.exchange.context import Exchange
from linecard.http.api.auth import SCHEME, KeyRequired
from linecard.http.api.blocklist import blocklist_router
from linecard.http.api.calls import calls_router
from linecard.http.api.commands import commands_router
from linecard.http.api.description import described_api, problems
from linecard.http.api.explanations import explanations_router
from linecard.http.api.faults import FaultsAnswered
from linecard.http.api.forget import forget_router
from linecard.http.api.limits import BodyLimit
from linecard.http.api.notifications import notifications_router
from linecard.http.api.numbers import numbers_router
from linecard.http.api.payloads import payloads_router
from linecard.http.api.problems import add_handlers
from linecard.http.api.providers import providers_router
from linecard.http.api.rates import rates_router
from linecard.http.api.scopes import describe_scopes, needed
from linecard.http.inside.commands import CommandsPassed
from linecard.outbound.dialing import Dialer
from linecard.pricing.files import PriceBook
from linecard.server import Server


def build_api(
    exchange: Exchange, dialer: Dialer, server: Server, book: PriceBook, version: str
) -> FastAPI:
    """The API as an application to be mounted under `/api`; plugins' routes stand in it too, and find `server` there."""
    prefix = urlsplit(exchange.settings.public_url).path
    api = described_api(version, f"{prefix}/api")
    routers = [
        numbers_router(exchange),
        blocklist_router(exchange),
        calls_router(exchange, dialer),
        commands_router(exchange),
        explanations_router(exchange),
        payloads_router(exchange),
        notifications_router(exchange),
        forget_router(exchange),
        providers_router(exchange),
        rates_router(exchange, book),
        *_plugin_routers(exchange),
    ]
    routes = [route for router in routers for route in router.routes]
    describe_scopes(routes)
    for router in routers:
        api.include_router(router, dependencies=[Depends(SCHEME)], responses=problems(401, 403))
    api.state.linecard = server
    add_handlers(api)
    # The last one added stands outermost.
    if exchange.instances.name is not None:
        api.add_middleware(CommandsPassed, exchange=exchange)
    api.add_middleware(BodyLimit, routes=routes)
    api.add_middleware(KeyRequired, key=exchange.settings.api_key, needed=partial(needed, routes))
    api.add_middleware(FaultsAnswered)
    return api


def _plugin_routers(exchange: Exchange) -> list[APIRouter]:
    offered = exchange.plugins.ask_all("routes")
    return [router for routers in offered for router in routers if isinstance(router, APIRouter)]

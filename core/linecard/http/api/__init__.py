"""The management API: FastAPI under `/api`, one bearer key, problem documents, OpenAPI at `/api/docs`."""

from __future__ import annotations

from fastapi import APIRouter, Depends, FastAPI

from linecard.exchange.context import Exchange
from linecard.http.api.auth import SCHEME, require_key
from linecard.http.api.calls import calls_router
from linecard.http.api.numbers import numbers_router
from linecard.http.api.problems import add_handlers
from linecard.http.api.providers import providers_router
from linecard.outbound.dialing import Dialer


def build_api(exchange: Exchange, dialer: Dialer, version: str) -> FastAPI:
    """The API as an application to be mounted under `/api`; plugins' routes stand in it too."""
    key = [Depends(SCHEME), Depends(require_key(exchange.settings.api_key))]
    api = FastAPI(title="Linecard", version=version, docs_url="/docs", redoc_url=None)
    routers = [
        numbers_router(exchange),
        calls_router(exchange, dialer),
        providers_router(exchange),
        *_plugin_routers(exchange),
    ]
    for router in routers:
        api.include_router(router, dependencies=key)
    add_handlers(api)
    return api


def _plugin_routers(exchange: Exchange) -> list[APIRouter]:
    offered = exchange.plugins.ask_all("routes")
    return [router for routers in offered for router in routers if isinstance(router, APIRouter)]

"""Is it alive, is it ready, and what has it counted."""

from __future__ import annotations

import asyncio

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from linecard.exchange.context import Exchange
from linecard.http.api.auth import CHALLENGE, key_fits
from linecard.http.api.problems import problem

DATABASE_SECONDS = 3.0


def health_routes(exchange: Exchange) -> list[Route]:
    """`/healthz`: the process runs. `/readyz`: it can take calls."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_request: Request) -> Response:
        try:
            async with asyncio.timeout(DATABASE_SECONDS), exchange.database.read() as conn:
                await conn.execute(text("SELECT 1"))
        except (SQLAlchemyError, TimeoutError) as error:
            return JSONResponse({"status": "no database", "error": type(error).__name__}, 503)
        if not exchange.doors.is_open:
            return JSONResponse({"status": "draining", "live_calls": len(exchange.lives)}, 503)
        journal = {"open": exchange.journal.is_open, "waiting": exchange.journal.waiting}
        return JSONResponse(
            {"status": "ready", "accounts": _accounts(exchange), "journal": journal}
        )

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


def metrics_route(exchange: Exchange, *, open_door: bool) -> Route:
    """`/metrics`: with the key, or without on a listener of its own."""

    async def metrics(request: Request) -> Response:
        header = request.headers.get("authorization")
        if not open_door and not key_fits(header, exchange.settings.api_key):
            wanted = "send LINECARD_API_KEY, or serve with --admin-port"
            return problem(401, wanted, headers=CHALLENGE)
        return Response(exchange.metrics.exposition(), media_type="text/plain; version=0.0.4")

    return Route("/metrics", metrics)


def _accounts(exchange: Exchange) -> list[dict[str, str]]:
    """Every account and whether its API address is the carrier's own or a simulated one."""
    return [
        {"provider": name, "account": account, "api": exchange.plugins.api_kind(name, account)}
        for name in sorted(exchange.plugins.providers)
        for account in exchange.plugins.accounts(name)
    ]

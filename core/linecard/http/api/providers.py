"""`/api/providers`: what is installed and what it can do."""

from __future__ import annotations

from fastapi import APIRouter

from linecard.exchange.context import Exchange
from linecard.http.api.models import ProviderList, ProviderOut
from linecard.plugins import Row, describe


def providers_router(exchange: Exchange) -> APIRouter:
    """The route of `/api/providers`."""
    router = APIRouter(prefix="/providers", tags=["providers"])

    @router.get("")
    async def installed() -> ProviderList:
        rows = [row for row in describe(exchange.plugins) if row.kind != "plugin"]
        return ProviderList(items=[_shown(exchange, row) for row in rows])

    return router


def _shown(exchange: Exchange, row: Row) -> ProviderOut:
    return ProviderOut(
        name=row.name,
        distribution=row.distribution,
        version=row.version,
        accounts=list(exchange.plugins.accounts(row.name)),
        profiles={profile: sorted(hooks) for profile, hooks in row.hooks.items()},
        skipped=row.reason or None,
    )

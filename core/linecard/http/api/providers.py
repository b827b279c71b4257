"""`/api/providers`: what is installed and what it can do."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from linecard.enhancing import enhancers
from linecard.exchange.context import Exchange
from linecard.plugins import Row, describe


class ProviderOut(BaseModel):
    """An installed provider: the hooks it offers on each stream profile, and its accounts."""

    name: str
    distribution: str
    version: str
    accounts: list[str]
    profiles: dict[str, list[str]]
    skipped: str | None = None


class EnhancerOut(BaseModel):
    """What takes noise out; `lacking` says why it cannot be used here, and what to do."""

    name: str
    lacking: str | None


class ProviderList(BaseModel):
    """What is installed; always one page."""

    items: list[ProviderOut]
    enhancers: list[EnhancerOut]
    next: None = None


def providers_router(exchange: Exchange) -> APIRouter:
    """The route of `/api/providers`."""
    router = APIRouter(prefix="/providers", tags=["providers"])

    @router.get("")
    async def installed() -> ProviderList:
        rows = [row for row in describe(exchange.plugins) if row.kind != "plugin"]
        offers = enhancers.offered(exchange.plugins).values()
        return ProviderList(
            items=[_shown(exchange, row) for row in rows],
            enhancers=[EnhancerOut(name=one.name, lacking=one.lacking or None) for one in offers],
        )

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

"""`/api/providers`: what is installed and what it can do."""

from __future__ import annotations

from fastapi import APIRouter

from linecard.exchange.context import Exchange
from linecard.http.api.models import ProviderOut
from linecard.plugins import capabilities


def providers_router(exchange: Exchange) -> APIRouter:
    """The route of `/api/providers`."""
    router = APIRouter(prefix="/providers", tags=["providers"])

    @router.get("")
    async def installed() -> dict[str, list[ProviderOut] | None]:
        return {"items": _rows(exchange), "next": None}

    return router


def _rows(exchange: Exchange) -> list[ProviderOut]:
    plugins = exchange.plugins
    working = [
        ProviderOut(
            name=name,
            distribution=provider.distribution,
            version=provider.version,
            accounts=list(plugins.accounts(name)),
            profiles={
                profile: sorted(hooks) for profile, hooks in capabilities(provider.cls).items()
            },
        )
        for name, provider in sorted(plugins.providers.items())
    ]
    skipped = [
        ProviderOut(
            name=one.name,
            distribution=one.distribution,
            version="",
            accounts=[],
            profiles={},
            skipped=one.reason,
        )
        for one in plugins.skipped
    ]
    return working + skipped

"""`/api/forget`: a person's number is erased from everything that is kept."""

from __future__ import annotations

from fastapi import APIRouter

from linecard.exchange.context import Exchange
from linecard.exchange.forgetting.asking import Wish, forget
from linecard.exchange.forgetting.report import KINDS
from linecard.http.api.description import problems
from linecard.http.api.models import ForgetIn, ForgetOut


def forget_router(exchange: Exchange) -> APIRouter:
    """The route of `/api/forget`."""
    router = APIRouter(prefix="/forget", tags=["forget"])

    @router.post("", responses=problems(409, 422))
    async def erase(body: ForgetIn) -> ForgetOut:
        wish = Wish(number=body.number, also_blocklist=body.also_blocklist, dry_run=body.dry_run)
        report = await forget(exchange, wish)
        return ForgetOut(
            dry_run=report.dry_run,
            erased=dict.fromkeys(KINDS, 0) | report.erased,
            blocked=report.blocked,
            left_at_carrier=report.left_at_carrier,
            named_in=list(report.named_in),
        )

    return router

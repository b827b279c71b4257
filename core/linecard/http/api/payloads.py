"""`/api/calls/{id}/payloads`: what the carrier sent about a call, as it came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from linecard.exchange.context import Exchange
from linecard.http.api.description import problems
from linecard.http.api.lookups import existing_call
from linecard.store import inbox
from linecard.store.inbox import Entry


class PayloadOut(BaseModel):
    """One thing that was told of a call, oldest first.

    `fields` are the carrier's own, in their order, or `body` where it sent no form; secrets and pressed
    keys are hidden. Both are null where nobody sent anything: the carrier was asked, or we concluded it
    (`asked`), it was said on the media socket, or another event of the same request holds them.
    `left_out`: so many further fields, or bytes, were too much to be kept.
    """

    at: datetime
    event: str
    asked: bool
    fields: Sequence[tuple[str, str]] | None
    body: str | None
    left_out: int
    unknown: Mapping[str, str]


def payloads_router(exchange: Exchange) -> APIRouter:
    """The one route."""
    router = APIRouter(prefix="/calls/{call_id}", tags=["calls"])

    @router.get("/payloads", responses=problems(404))
    async def payloads(call_id: str) -> list[PayloadOut]:
        call = await existing_call(exchange, call_id)
        async with exchange.database.read() as conn:
            return [_out(entry) for entry in await inbox.of_call(conn, call.id)]

    return router


def _out(entry: Entry) -> PayloadOut:
    kept: Mapping[str, Any] = entry.payload
    raw = kept.get("came", {})
    return PayloadOut(
        at=entry.at,
        event=kept["event"],
        asked=kept.get("asked", False),
        fields=raw.get("fields"),
        body=raw.get("body"),
        left_out=raw.get("left_out", 0),
        unknown=kept.get("unknown", {}),
    )

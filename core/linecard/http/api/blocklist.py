"""`/api/blocklist`: whose calls are not taken, and who is not called."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from linecard.errors import NotFound
from linecard.exchange import blocking
from linecard.exchange.context import Exchange
from linecard.http.api.description import problems
from linecard.http.api.lookups import can_be_asked
from linecard.http.api.models import BlockIn, BlockList, BlockOut
from linecard.store import blocklist
from linecard.store.blocklist import Blocked
from linecard.tokens import new_id
from linecard.wall import now

Limit = Annotated[int, Query(ge=1, le=200)]


def blocklist_router(exchange: Exchange) -> APIRouter:
    """The routes of `/api/blocklist`."""
    router = APIRouter(prefix="/blocklist", tags=["blocklist"])

    @router.post("", status_code=201, responses=problems(409, 422))
    async def block(body: BlockIn) -> BlockOut:
        entry = Blocked(
            id=new_id(),
            caller=body.caller,
            direction=body.direction,
            note=body.note,
            created_at=now(),
        )
        async with exchange.database.write() as conn:
            await blocking.block(exchange, conn, entry)
        return _out(entry)

    @router.get("", responses=problems(422))
    async def page(limit: Limit = 50, cursor: str | None = None) -> BlockList:
        async with exchange.database.read() as conn:
            found = await blocklist.page(conn, limit, cursor)
        return BlockList(items=[_out(entry) for entry in found.items], next=found.next)

    @router.delete("/{caller}", status_code=204, responses=problems(404))
    async def unblock(caller: str) -> Response:
        if not can_be_asked(caller):
            raise NotFound("entry of the blocklist", caller)
        async with exchange.database.write() as conn:
            await blocklist.remove(conn, caller)
        return Response(status_code=204)

    return router


def _out(entry: Blocked) -> BlockOut:
    return BlockOut(
        caller=entry.caller,
        direction=entry.direction,
        note=entry.note,
        created_at=entry.created_at,
    )

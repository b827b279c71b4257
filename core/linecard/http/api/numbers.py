"""`/api/numbers`: registered numbers."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Query
from starlette.responses import Response

from linecard.errors import Conflict
from linecard.exchange.context import Exchange
from linecard.exchange.pasted import new_proof, rotated
from linecard.http.api.description import problems
from linecard.http.api.lookups import existing_number
from linecard.http.api.models import NumberIn, NumberList, NumberOut, NumberPatch
from linecard.http.api.registration import check_targets, checked
from linecard.http.api.scopes import Holder
from linecard.http.api.views import number_out
from linecard.numbers import Number, mask
from linecard.store import calls, numbers
from linecard.tokens import new_id

log = structlog.get_logger()

Limit = Annotated[int, Query(ge=1, le=200)]
CONNECTION = ("former_target", "connected_target")
FIXED = ("id", "number")


def numbers_router(exchange: Exchange) -> APIRouter:
    """The routes of `/api/numbers`."""
    router = APIRouter(prefix="/numbers", tags=["numbers"])

    @router.post("", status_code=201, responses=problems(409, 422, 501))
    async def register(body: NumberIn) -> NumberOut:
        number = checked(exchange, body.model_dump(), new_id(), (new_proof(),))
        await check_targets(exchange, number)
        async with exchange.database.write() as conn:
            await numbers.add(conn, number)
        return number_out(exchange, number)

    @router.get("", responses=problems(422))
    async def page(holder: Holder, limit: Limit = 50, cursor: str | None = None) -> NumberList:
        async with exchange.database.read() as conn:
            found = await numbers.page(conn, limit, cursor)
        return NumberList(
            items=[number_out(exchange, number, holder) for number in found.items], next=found.next
        )

    @router.get("/{number}", responses=problems(404))
    async def show(number: str, holder: Holder) -> NumberOut:
        return number_out(exchange, await existing_number(exchange, number), holder)

    @router.patch("/{number}", responses=problems(404, 422, 501))
    async def change(number: str, body: NumberPatch) -> NumberOut:
        current = await existing_number(exchange, number)
        changed = await change_number(exchange, current, body.model_dump(exclude_unset=True))
        return number_out(exchange, changed)

    @router.post("/{number}/rotate", responses=problems(404))
    async def rotate(number: str) -> NumberOut:
        current = await existing_number(exchange, number)
        async with exchange.database.write() as conn:
            changed = await numbers.update(conn, current.number, proofs=rotated(current))
        return number_out(exchange, changed)

    @router.delete("/{number}", status_code=204, responses=problems(404, 409))
    async def remove(number: str) -> Response:
        await _remove(exchange, await existing_number(exchange, number))
        return Response(status_code=204)

    return router


async def change_number(exchange: Exchange, current: Number, asked: dict[str, Any]) -> Number:
    """Change what was asked for, and check all of it. Raises InvalidField, GateRefused or NotFound."""
    values = {field.name: getattr(current, field.name) for field in fields(current)}
    if asked.get("provider", current.provider) != current.provider:
        values.update(account=None, stream=None, options={})
    values.update(max_seconds=None, former_seconds=current.max_seconds)
    changed = checked(exchange, values | asked, current.id, current.proofs)
    await check_targets(exchange, changed)
    kept = CONNECTION if _same_account(current, changed) else ()
    new = {
        name: value
        for name, value in asdict(changed).items()
        if name not in (*FIXED, *kept) and value != getattr(current, name)
    }
    async with exchange.database.write() as conn:
        return await numbers.update(conn, current.number, **new)


def _same_account(current: Number, changed: Number) -> bool:
    """Whether what the number pointed at before still means something."""
    same = (current.provider, current.account) == (changed.provider, changed.account)
    if not same and current.connected_target:
        log.warning(
            "a connected number was moved; where it pointed before is forgotten",
            number=mask(current.number),
            former=current.former_target,
        )
    return same


async def _remove(exchange: Exchange, number: Number) -> None:
    async with exchange.database.write() as conn:
        live = await calls.live_on_number(conn, number.number)
        if live:
            raise Conflict(f"{live} calls are live on the number; end them first")
        await numbers.remove(conn, number.number)

"""`/api/calls`: place calls, look at them, and act on those that live."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import JSONResponse, Response

from linecard.calls import Call, CallStatus
from linecard.errors import CallOver, NotFound
from linecard.exchange import endings, recording
from linecard.exchange.context import Exchange
from linecard.http.api import commands
from linecard.http.api.downloads import recording_file
from linecard.http.api.models import (
    CallIn,
    CallList,
    CallOut,
    DigitsIn,
    RecordingIn,
    TransferIn,
)
from linecard.http.api.views import call_out
from linecard.outbound.dialing import Dialer, DialRequest
from linecard.store import calls

Limit = Annotated[int, Query(ge=1, le=200)]
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)]
ACCEPTED: dict[str, str] = {"status": "accepted"}


def calls_router(exchange: Exchange, dialer: Dialer) -> APIRouter:
    """The routes of `/api/calls`."""
    router = APIRouter(prefix="/calls", tags=["calls"])

    @router.post("", status_code=201)
    async def place(body: CallIn, idempotency_key: Key = None) -> CallOut:
        return await _shown(exchange, await dialer.place(_wish(body, idempotency_key)))

    @router.get("")
    async def page(
        limit: Limit = 50,
        cursor: str | None = None,
        status: CallStatus | None = None,
        number: str | None = None,
    ) -> CallList:
        async with exchange.database.read() as conn:
            found = await calls.page(conn, limit, cursor, status, number)
            items = [await call_out(conn, call) for call in found.items]
        return CallList(items=items, next=found.next)

    @router.get("/{call_id}")
    async def show(call_id: str) -> CallOut:
        return await _shown(exchange, await existing(exchange, call_id))

    @router.get("/{call_id}/recordings/{n}")
    async def file(call_id: str, n: int) -> Response:
        return await recording_file(exchange, await existing(exchange, call_id), n)

    _add_commands(router, exchange)
    return router


def _add_commands(router: APIRouter, exchange: Exchange) -> None:
    @router.post("/{call_id}/hangup", status_code=202)
    async def hang_up(call_id: str) -> JSONResponse:
        call = await living(exchange, call_id)
        await endings.hang_up(exchange, call, "hung up by API")
        return JSONResponse(ACCEPTED, 202)

    @router.post("/{call_id}/transfer", status_code=202)
    async def transfer(call_id: str, body: TransferIn) -> JSONResponse:
        call = await living(exchange, call_id)
        await commands.transfer(exchange, call, body.to, body.mode, body.timeout)
        return JSONResponse(ACCEPTED, 202)

    @router.post("/{call_id}/dtmf", status_code=202)
    async def dtmf(call_id: str, body: DigitsIn) -> JSONResponse:
        call = await living(exchange, call_id)
        await commands.send_digits(exchange, call, body.digits)
        return JSONResponse(ACCEPTED, 202)

    @router.post("/{call_id}/recording", status_code=202)
    async def record(call_id: str, body: RecordingIn) -> JSONResponse:
        call = await living(exchange, call_id)
        await recording.act(exchange, call, body.do)
        return JSONResponse(ACCEPTED, 202)


async def existing(exchange: Exchange, call_id: str) -> Call:
    """A call, or NotFound."""
    async with exchange.database.read() as conn:
        call = await calls.get(conn, call_id)
    if call is None:
        raise NotFound("call", call_id)
    return call


async def living(exchange: Exchange, call_id: str) -> Call:
    """A call that is not over. Raises NotFound or CallOver."""
    call = await existing(exchange, call_id)
    if call.is_over:
        raise CallOver(call.id, call.end_reason or str(call.status))
    return call


async def _shown(exchange: Exchange, call: Call) -> CallOut:
    async with exchange.database.read() as conn:
        return await call_out(conn, call)


def _wish(body: CallIn, key: str | None) -> DialRequest:
    values = body.model_dump(mode="json")
    canonical = json.dumps(values, sort_keys=True).encode()
    return DialRequest(
        from_=body.from_,
        to=body.to,
        agent=body.agent,
        record=body.record,
        machine=body.machine,
        ring_seconds=body.ring_seconds,
        max_seconds=body.max_seconds,
        send_digits=body.send_digits,
        metadata=body.metadata,
        key=key,
        body_hash=hashlib.sha256(canonical).hexdigest(),
    )

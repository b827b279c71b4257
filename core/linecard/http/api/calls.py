"""`/api/calls`: place calls, and look at them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query
from starlette.responses import Response

from linecard.calls import Call, CallStatus
from linecard.exchange import at_risk as risks
from linecard.exchange import recording_delete, voicemail
from linecard.exchange.context import Exchange
from linecard.http.api.description import problems
from linecard.http.api.downloads import recording_file
from linecard.http.api.lookups import existing_call
from linecard.http.api.models import Accepted, CallIn, CallList, CallOut
from linecard.http.api.views import call_out
from linecard.numbers import parse_e164
from linecard.outbound.dialing import Dialer, DialRequest
from linecard.store import calls

Limit = Annotated[int, Query(ge=1, le=200)]
RecordingNumber = Annotated[int, Path(ge=1, le=10_000)]
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)]
DEFAULTING = ("notify", "enhance")
"""Left out they are the number's own, which is another wish than null."""
FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {"audio/wav": {}, "audio/mpeg": {}}}
}


def calls_router(exchange: Exchange, dialer: Dialer) -> APIRouter:
    """The routes of `/api/calls`."""
    router = APIRouter(prefix="/calls", tags=["calls"])

    @router.post("", status_code=201, responses=problems(409, 422, 429, 501))
    async def place(body: CallIn, idempotency_key: Key = None) -> CallOut:
        message = voicemail.check(exchange.settings, body.voicemail) if body.voicemail else {}
        wish = replace(_wish(body, idempotency_key), voicemail=message)
        return await _shown(exchange, await dialer.place(wish))

    @router.get("", responses=problems(422))
    async def page(
        limit: Limit = 50,
        cursor: str | None = None,
        status: CallStatus | None = None,
        number: str | None = None,
        at_risk: bool = False,
    ) -> CallList:
        risky = [call.id for call in await risks.of_all(exchange.database)] if at_risk else None
        async with exchange.database.read() as conn:
            found = await calls.page(conn, limit, cursor, status, _sought(number), risky)
            items = [await call_out(conn, call) for call in found.items]
        return CallList(items=items, next=found.next)

    @router.get("/{call_id}", responses=problems(404))
    async def show(call_id: str) -> CallOut:
        return await _shown(exchange, await existing_call(exchange, call_id))

    @router.get(
        "/{call_id}/recordings/{n}",
        responses={**FILE, **problems(404, 422, 502)},
        response_class=Response,
    )
    async def file(call_id: str, n: int) -> Response:
        return await recording_file(exchange, await existing_call(exchange, call_id), n)

    @router.delete("/{call_id}/recordings/{n}", status_code=202, responses=problems(404, 409, 422))
    async def delete_file(call_id: str, n: RecordingNumber) -> Accepted:
        await recording_delete.ask(exchange, await existing_call(exchange, call_id), n)
        return Accepted()

    return router


async def _shown(exchange: Exchange, call: Call) -> CallOut:
    """The call as it is beside its lines: between two questions it may have gone on."""
    async with exchange.database.read() as conn:
        return await call_out(conn, await calls.get(conn, call.id) or call)


def _sought(number: str | None) -> str | None:
    """A registered number to look for; a plus that was not encoded arrives as a blank."""
    return None if number is None else parse_e164(number.replace(" ", "+", 1))


def _wish(body: CallIn, key: str | None) -> DialRequest:
    values = body.model_dump(mode="json")
    given = {name: values.pop(name) for name in DEFAULTING}
    given = {name: value for name, value in given.items() if name in body.model_fields_set}
    values |= given
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
        notify=given.get("notify", ""),
        enhance=given.get("enhance", ""),
        key=key,
        body_hash=hashlib.sha256(canonical).hexdigest(),
    )

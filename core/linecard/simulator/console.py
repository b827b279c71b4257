"""What a person can ask of any simulated carrier while it runs: `/_simulator/...`, JSON only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from linecard.errors import InvalidField
from linecard.simulator.recipes import phone_from

if TYPE_CHECKING:
    from linecard.simulator import SimulatedCarrier
    from linecard.simulator.ledger import Entry

Endpoint = Callable[[Request], Awaitable[Response]]


def console_routes(carrier: SimulatedCarrier) -> list[Route]:
    """`POST /_simulator/calls`, `.../phones` and `.../setup`, and `GET /_simulator/ledger?after=N`."""

    async def call(request: Request) -> Response:
        order = await _json(request)
        phone = await phone_from(order.get("phone"), order.get("say"))
        caller, number = _text(order, "from"), _text(order, "to")
        return JSONResponse({"call": await carrier.call_in(caller, number, phone)}, 201)

    async def place_phone(request: Request) -> Response:
        order = await _json(request)
        carrier.phones[_text(order, "number")] = await phone_from(
            order.get("phone"), order.get("say")
        )
        return Response(status_code=204)

    async def set_up(request: Request) -> Response:
        order = await _json(request)
        pasted = [step for step in order.get("paste") or () if isinstance(step, str)]
        carrier.set_up(_text(order, "number"), pasted, record=order.get("record") is True)
        return Response(status_code=204)

    async def ledger(request: Request) -> Response:
        after = request.query_params.get("after", "0")
        start = int(after) if after.isdecimal() else 0
        entries = carrier.ledger.entries[start:]
        page = {"entries": [_plain(entry) for entry in entries], "next": start + len(entries)}
        return Response(msgspec.json.encode(page, enc_hook=str), media_type="application/json")

    return [
        Route("/_simulator/calls", _refusing(call), methods=["POST"]),
        Route("/_simulator/phones", _refusing(place_phone), methods=["POST"]),
        Route("/_simulator/setup", _refusing(set_up), methods=["POST"]),
        Route("/_simulator/ledger", ledger),
    ]


def _refusing(endpoint: Endpoint) -> Endpoint:
    async def refused(request: Request) -> Response:
        try:
            return await endpoint(request)
        except InvalidField as error:
            return JSONResponse({"field": error.field, "message": error.message}, 422)

    return refused


async def _json(request: Request) -> dict[str, Any]:
    # Only application/json: a web page cannot send that to loopback without asking first.
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise InvalidField("body", "send JSON with content-type application/json")
    try:
        order = msgspec.json.decode(await request.body())
    except msgspec.DecodeError as error:
        raise InvalidField("body", f"not JSON: {error}") from error
    if not isinstance(order, dict):
        raise InvalidField("body", "a JSON object")
    return order


def _text(order: dict[str, Any], name: str) -> str:
    value = order.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidField(name, "a number, such as +14155550100")
    return value


def _plain(entry: Entry) -> dict[str, object]:
    return {
        "at": round(entry.at, 3),
        "call": entry.call,
        "what": entry.what,
        "facts": dict(entry.facts),
    }

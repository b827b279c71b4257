"""The simulated REST API: its addresses and its doorkeeper."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from linecard_twilio.simulator import rest_calls as calls
from linecard_twilio.simulator.replies import BAD_VALUE, ApiReply, ApiRequest, Refused, error_body

if TYPE_CHECKING:
    from linecard_twilio.simulator.switch import Switch

Endpoint = Callable[["Switch", ApiRequest], Awaitable[ApiReply]]

ACCOUNT = "/2010-04-01/Accounts/{account}"
ROUTES: Mapping[tuple[str, str], Endpoint] = {
    ("POST", "/Calls.json"): calls.make_call,
    ("GET", "/Calls.json"): calls.list_calls,
    ("GET", "/Calls/{sid}.json"): calls.get_call,
    ("POST", "/Calls/{sid}.json"): calls.update_call,
}
"""Method and address below the account's."""

CODES = {401: 20003, 404: 20404, 405: 20004, 429: 20429, 500: 20500}
MOST_BODY = 1_000_000
UNAUTHORISED = (
    "Authentication Error - No credentials provided, or not those of the simulated Twilio: "
    "it takes only the ones that it printed when it started."
)


def rest_routes(switch: Switch) -> list[Route]:
    """Every address of the API."""
    return [
        Route(ACCOUNT + path, partial(_answer, switch, endpoint), methods=[method])
        for (method, path), endpoint in ROUTES.items()
    ]


def refusal(status: int, text: str) -> Response:
    """Twilio's form of an error."""
    return JSONResponse(error_body(status, CODES.get(status, BAD_VALUE), text), status)


def wrong_address(request: Request, error: Exception) -> Response:
    """404 and 405: also for an address without `.json`."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return refusal(status, f"The requested resource {request.url.path} was not found")


async def _answer(switch: Switch, endpoint: Endpoint, request: Request) -> Response:
    switch.requests += 1
    try:
        check_credentials(switch, request)
        if switch.requests > switch.quirks.concurrency:
            raise Refused(429, 20429, "Too many requests")
        reply = await endpoint(switch, await _read(request))
    except Refused as error:
        return JSONResponse(error_body(error.status, error.code, str(error)), error.status)
    finally:
        switch.requests -= 1
    media = "application/json" if reply.body is not None else None
    return Response(reply.encoded(), reply.status, media_type=media)


def check_credentials(switch: Switch, request: Request) -> None:
    """Only the simulator's own pair opens it: anybody's real one is refused, and not kept."""
    own = switch.credentials
    pair = base64.b64encode(f"{own.account_sid}:{own.auth_token}".encode()).decode()
    given = request.headers.get("authorization", "")
    fits = hmac.compare_digest(given.encode(), f"Basic {pair}".encode())
    if not fits or request.path_params.get("account", own.account_sid) != own.account_sid:
        raise Refused(401, 20003, UNAUTHORISED)


async def _read(request: Request) -> ApiRequest:
    return ApiRequest(
        url=request.url.path,
        path=request.path_params,
        query=tuple(request.query_params.multi_items()),
        form=_form(request, await request.body()),
    )


def _form(request: Request, body: bytes) -> tuple[tuple[str, str], ...]:
    if not body:
        return ()
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind != "application/x-www-form-urlencoded" or len(body) > MOST_BODY:
        raise Refused(400, BAD_VALUE, "the body must be a form (application/x-www-form-urlencoded)")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise Refused(400, BAD_VALUE, "the form is not UTF-8") from error
    return tuple(pairs)

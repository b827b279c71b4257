"""The simulated REST API: its addresses, its doorkeeper, and what may go wrong at the door."""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from linecard_plivo.simulator import rest_account as account
from linecard_plivo.simulator import rest_calls as calls
from linecard_plivo.simulator import rest_lookups as lookups
from linecard_plivo.simulator import rest_recordings as recordings
from linecard_plivo.simulator.replies import ApiReply, ApiRequest, Refused, said

if TYPE_CHECKING:
    from linecard_plivo.simulator.switch import Switch

Endpoint = Callable[["Switch", ApiRequest], Awaitable[ApiReply]]

ROUTES: Mapping[tuple[str, str], Endpoint] = {
    ("POST", "Call/"): calls.make_call,
    ("GET", "Call/"): lookups.list_calls,
    ("GET", "Call/{uuid}/"): lookups.get_call,
    ("POST", "Call/{uuid}/"): calls.transfer,
    ("DELETE", "Call/{uuid}/"): calls.end_call,
    ("DELETE", "Request/{uuid}/"): calls.cancel_request,
    ("POST", "Call/{uuid}/DTMF/"): calls.send_digits,
    ("POST", "Call/{uuid}/Record/"): recordings.record,
    ("DELETE", "Call/{uuid}/Record/"): recordings.stop_record,
    ("GET", "Recording/"): recordings.list_recordings,
    ("GET", "Recording/{id}/"): recordings.get_recording,
    ("DELETE", "Recording/{id}/"): recordings.delete_recording,
    ("GET", "Number/"): account.list_numbers,
    ("GET", "Number/{number}/"): account.get_number,
    ("POST", "Number/{number}/"): account.assign_number,
    ("GET", "Application/"): account.list_applications,
    ("POST", "Application/"): account.create_application,
    ("GET", "Application/{id}/"): account.get_application,
    ("POST", "Application/{id}/"): account.update_application,
    ("DELETE", "Application/{id}/"): account.delete_application,
    ("GET", "Pricing/"): account.get_pricing,
}
"""Method and address below `/v1/Account/{auth_id}/`; the last slash is part of it."""

FILE = re.compile(r"^(?P<id>[0-9a-f-]{36})\.(?:mp3|wav)$")


def rest_routes(switch: Switch) -> list[Route]:
    """Every address of the API, and the recordings' files."""
    prefix = "/v1/Account/{auth_id}/"
    routes = [
        Route(prefix + path, partial(_answer, switch, endpoint), methods=[method])
        for (method, path), endpoint in ROUTES.items()
    ]
    return [*routes, Route(prefix + "Recording/{file}", partial(_file, switch))]


def refusal(status: int, text: str) -> Response:
    """Plivo's form of an error."""
    return JSONResponse({"error": text}, status)


def wrong_address(request: Request, error: Exception) -> Response:
    """404 and 405 in Plivo's form: also for an address without its last slash."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return refusal(status, f"no {request.method} {request.url.path}")


async def _answer(switch: Switch, endpoint: Endpoint, request: Request) -> Response:
    try:
        _check_credentials(switch, request)
        if not switch.window.allows():
            raise Refused(429, "too many requests: 300 in 5 seconds are allowed")
        reply = await endpoint(switch, await _read(request))
    except Refused as error:
        reply = said(switch, error.status, error=str(error))
    media = "application/json" if reply.body is not None else None
    return Response(reply.encoded(), reply.status, dict(reply.headers), media)


def _check_credentials(switch: Switch, request: Request) -> None:
    """Only the simulator's own pair opens it: anybody's real one is refused, and not kept."""
    own = switch.credentials
    expected = base64.b64encode(f"{own.auth_id}:{own.auth_token}".encode()).decode()
    given = request.headers.get("authorization", "")
    fits = hmac.compare_digest(given.encode(), f"Basic {expected}".encode())
    if not fits or request.path_params["auth_id"] != own.auth_id:
        raise Refused(
            401,
            "Could not verify your access level for that URL. This is the simulated Plivo: "
            "it takes only the credentials that it printed when it started.",
        )


async def _read(request: Request) -> ApiRequest:
    return ApiRequest(
        path=request.path_params,
        query=dict(request.query_params),
        body=_json(await request.body()),
    )


def _json(raw: bytes) -> dict[str, Any]:
    if not raw.strip():
        return {}
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise Refused(400, f"the body is not JSON: {error}") from error
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise Refused(400, "the body is not a JSON object")
    return body


async def _file(switch: Switch, request: Request) -> Response:
    """A recording's file. As at Plivo, whoever knows the address may have it."""
    match = FILE.match(request.path_params["file"])
    try:
        recording = recordings.ready_recording(switch, match["id"] if match else "")
    except Refused as error:
        return Response(str(error), error.status)
    return Response(recording.wav(), media_type="audio/wav")

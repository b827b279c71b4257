"""Exotel's REST API: the table of addresses, credentials, reading, and the files of recordings."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from linecard import RequestRefused, parse_multipart
from linecard_exotel.simulator import rest_calls as calls
from linecard_exotel.simulator.listing import list_calls
from linecard_exotel.simulator.recordings import seal
from linecard_exotel.simulator.replies import ApiReply, ApiRequest, Refused

if TYPE_CHECKING:
    from linecard import Pairs
    from linecard_exotel.simulator.switch import Switch

Endpoint = Callable[["Switch", ApiRequest], Awaitable[ApiReply]]

ROUTES: Mapping[tuple[str, str], Endpoint] = {
    ("POST", "Calls/connect"): calls.connect,
    ("GET", "Calls/{call}"): calls.get_call,
    ("GET", "Calls"): list_calls,
    ("GET", "ActiveStreams"): calls.active_streams,
}
"""Method and address below `/v1/Accounts/{sid}/`; `.json` behind it asks for JSON."""

JSON = ".json"
MULTIPART, FORM = "multipart/form-data", "application/x-www-form-urlencoded"


def rest_routes(switch: Switch) -> list[Route]:
    """Every address of the API, and the recordings' files."""
    prefix = "/v1/Accounts/{sid}/"
    routes = [
        Route(prefix + path + suffix, partial(_answer, switch, endpoint), methods=[method])
        for suffix in (JSON, "")
        for (method, path), endpoint in ROUTES.items()
    ]
    return [*routes, Route("/exotelrecordings/{sid}/{file}", partial(_file, switch))]


def wrong_address(request: Request, error: Exception) -> Response:
    """404 and 405 in Exotel's form."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    reply = Refused(status, f"no {request.method} {request.url.path}").reply()
    return respond(request, reply)


def respond(request: Request, reply: ApiReply) -> Response:
    """A reply in the form that the address asks for."""
    body, media = reply.encoded(as_json=request.url.path.endswith(JSON))
    return Response(body, reply.status, dict(reply.headers), media)


async def _answer(switch: Switch, endpoint: Endpoint, request: Request) -> Response:
    try:
        _check_credentials(switch, request)
        if not switch.window.allows():
            raise Refused(429, "Too many requests: 200 a minute are allowed", {"Retry-After": "60"})
        reply = await endpoint(switch, await _read(request))
    except Refused as error:
        reply = error.reply()
    return respond(request, reply)


def _check_credentials(switch: Switch, request: Request) -> None:
    """Only the simulator's own pair opens it: anybody's real one is refused, and not kept."""
    if not _is_ours(switch, request) or request.path_params["sid"] != switch.credentials.sid:
        raise Refused(
            401,
            "Authentication failed. This is the simulated Exotel: it takes only the credentials "
            "that it printed when it started.",
        )


def _is_ours(switch: Switch, request: Request) -> bool:
    own = switch.credentials
    expected = base64.b64encode(f"{own.api_key}:{own.api_token}".encode()).decode()
    given = request.headers.get("authorization", "")
    return hmac.compare_digest(given.encode(), f"Basic {expected}".encode())


async def _read(request: Request) -> ApiRequest:
    return ApiRequest(
        path=request.path_params,
        query=dict(request.query_params),
        form=_form(request.headers.get("content-type", ""), await request.body()),
    )


def _form(content_type: str, body: bytes) -> Pairs:
    """The fields of a body. Raises Refused for a form that is none."""
    if not body:
        return ()
    try:
        if content_type.startswith(MULTIPART):
            return parse_multipart(body, content_type)
        if content_type.startswith(FORM):
            return tuple(parse_qsl(body.decode(), keep_blank_values=True))
    except (RequestRefused, UnicodeDecodeError) as error:
        raise Refused(400, f"The body is not readable: {error}") from error
    raise Refused(400, "The body must be form data")


async def _file(switch: Switch, request: Request) -> Response:
    """A recording's file: private, for the key's owner or a signed address."""
    key = request.path_params["file"].removesuffix(".mp3")
    if not _is_ours(switch, request) and not _is_signed(switch, request, key):
        return Response("Access denied", 401, {"WWW-Authenticate": "Basic"})
    recording = switch.recordings.get(key)
    if recording is None or not recording.is_ready:
        return Response("Not found", 404)
    return Response(recording.wav(), media_type="audio/wav")


def _is_signed(switch: Switch, request: Request, key: str) -> bool:
    expires = request.query_params.get("Expires", "")
    if not expires.isdecimal() or int(expires) < switch.clock.unix():
        return False
    given = request.query_params.get("Signature", "")
    return hmac.compare_digest(given, seal(switch, key, int(expires)))

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
from linecard_twilio.simulator import rest_conferences as conferences
from linecard_twilio.simulator import rest_numbers as numbers
from linecard_twilio.simulator import rest_pricing as pricing
from linecard_twilio.simulator import rest_recordings as recordings
from linecard_twilio.simulator import rest_streams as streams
from linecard_twilio.simulator.replies import BAD_VALUE, ApiReply, ApiRequest, Refused, error_body

if TYPE_CHECKING:
    from linecard_twilio.simulator.switch import Switch

Endpoint = Callable[["Switch", ApiRequest], Awaitable[ApiReply]]

ACCOUNT = "/2010-04-01/Accounts/{account}"
PARTICIPANTS = "/Conferences/{conference}/Participants"
ROUTES: Mapping[tuple[str, str], Endpoint] = {
    ("POST", "/Calls.json"): calls.make_call,
    ("GET", "/Calls.json"): calls.list_calls,
    ("GET", "/Calls/{sid}.json"): calls.get_call,
    ("POST", "/Calls/{sid}.json"): calls.update_call,
    ("POST", "/Calls/{sid}/Recordings.json"): recordings.record,
    ("GET", "/Calls/{sid}/Recordings.json"): recordings.list_of_call,
    ("POST", "/Calls/{sid}/Recordings/{recording}.json"): recordings.change_recording,
    ("POST", "/Calls/{sid}/Streams.json"): streams.start_stream,
    ("POST", "/Calls/{sid}/Streams/{stream}.json"): streams.stop_stream,
    ("GET", "/Recordings.json"): recordings.list_recordings,
    ("GET", "/Recordings/{recording}.json"): recordings.get_recording,
    ("DELETE", "/Recordings/{recording}.json"): recordings.delete_recording,
    ("GET", "/Conferences.json"): conferences.list_conferences,
    ("GET", "/Conferences/{conference}.json"): conferences.get_conference,
    ("POST", "/Conferences/{conference}.json"): conferences.update_conference,
    ("POST", PARTICIPANTS + ".json"): conferences.add_participant,
    ("GET", PARTICIPANTS + ".json"): conferences.list_participants,
    ("GET", PARTICIPANTS + "/{participant}.json"): conferences.get_participant,
    ("POST", PARTICIPANTS + "/{participant}.json"): conferences.update_participant,
    ("DELETE", PARTICIPANTS + "/{participant}.json"): conferences.remove_participant,
    ("GET", "/IncomingPhoneNumbers.json"): numbers.list_numbers,
    ("GET", "/IncomingPhoneNumbers/{number}.json"): numbers.get_number,
    ("POST", "/IncomingPhoneNumbers/{number}.json"): numbers.update_number,
}
"""Method and address below the account's."""
PRICES: Mapping[str, Endpoint] = {
    "/v2/Voice/Numbers/{number}": pricing.get_number_price,
    "/v2/Voice/Countries/{iso}": pricing.get_country_price,
}

CODES = {401: 20003, 404: 20404, 405: 20004, 429: 20429, 500: 20500}
MOST_BODY = 1_000_000
UNAUTHORISED = (
    "Authentication Error - No credentials provided, or not those of the simulated Twilio: "
    "it takes only the ones that it printed when it started."
)


def rest_routes(switch: Switch) -> list[Route]:
    """Every address of the API, and the recordings' files."""
    account = [
        Route(ACCOUNT + path, partial(_answer, switch, endpoint), methods=[method])
        for (method, path), endpoint in ROUTES.items()
    ]
    prices = [Route(path, partial(_answer, switch, endpoint)) for path, endpoint in PRICES.items()]
    return [*account, *prices, Route(ACCOUNT + "/Recordings/{file}", partial(_file, switch))]


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


async def _file(switch: Switch, request: Request) -> Response:
    """A recording's file, behind the account's credentials where it enforces them."""
    try:
        if switch.quirks.media_auth:
            check_credentials(switch, request)
        wanted = request.query_params.get("RequestedChannels")
        return recordings.media(switch, request.path_params["file"], wanted)
    except Refused as error:
        return JSONResponse(error_body(error.status, error.code, str(error)), error.status)


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

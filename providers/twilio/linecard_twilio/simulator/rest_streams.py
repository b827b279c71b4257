"""The endpoints of streams: by REST there are one-way streams only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linecard_twilio.simulator.fields import rfc2822
from linecard_twilio.simulator.placing import address
from linecard_twilio.simulator.replies import (
    BAD_VALUE,
    ApiReply,
    ApiRequest,
    Refused,
    account_path,
    missing,
)
from linecard_twilio.simulator.rest_calls import live_call
from linecard_twilio.simulator.streaming import start_beside, stop_named
from linecard_twilio.simulator.streams import TRACKS, StreamOrder

if TYPE_CHECKING:
    from linecard_twilio.simulator.calls import Call
    from linecard_twilio.simulator.switch import Switch


async def start_stream(switch: Switch, request: ApiRequest) -> ApiReply:
    """POST Calls/{sid}/Streams.json."""
    call = live_call(switch, request)
    if not request.get("Url"):
        raise Refused(400, BAD_VALUE, "Url is required")
    order = StreamOrder(
        url=request.get("Url"),
        name=request.get("Name"),
        is_two_way=False,
        tracks=TRACKS[request.word("Track", tuple(TRACKS), "inbound_track")],
        parameters=_parameters(request),
        status=address(request, "StatusCallback", "StatusCallbackMethod", 21609),
    )
    sid = start_beside(switch, call, order)
    return ApiReply(201, _stream(switch, call, sid, order.name, "in-progress"))


def _parameters(request: ApiRequest) -> dict[str, str]:
    numbers = range(1, 100)
    pairs = (
        (request.get(f"Parameter{n}.Name"), request.get(f"Parameter{n}.Value")) for n in numbers
    )
    return {name: value for name, value in pairs if name}


async def stop_stream(switch: Switch, request: ApiRequest) -> ApiReply:
    """POST Calls/{sid}/Streams/{MZ or name}.json with Status=stopped."""
    call = live_call(switch, request)
    request.word("Status", ("stopped",), "")
    key = request.path["stream"]
    if not stop_named(call, key):
        raise missing(request.url)
    return ApiReply(200, _stream(switch, call, key, key, "stopped"))


def _stream(switch: Switch, call: Call, sid: str, name: str, status: str) -> dict[str, Any]:
    account = switch.credentials.account_sid
    return {
        "sid": sid,
        "account_sid": account,
        "call_sid": call.sid,
        "name": name or None,
        "status": status,
        "date_updated": rfc2822(switch.clock.unix()),
        "uri": f"{account_path(account)}/Calls/{call.sid}/Streams/{sid}.json",
    }

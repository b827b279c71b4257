"""The endpoints of calls: connect, details and the list, and how many streams are open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard_exotel.simulator.calls import Call, Order
from linecard_exotel.simulator.details import call_object, leg_details
from linecard_exotel.simulator.living import live, outbound
from linecard_exotel.simulator.numbering import e164
from linecard_exotel.simulator.ordering import read_order, unknown_fields
from linecard_exotel.simulator.recordings import presigned
from linecard_exotel.simulator.replies import ApiReply, ApiRequest, Refused

if TYPE_CHECKING:
    from linecard_exotel.simulator.switch import Switch

REFUSALS = {402: "Insufficient balance", 403: "The account is suspended, or may not do this"}
SHORTEST_VALIDITY, LONGEST_VALIDITY, VALIDITY = 5, 60, "5"


async def connect(switch: Switch, request: ApiRequest) -> ApiReply:
    """POST Calls/connect: the call is `in-progress` before its phone has rung."""
    order = read_order(request.form, switch.credentials.sid)
    fields = dict(request.form)
    _admit(switch, order, fields["CallerId"])
    call = Call(
        sid=switch.ids.sid(),
        direction="outbound-api",
        customer=e164(fields["From"]),
        exophone=e164(fields["CallerId"]),
        order=order,
        created_at=switch.clock.unix(),
    )
    for name in unknown_fields(request.form):
        switch.ledger.write(What.NOTE, call.sid, text=f"unknown field {name}: passed over")
    switch.calls[call.sid] = call
    switch.ledger.write(What.QUEUED, call.sid, leg=call.sid, waits=False)
    switch.tasks.start(live(switch, call, outbound(switch, call)), f"call {call.sid}")
    return ApiReply(200, {"Call": call_object(switch, call)})


def _admit(switch: Switch, order: Order, caller_id: str) -> None:
    quirks = switch.quirks
    if quirks.refuses is not None:
        raise Refused(quirks.refuses, REFUSALS.get(quirks.refuses, "Refused"))
    if not switch.exophones.owns(caller_id):
        raise Refused(400, "CallerId is not an ExoPhone of this account")
    if quirks.concurrency is not None and len(switch.live_calls) >= quirks.concurrency:
        raise Refused(429, f"{quirks.concurrency} calls at once are allowed", {"Retry-After": "60"})
    flow = switch.exophones.flow_id(caller_id)
    if order.flow and quirks.strict_flow_ids and order.flow != flow:
        raise Refused(404, f"No flow {order.flow} on this number")


async def get_call(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET Calls/{sid}, with `details=true` for the legs."""
    call = switch.calls.get(request.path["call"])
    if call is None or switch.faults.happens("stale_lookup"):
        raise Refused(404, "Call not found")
    found = call_object(switch, call)
    if request.query.get("details") == "true":
        found["Details"] = leg_details(switch, call)
    minutes = _validity(request)
    if switch.quirks.presigned and found["RecordingUrl"]:
        found["PreSignedRecordingUrl"] = presigned(switch, found["RecordingUrl"], minutes)
    return ApiReply(200, {"Call": found})


def _validity(request: ApiRequest) -> int:
    text = request.query.get("RecordingUrlValidity", VALIDITY)
    if not text.isdecimal() or not SHORTEST_VALIDITY <= int(text) <= LONGEST_VALIDITY:
        raise Refused(400, "RecordingUrlValidity is from 5 to 60 minutes")
    return int(text)


async def active_streams(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET ActiveStreams: XML, whatever one asks for."""
    counts = {
        "ActiveStreamCount": switch.live_streams,
        "ThrottleLimit": switch.quirks.throttle_limit,
    }
    return ApiReply(200, {"Stream": counts}, is_xml_only=True)

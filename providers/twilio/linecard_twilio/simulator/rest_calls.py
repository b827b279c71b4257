"""The endpoints of calls: make, list, look up, change."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from linecard.simulator.handset import plain
from linecard.simulator.ledger import What
from linecard_twilio.simulator.calls import Call
from linecard_twilio.simulator.endings import BY_API
from linecard_twilio.simulator.objects import call_object
from linecard_twilio.simulator.placing import (
    address,
    check_ends,
    place,
    read_document,
    read_order,
    read_report,
)
from linecard_twilio.simulator.replies import (
    BAD_VALUE,
    NOT_IN_PROGRESS,
    ApiReply,
    ApiRequest,
    Refused,
    check_times,
    in_time,
    missing,
    page,
)

if TYPE_CHECKING:
    from linecard_twilio.simulator.switch import Switch

DEAD = "Call is not in-progress. Cannot redirect."


async def make_call(switch: Switch, request: ApiRequest) -> ApiReply:
    """POST Calls.json: 201 `queued`, also above the pace, where it waits and says so nowhere else."""
    from_, to = check_ends(switch, request)
    call = place(switch, from_, to, read_order(switch, request))
    reply = ApiReply(201, call_object(switch, call))
    await switch.clock.sleep(switch.quirks.create_seconds)
    return reply


async def get_call(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET Calls/{sid}.json."""
    if switch.faults.happens("stale_lookup"):
        raise missing(request.url)
    return ApiReply(200, call_object(switch, known_call(switch, request)))


async def list_calls(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET Calls.json, filtered, newest first."""
    check_times(request, "StartTime", "EndTime")
    found = [call for call in reversed(switch.calls.values()) if _fits(call, request)]
    return page(request, "calls", [call_object(switch, call) for call in found])


def _fits(call: Call, request: ApiRequest) -> bool:
    parent = call.parent.sid if call.parent else ""
    facts = {"To": plain(call.to), "From": plain(call.from_), "ParentCallSid": parent}
    same = all(
        plain(wanted) == fact
        for name, fact in facts.items()
        if (wanted := request.asked(name)) is not None
    )
    status = request.asked("Status")
    return (
        same
        and status in (None, call.status)
        and in_time(request, "StartTime", call.answered_at or call.created_at)
        and in_time(request, "EndTime", call.ended_at)
    )


async def update_call(switch: Switch, request: ApiRequest) -> ApiReply:
    """POST Calls/{sid}.json: end it, or let another document take over. 21220 for a dead call."""
    call = known_call(switch, request)
    if call.is_over:
        raise Refused(400, NOT_IN_PROGRESS, DEAD)
    if request.has("Url") or request.has("Twiml"):
        _redirect(switch, call, request)
    _rearrange(switch, call, request)
    if request.has("Status"):
        _change_status(call, request.word("Status", ("completed", "canceled"), ""))
    return ApiReply(200, call_object(switch, call))


def _redirect(switch: Switch, call: Call, request: ApiRequest) -> None:
    if request.get("Url") and request.get("Twiml"):
        raise Refused(400, BAD_VALUE, "Url and Twiml are exclusive")
    if not call.is_live:
        raise Refused(400, NOT_IN_PROGRESS, DEAD)
    wanted = replace(read_document(request), why="update")
    switch.ledger.write(What.TRANSFER, call.root, url=wanted.address.url, leg=call.sid, held=False)
    call.redirect(wanted)


def _rearrange(switch: Switch, call: Call, request: ApiRequest) -> None:
    order = call.order
    if request.has("FallbackUrl"):
        order = replace(order, fallback=address(request, "FallbackUrl", "FallbackMethod", 21206))
    if request.has("StatusCallback"):
        order = replace(order, report=read_report(switch, request))
    call.order = order


def _change_status(call: Call, wanted: str) -> None:
    """`completed` ends a call in whatever state; `canceled` only one that is not answered."""
    if wanted == "completed" or not call.is_live:
        call.end(BY_API)


def known_call(switch: Switch, request: ApiRequest) -> Call:
    """The call of the address. Raises Refused (20404)."""
    call = switch.calls.get(request.path["sid"])
    if call is None:
        raise missing(request.url)
    return call


def live_call(switch: Switch, request: ApiRequest) -> Call:
    """The call of the address that is in progress. Raises Refused (21220) while it rings, too."""
    call = known_call(switch, request)
    if not call.is_live:
        raise Refused(400, NOT_IN_PROGRESS, "Call is not in-progress.")
    return call

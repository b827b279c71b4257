"""The endpoints of a call: make, end, cancel, transfer, keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard_plivo.simulator.calls import Address, Call, Next
from linecard_plivo.simulator.codes import NORMAL, Ending, Purpose, Source
from linecard_plivo.simulator.documents import is_web_address
from linecard_plivo.simulator.placing import BadParameter, check_parameters, place, read_order
from linecard_plivo.simulator.replies import ApiReply, ApiRequest, Refused, missing, said

if TYPE_CHECKING:
    from linecard_plivo.simulator.switch import Switch

BY_API = Ending(NORMAL, Source.API)
CANCELLED = Ending(1000, Source.API)
LEGS = ("aleg", "bleg", "both")


async def make_call(switch: Switch, request: ApiRequest) -> ApiReply:
    """POST /Call/: one call for each destination; above the pace they wait, and still succeed."""
    try:
        targets = check_parameters(request.body)
    except BadParameter as error:
        raise Refused(400, str(error)) from error
    _check_room(switch, len(targets))
    order = read_order(request.body)
    placed = [place(switch, request.body["from"], target, order) for target in targets]
    calls = [call.uuid for call, _ in placed]
    many = len(calls) > 1
    verb = "queued" if any(waits for _, waits in placed) else "fired"
    return said(
        switch,
        201,
        message=f"call{'s' if many else ''} {verb}",
        request_uuid=calls if many else calls[0],
    )


def _check_room(switch: Switch, wanted: int) -> None:
    most = switch.quirks.concurrency
    if most is not None and len(switch.live_calls) + wanted > most:
        raise Refused(403, "Concurrency limit breached")


async def end_call(switch: Switch, request: ApiRequest) -> ApiReply:
    """DELETE /Call/{uuid}/: 404 for one that is over, and by default for one not yet answered."""
    call = live_call(switch, request)
    if call.answered_at is None and switch.quirks.delete_while_ringing == 404:
        raise missing("call")
    call.end(BY_API if call.answered_at else CANCELLED)
    return ApiReply(204)


async def cancel_request(switch: Switch, request: ApiRequest) -> ApiReply:
    """DELETE /Request/{uuid}/: for a call that is queued or rings."""
    call = switch.calls.get(request.path["uuid"])
    waits = call is not None and call.direction == "outbound" and call.answered_at is None
    if call is None or call.is_over or not waits:
        raise missing("request")
    call.end(CANCELLED)
    return ApiReply(204)


async def transfer(switch: Switch, request: ApiRequest) -> ApiReply:
    """POST /Call/{uuid}/: another document for a leg, held back while a stream holds the call."""
    call = answered_call(switch, request)
    legs = request.body.get("legs", "aleg")
    if legs not in LEGS:
        raise Refused(400, "legs must be aleg, bleg or both")
    if legs != "aleg":
        raise Refused(400, "this simulator transfers the aleg only")
    url, method = request.body.get("aleg_url"), request.body.get("aleg_method", "POST")
    if not isinstance(url, str) or not is_web_address(url):
        raise Refused(400, "aleg_url is a mandatory parameter")
    if method not in ("GET", "POST"):
        raise Refused(400, "aleg_method parameter is invalid")
    held = call.stream is not None and call.stream.order.keeps_call
    switch.ledger.write(What.TRANSFER, call.uuid, url=url, held=held)
    call.redirect(Next(Address(url, method), Purpose.TRANSFER, "StartApp"))
    return said(switch, 202, message="call transferred")


async def send_digits(switch: Switch, request: ApiRequest) -> ApiReply:
    """POST /Call/{uuid}/DTMF/: keys toward the phone of the first leg."""
    call = answered_call(switch, request)
    digits = request.body.get("digits")
    if not isinstance(digits, str) or not digits:
        raise Refused(400, "digits is a mandatory parameter")
    if call.handset is not None:
        call.handset.hear_digits(digits)
    switch.ledger.write(What.DIGITS_SENT, call.uuid, digits=digits, leg=call.uuid)
    return said(switch, 202, message="digits sent")


def live_call(switch: Switch, request: ApiRequest) -> Call:
    """The call of the address that is not over. Raises Refused (404)."""
    call = switch.calls.get(request.path["uuid"])
    if call is None or call.is_over:
        raise missing("call")
    return call


def answered_call(switch: Switch, request: ApiRequest) -> Call:
    """The call of the address that is in progress. Raises Refused (404) while it rings, too."""
    call = live_call(switch, request)
    if not call.is_live:
        raise missing("call")
    return call

"""The GET requests of applets, in the shapes that were captured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from linecard.simulator.courier import Webhook
from linecard.simulator.overrides import Policy
from linecard_exotel.simulator.moments import created, stamp
from linecard_exotel.simulator.numbering import national

if TYPE_CHECKING:
    from linecard import Pairs
    from linecard.simulator.wire import Delivery
    from linecard_exotel.simulator.addresses import Address
    from linecard_exotel.simulator.calls import Call
    from linecard_exotel.simulator.switch import Switch


def call_fields(switch: Switch, call: Call) -> Pairs:
    """What comes with the request of every applet, in the captured order.

    `To` is a number that many accounts share; the ExoPhone is in `CallTo`.
    """
    quirks, customer = switch.quirks, national(call.customer)
    exophone = national(call.exophone)
    dialled = dict(call.dialled)
    return (
        ("CallSid", call.sid),
        ("CallFrom", customer),
        ("CallTo", exophone),
        ("Direction", "incoming" if call.is_inbound else "outbound-dial"),
        ("Created", created(call.created_at)),
        ("DialWhomNumber", dialled.pop("DialWhomNumber", "")),
        ("HangupLatencyStartTimeExocc", ""),
        ("HangupLatencyStartTime", ""),
        *((("ServerCode", ""),) if quirks.server_code else ()),
        ("From", customer),
        ("To", quirks.misleading_to or exophone),
        *((("CustomField", call.order.custom_field),) if call.order.custom_field else ()),
        ("CurrentTime", stamp(switch.clock.unix())),
        *dialled.items(),
        # A key arrives in double quotes.
        *((("digits", f'"{quirks.digits}"'),) if quirks.digits else ()),
        *((("passthru", _quoted(call.passed)),) if call.passed else ()),
    )


def _quoted(url: str) -> str:
    return json.dumps(url).replace("/", "\\/")


async def ask(
    switch: Switch,
    call: Call,
    address: Address,
    kind: str,
    fields: Pairs,
    headers: Mapping[str, str] | None = None,
) -> Delivery:
    """GET an applet's address, once."""
    return await switch.courier.ask(applet_request(switch, call, address, kind, fields, headers))


def applet_request(
    switch: Switch,
    call: Call,
    address: Address,
    kind: str,
    fields: Pairs,
    headers: Mapping[str, str] | None = None,
) -> Webhook:
    """The request of an applet; its time is real seconds, as it concerns the machine."""
    seconds = switch.quirks.url_seconds
    return Webhook(
        url=address.url,
        method="GET",
        fields=fields,
        kind=kind,
        call=call.sid,
        policy=Policy(connect=seconds, read=seconds, total=seconds, retries=0),
        headers=(*_proof(switch, address), *(headers or {}).items()),
    )


def _proof(switch: Switch, address: Address) -> Pairs:
    """The user and password of the pasted address: all that Exotel can prove itself by."""
    if switch.faults.happens("bad_signature"):
        return tuple((name, value[::-1]) for name, value in address.headers.items())
    return tuple(address.headers.items())

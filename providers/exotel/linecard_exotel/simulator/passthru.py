"""The Passthru applet: one GET, whose status decides the branch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard_exotel.simulator.asking import applet_request, ask, call_fields
from linecard_exotel.simulator.flows import Passthru
from linecard_exotel.simulator.moments import EPOCH, stamp

if TYPE_CHECKING:
    from linecard import Pairs
    from linecard_exotel.simulator.calls import Call, StreamFacts
    from linecard_exotel.simulator.flows import Applet
    from linecard_exotel.simulator.switch import Switch

KIND = "passthru"
BRANCHES = {200: "A", 302: "B"}


async def run_passthru(switch: Switch, call: Call, applet: Passthru) -> Applet | None:
    """Ask; 200 is branch A, 302 branch B, and what fails goes the way of B."""
    fields = passthru_fields(switch, call)
    delivery = await ask(switch, call, applet.address, KIND, fields)
    branch = BRANCHES.get(delivery.status or 0, "failed")
    switch.ledger.write(What.DOCUMENT, call.sid, purpose="passthru", branch=branch)
    if switch.quirks.nests_passthru:
        call.passed = applet.address.url
    return applet.a if branch == "A" else applet.b


def tell_of_hang_up(switch: Switch, call: Call, applet: Applet | None) -> None:
    """The caller has hung up in a Voicebot: the Passthru behind it hears of it, and decides nothing."""
    if not isinstance(applet, Passthru) or not switch.quirks.passthru_after_hangup:
        return
    fields = passthru_fields(switch, call, "client-hangup")
    switch.courier.tell(applet_request(switch, call, applet.address, KIND, fields))


def passthru_fields(switch: Switch, call: Call, call_type: str = "call-attempt") -> Pairs:
    """The usual fields, and where the call stands. EndTime is the epoch while it goes on."""
    known = dict(call_fields(switch, call))
    more = {
        "CallStatus": "completed" if call.is_over else "in-progress",
        "CallType": call_type,
        "DialCallDuration": known.get("DialCallDuration", "0"),
        "StartTime": stamp(call.created_at),
        "EndTime": EPOCH,
        "flow_id": switch.exophones.flow_id(call.exophone),
        "tenant_id": switch.credentials.sid,
    }
    streamed = _stream_fields(call.last_stream, switch.quirks.stream_in)
    return (*(known | more).items(), *streamed)


def _stream_fields(stream: StreamFacts | None, form: str) -> Pairs:
    if stream is None:
        return ()
    facts = {
        "StreamSID": stream.sid,
        "Status": stream.status,
        "Duration": str(round(stream.seconds)),
        "RecordingUrl": stream.recording,
        "StreamUrl": stream.url,
        "DisconnectedBy": stream.by,
        "Error": stream.error,
    }
    present = {name: value for name, value in facts.items() if value}
    if form == "json":
        return (("Stream", json.dumps(present)),)
    return tuple((f"Stream[{name}]", value) for name, value in present.items())

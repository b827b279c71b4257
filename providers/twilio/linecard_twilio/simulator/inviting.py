"""Participants by REST: a call whose document is the conference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from linecard.simulator.ledger import What
from linecard_twilio.simulator.calls import Address, Call, MachineOrder, Next, Order
from linecard_twilio.simulator.conferences import end_conference
from linecard_twilio.simulator.legs import begin
from linecard_twilio.simulator.living import outbound
from linecard_twilio.simulator.placing import address, read_recording, read_report
from linecard_twilio.simulator.reader import InvalidTwiml, read_document
from linecard_twilio.simulator.replies import BAD_VALUE, ApiRequest, Refused

if TYPE_CHECKING:
    from linecard_twilio.simulator.endings import Ending
    from linecard_twilio.simulator.recordings import RecordingOrder
    from linecard_twilio.simulator.rooms import Conference
    from linecard_twilio.simulator.switch import Switch

ATTRIBUTES = {
    "Muted": "muted",
    "Beep": "beep",
    "StartConferenceOnEnter": "startConferenceOnEnter",
    "EndConferenceOnExit": "endConferenceOnExit",
    "WaitUrl": "waitUrl",
    "WaitMethod": "waitMethod",
    "MaxParticipants": "maxParticipants",
    "JitterBufferSize": "jitterBufferSize",
    "ConferenceRecord": "record",
    "ConferenceTrim": "trim",
    "CallSidToCoach": "coach",
    "Label": "participantLabel",
    "Region": "region",
    "ConferenceStatusCallback": "statusCallback",
    "ConferenceStatusCallbackMethod": "statusCallbackMethod",
    "ConferenceStatusCallbackEvent": "statusCallbackEvent",
    "ConferenceRecordingStatusCallback": "recordingStatusCallback",
    "ConferenceRecordingStatusCallbackMethod": "recordingStatusCallbackMethod",
    "ConferenceRecordingStatusCallbackEvent": "recordingStatusCallbackEvent",
}
"""Parameters that are attributes of <Conference>."""


def invite(
    switch: Switch, request: ApiRequest, conference: Conference, from_: str, to: str
) -> Call:
    """Dial somebody into a room. Raises Refused for a parameter that is not right."""
    call = Call(
        sid=switch.ids.sid("CA"),
        direction="outbound-api",
        from_=from_,
        to=to,
        order=_order(switch, request, conference),
        created_at=switch.clock.unix(),
        conference=conference.sid,
        label=request.get("Label"),
    )
    switch.ledger.write(What.QUEUED, call.root, leg=call.sid, waits=False)
    begin(switch, call, _story(switch, call, conference))
    return call


async def _story(switch: Switch, call: Call, conference: Conference) -> Ending:
    try:
        # Participants are not bound to the pace of calls.
        return await outbound(switch, call, switch.clock.now())
    finally:
        if conference.status == "init" and not conference.members:
            conference.reason = conference.reason or "last-participant-left"
            end_conference(switch, conference)


def _order(switch: Switch, request: ApiRequest, conference: Conference) -> Order:
    return Order(
        document=Next(Address(""), "participant", text=_document(request, conference.name)),
        report=read_report(switch, request),
        ring_timeout=request.whole("Timeout", 5, 600, 60),
        time_limit=request.whole("TimeLimit", 1, 86400, 14400),
        machine=_machine(request),
        recording=_recording(request),
    )


def _document(request: ApiRequest, name: str) -> str:
    response = etree.Element("Response")
    room = etree.SubElement(etree.SubElement(response, "Dial"), "Conference")
    room.text = name
    for parameter, attribute in ATTRIBUTES.items():
        values = request.all(parameter)
        if values:
            room.set(attribute, " ".join(values))
    text = str(etree.tostring(response, encoding="unicode"))
    try:
        read_document(text.encode())
    except InvalidTwiml as error:
        raise Refused(400, BAD_VALUE, str(error)) from error
    return text


def _machine(request: ApiRequest) -> MachineOrder | None:
    word = request.get("MachineDetection")
    if not word:
        return None
    request.word("MachineDetection", ("Enable", "DetectMessageEnd"), "")
    return MachineOrder(
        waits_for_end=word == "DetectMessageEnd",
        is_async=True,
        report=address(request, "AmdStatusCallback", "AmdStatusCallbackMethod", 21609),
        timeout=request.whole("MachineDetectionTimeout", 3, 59, 30),
    )


def _recording(request: ApiRequest) -> RecordingOrder | None:
    if not request.flag("Record", default=False):
        return None
    return read_recording(request, "OutboundAPI", "mono", "trim-silence")

"""<Hangup>, <Reject>, <Redirect>, <Start> and <Stop>."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard_twilio.simulator.calls import Address, Next
from linecard_twilio.simulator.documents import absolute, callback_address
from linecard_twilio.simulator.endings import BY_TWIML, REFUSED_IN, EndCall
from linecard_twilio.simulator.recordings import RecordingOrder, start_recording
from linecard_twilio.simulator.streaming import read_order, start_beside, stop_named

if TYPE_CHECKING:
    from linecard_twilio.simulator.calls import Call
    from linecard_twilio.simulator.reader import Element
    from linecard_twilio.simulator.switch import Switch


async def run_hangup(switch: Switch, call: Call, element: Element) -> None:
    """End the call. As the first verb it answers, and bills, all the same."""
    raise EndCall(BY_TWIML)


async def run_reject(switch: Switch, call: Call, element: Element) -> None:
    """Refuse a call that has not been answered; behind another verb it means nothing."""
    if call.answered_at is None:
        raise EndCall(REFUSED_IN[element["reason"]])
    switch.ledger.write(What.NOTE, call.root, text="<Reject> after the answer: passed over")


async def run_redirect(switch: Switch, call: Call, element: Element) -> Next:
    """Go on with the document at another address."""
    return Next(Address(absolute(call, element.text), element["method"]), "redirect")


async def run_start(switch: Switch, call: Call, element: Element) -> None:
    """A one-way stream, or a recording, beside the document."""
    noun = element.children[0]
    if noun.tag == "Recording":
        start_recording(switch, call, recording_order(call, noun))
    else:
        start_beside(switch, call, read_order(call, noun, is_two_way=False))


def recording_order(call: Call, noun: Element) -> RecordingOrder:
    """What a <Recording> asks for."""
    return RecordingOrder(
        source="StartCallRecordingTwiML",
        is_dual=noun["channels"] == "dual",
        trims=noun["trim"] == "trim-silence",
        track=noun["track"],
        callback=callback_address(call, noun, "recordingStatusCallback"),
        events=noun["recordingStatusCallbackEvent"] or frozenset({"completed"}),
    )


async def run_stop(switch: Switch, call: Call, element: Element) -> None:
    """End a one-way stream by its name."""
    name = element.children[0]["name"]
    if not name or not stop_named(call, name):
        switch.ledger.write(What.NOTE, call.root, text=f"<Stop>: no stream is called {name!r}")

"""What a call is made with: the parameters of create, checked, and the call that comes of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from linecard.simulator.ledger import What
from linecard_twilio.simulator.calls import EVENTS, Address, Call, MachineOrder, Next, Order, Report
from linecard_twilio.simulator.documents import is_web_address
from linecard_twilio.simulator.legs import begin
from linecard_twilio.simulator.living import outbound
from linecard_twilio.simulator.recordings import RecordingOrder
from linecard_twilio.simulator.replies import BAD_VALUE, ApiRequest, Refused

if TYPE_CHECKING:
    from linecard_twilio.simulator.switch import Switch

NUMBER = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
TARGET = re.compile(r"\+[1-9]\d{6,14}|(?:sip|sips|client):\S+", re.ASCII)
DIGITS = re.compile(r"[0-9A-D#*wW]{1,32}", re.ASCII)
MOST_TWIML = 4000
METHODS = ("GET", "POST")
RECORDING_EVENTS = ("in-progress", "completed", "absent")
PARAMETERS = frozenset(
    {
        *("To", "From", "Url", "Twiml", "ApplicationSid", "Method", "FallbackUrl"),
        *("FallbackMethod", "StatusCallback", "StatusCallbackEvent", "StatusCallbackMethod"),
        *("SendDigits", "Timeout", "TimeLimit", "Record", "RecordingChannels", "RecordingTrack"),
        *("RecordingStatusCallback", "RecordingStatusCallbackMethod", "Trim"),
        *("RecordingStatusCallbackEvent", "MachineDetection", "MachineDetectionTimeout"),
        *("MachineDetectionSpeechThreshold", "MachineDetectionSpeechEndThreshold"),
        *("MachineDetectionSilenceTimeout", "AsyncAmd", "AsyncAmdStatusCallback"),
        *("AsyncAmdStatusCallbackMethod", "CallerId", "Byoc", "CallReason", "CallToken"),
        *("SipAuthUsername", "SipAuthPassword", "ClientNotificationUrl"),
        *("RecordingConfigurationId", "Passports"),
    }
)
"""Every parameter of create. What is not here is passed over, and noted."""


def check_ends(switch: Switch, request: ApiRequest) -> tuple[str, str]:
    """`From` and `To`. Raises Refused with the codes of the reference."""
    from_, to = request.get("From"), request.get("To")
    if not to:
        raise Refused(400, 21201, "No 'To' number is specified")
    if not from_:
        raise Refused(400, 21213, "No 'From' number is specified")
    if not TARGET.fullmatch(to):
        raise Refused(400, 21211, f"Invalid 'To' Phone Number: {to}")
    if not NUMBER.fullmatch(from_):
        raise Refused(400, 21212, f"Invalid 'From' Phone Number: {from_}")
    if not switch.directory.claim(from_) and not switch.quirks.foreign_caller_id:
        raise Refused(400, 21210, f"Source phone number not verified: {from_}")
    if any(to.startswith(prefix) for prefix in switch.quirks.barred_prefixes):
        raise Refused(403, 21215, f"Account not authorized to call {to}: geo permissions")
    return from_, to


def read_order(switch: Switch, request: ApiRequest) -> Order:
    """The order in a create's parameters. Raises Refused."""
    for name in sorted({name for name, _ in request.form} - PARAMETERS):
        switch.ledger.write(What.NOTE, None, text=f"create call: unknown parameter {name}")
    return Order(
        document=read_document(request),
        fallback=address(request, "FallbackUrl", "FallbackMethod", 21206),
        report=read_report(switch, request),
        ring_timeout=request.whole("Timeout", 0, 600, 60),
        time_limit=request.whole("TimeLimit", 1, 86400, 14400),
        send_digits=_digits(request),
        machine=_machine(request),
        recording=_recording(request),
    )


def read_document(request: ApiRequest) -> Next:
    """`Url` or `Twiml`; Url wins where both are given. Raises Refused."""
    at = address(request, "Url", "Method", 21205)
    if at is not None:
        return Next(at, "url")
    text = request.get("Twiml")
    if not text:
        raise Refused(400, 21205, "Url parameter is required")
    if len(text) > MOST_TWIML:
        raise Refused(400, BAD_VALUE, f"Twiml is longer than {MOST_TWIML} characters")
    return Next(Address(""), "twiml", text=text)


def address(request: ApiRequest, url: str, method: str, code: int) -> Address | None:
    """An address with its method; None where it is not given. Raises Refused."""
    given = request.get(url)
    if not given:
        return None
    if not is_web_address(given):
        raise Refused(400, code, f"{url} is not a valid URL: {given}")
    return Address(given, request.word(method, METHODS, "POST"))


def read_report(
    switch: Switch, request: ApiRequest, default: tuple[str, ...] = ("completed",)
) -> Report | None:
    """The status callback; events that are none are passed over with a warning (21626)."""
    at = address(request, "StatusCallback", "StatusCallbackMethod", 21609)
    if at is None:
        return None
    if "_" in (urlsplit(at.url).hostname or ""):
        raise Refused(400, 21609, "StatusCallback: a host name has no underscore")
    given = request.all("StatusCallbackEvent") or list(default)
    for event in given:
        if event not in EVENTS:
            switch.ledger.write(
                What.NOTE, None, text=f"21626: no event is called {event!r}", code=21626
            )
    return Report(at, frozenset(given) & frozenset(EVENTS))


def _digits(request: ApiRequest) -> str:
    digits = request.get("SendDigits")
    if digits and not DIGITS.fullmatch(digits):
        raise Refused(400, BAD_VALUE, "SendDigits: at most 32 of 0-9 A-D # * w W")
    return digits


def _machine(request: ApiRequest) -> MachineOrder | None:
    # Digits to send switch the detection off without a word.
    if not request.get("MachineDetection") or request.get("SendDigits"):
        return None
    word = request.word("MachineDetection", ("Enable", "DetectMessageEnd"), "")
    for name, least, most in THRESHOLDS:
        request.whole(name, least, most, least)
    return MachineOrder(
        waits_for_end=word == "DetectMessageEnd",
        is_async=request.flag("AsyncAmd", default=False),
        report=address(request, "AsyncAmdStatusCallback", "AsyncAmdStatusCallbackMethod", 21609),
        timeout=request.whole("MachineDetectionTimeout", 3, 59, 30),
    )


THRESHOLDS = (
    ("MachineDetectionSpeechThreshold", 1000, 6000),
    ("MachineDetectionSpeechEndThreshold", 500, 5000),
    ("MachineDetectionSilenceTimeout", 2000, 10000),
)


def _recording(request: ApiRequest) -> RecordingOrder | None:
    if not request.flag("Record", default=False):
        return None
    return read_recording(request, "OutboundAPI", "mono", "trim-silence")


def read_recording(request: ApiRequest, source: str, channels: str, trim: str) -> RecordingOrder:
    """The parameters of a recording, with the defaults of where it is asked for. Raises Refused."""
    words = [word for text in request.all("RecordingStatusCallbackEvent") for word in text.split()]
    if not set(words) <= set(RECORDING_EVENTS):
        raise Refused(400, BAD_VALUE, "RecordingStatusCallbackEvent: no such event")
    callback = ("RecordingStatusCallback", "RecordingStatusCallbackMethod")
    return RecordingOrder(
        source=source,
        is_dual=request.word("RecordingChannels", ("mono", "dual"), channels) == "dual",
        trims=request.word("Trim", ("trim-silence", "do-not-trim"), trim) == "trim-silence",
        track=request.word("RecordingTrack", ("inbound", "outbound", "both"), "both"),
        callback=address(request, *callback, 21609),
        events=frozenset(words or ("completed",)),
    )


def place(switch: Switch, from_: str, to: str, order: Order) -> Call:
    """A new call, which may have to wait for its turn."""
    call = Call(
        sid=switch.ids.sid("CA"),
        direction="outbound-api",
        from_=from_,
        to=to,
        order=order,
        created_at=switch.clock.unix(),
    )
    start = switch.pace.reserve()
    call.queue_time = max(0, round((start - switch.clock.now()) * 1000))
    facts = {"leg": call.sid, "waits": call.queue_time > 0}
    switch.ledger.write(What.QUEUED, call.root, **facts)
    begin(switch, call, outbound(switch, call, start))
    return call

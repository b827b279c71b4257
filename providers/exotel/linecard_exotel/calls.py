"""Calls by API: place, end, transfer, fetch a recording. v1 cannot end a call or change one."""

from __future__ import annotations

from urllib.parse import urlsplit

from linecard import (
    Call,
    CarrierRefused,
    Download,
    HangUpResult,
    Machine,
    PlacedCall,
    PlacementUnknown,
    PlaceOrder,
    Stream,
    TransferOrder,
    TransferStage,
    TransferStart,
    TransferStarted,
    UnsupportedByProvider,
)
from linecard_exotel.e164 import write_number
from linecard_exotel.facts import NAME, VOICEBOT
from linecard_exotel.options import read_options
from linecard_exotel.replies import OneCall
from linecard_exotel.rest import Fields, Question, Rest
from linecard_exotel.settings import REGIONS, ExotelSettings

FLOW_HOST = "my.exotel.com"
LONGEST_STREAM_URL = 499
"""Exotel takes fewer than 600 characters; the rest is room for what it may add."""
LONGEST_TAG = 32
"""Of the 128 that a CustomField may have."""
RECORDINGS_HOST = "recordings.exotel.com"
STORAGE_HOST, STORAGE_FOLDER = "s3-ap-southeast-1.amazonaws.com", "/exotelrecordings/"
"""Where older recordings are; the first part of the path is the bucket's name."""


async def place(rest: Rest, order: PlaceOrder) -> PlacedCall:
    """Dial with one request. Raises CarrierRefused, PlacementUnknown or UnsupportedByProvider.

    The answer says `in-progress` before anybody has answered: it means no more than "taken".
    """
    question = Question("Calls/connect", form=_dial(rest.settings, order))
    created = await rest.dial(question, OneCall)
    if not created.call.sid:
        raise PlacementUnknown(NAME, "the answer names no call")
    return PlacedCall(carrier_ids={"call_sid": created.call.sid})


def _dial(settings: ExotelSettings, order: PlaceOrder) -> Fields:
    """The form. From is who is rung, the customer; CallerId is our ExoPhone."""
    call = order.call
    _check(call)
    return [
        ("From", write_number(order.to.address, "From", settings.country)),
        ("CallerId", write_number(call.number, "CallerId", settings.country)),
        *_way(settings, order),
        ("CallType", "trans"),
        ("TimeLimit", str(call.max_seconds)),
        ("TimeOut", str(call.ring_seconds)),
        *_recording(order),
        ("CustomField", call.id),
        ("StatusCallback", order.ended_url),
        ("StatusCallbackEvents[]", "terminal"),
        ("StatusCallbackEvents[]", "answered"),
        ("StatusCallbackContentType", "application/json"),
    ]


def _check(call: Call) -> None:
    if call.machine is not Machine.OFF:
        raise UnsupportedByProvider(NAME, f"machine={call.machine}")
    if call.send_digits:
        raise UnsupportedByProvider(NAME, "send_digits")
    if len(call.id) > LONGEST_TAG:
        raise CarrierRefused(NAME, f"the call's id has more than {LONGEST_TAG} characters")


def _way(settings: ExotelSettings, order: PlaceOrder) -> Fields:
    """Either our stream's address or the flow; the two exclude each other."""
    if order.profile.at_dial:
        return [("StreamUrl", _stream_url(settings, order)), ("StreamType", "bidirectional")]
    flow = read_options(order.call.options).flow_id
    if flow is None:
        raise CarrierRefused(NAME, "the number has no flow (options.flow_id) to put the call into")
    return [("Url", f"http://{FLOW_HOST}/{settings.sid}/exoml/start_voice/{flow}")]


def _stream_url(settings: ExotelSettings, order: PlaceOrder) -> str:
    streams = [verb.url for verb in order.verbs if isinstance(verb, Stream)]
    if not streams:
        raise CarrierRefused(NAME, "the dial holds no stream")
    url = settings.with_user(streams[0])
    if len(url) > LONGEST_STREAM_URL:
        raise CarrierRefused(
            NAME, f"the stream's address has {len(url)} characters; Exotel takes under 600"
        )
    return url


def _recording(order: PlaceOrder) -> Fields:
    if order.recording is None:
        return []
    return [("Record", "true"), ("RecordingChannels", "dual")]


def hang_up(call: Call) -> HangUpResult:
    """v1 knows no hang-up: closing the stream ends a dial's call, and moves a flow to its next applet.

    That is the Passthru, where we are asked, and say that the call ends.
    """
    if call.profile not in {"voicebot", "connect"}:
        return HangUpResult.UNSUPPORTED
    return HangUpResult.VIA_STREAM


def transfer(call: Call, order: TransferOrder) -> TransferStarted:
    """What the flow's next applets ask once the stream has ended; nothing is asked of the API.

    Raises UnsupportedByProvider for calls without a flow: there, closing the stream ends the call.
    """
    if call.profile != VOICEBOT.name:
        raise UnsupportedByProvider(NAME, "transfer", call.profile)
    if order.stage is not TransferStage.DIAL:
        raise UnsupportedByProvider(NAME, f"transfer by {order.stage}")
    if any(target.is_sip for target in order.targets):
        raise UnsupportedByProvider(NAME, "transfer to a SIP address")
    return TransferStarted(start=TransferStart.DOCUMENT_AFTER_STREAM)


async def fetch_recording(rest: Rest, recording: str, url: str | None) -> Download:
    """Where the file is; without an address, the details of the call of that id say it."""
    if url is None:
        asked = Question(f"Calls/{recording}", query=[("details", "true")])
        kept = (await rest.ask(asked, OneCall)).call
        url = kept.pre_signed_recording_url or kept.recording_url
    if not url:
        raise CarrierRefused(NAME, f"recording {recording} has no file yet", status=404)
    return _download(rest.settings, url)


def _download(settings: ExotelSettings, url: str) -> Download:
    """Basic auth goes to Exotel's own hosts alone: callbacks are unsigned, and may name any host."""
    parts = urlsplit(url)
    stored = parts.netloc == STORAGE_HOST and parts.path.startswith(STORAGE_FOLDER)
    if stored or parts.netloc in settings.recording_hosts:
        return Download(url=url, hosts=frozenset({parts.netloc}))
    return Download(url=url, hosts=_own_hosts(settings), authorization=settings.authorization)


def _own_hosts(settings: ExotelSettings) -> frozenset[str]:
    """Exotel's recordings and API hosts; a simulated carrier stands in for all of them."""
    origins = (*REGIONS.values(), settings.origin)
    return frozenset({RECORDINGS_HOST, *(urlsplit(origin).netloc for origin in origins)})

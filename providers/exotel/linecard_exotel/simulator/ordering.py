"""The fields of Calls/connect, checked, and the order that they make."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from linecard_exotel.simulator.addresses import is_socket_address, is_web_address
from linecard_exotel.simulator.calls import Order, StatusOrder
from linecard_exotel.simulator.numbering import is_number
from linecard_exotel.simulator.replies import Refused

if TYPE_CHECKING:
    from linecard import Pairs

EVENTS_FIELD = "StatusCallbackEvents[]"
EVENTS = frozenset({"terminal", "answered", "ringing"})
JSON, MULTIPART = "application/json", "multipart/form-data"
LONGEST_CALL = 14400
FLOW_URL = re.compile(r"https?://my\.exotel\.com/(?P<sid>[^/]+)/exoml/start_voice/(?P<flow>\d+)")
DEFAULT_RING = "60"


def _word(*words: str) -> Callable[[str], bool]:
    return lambda value: value in words


def _whole(most: int) -> Callable[[str], bool]:
    return lambda value: re.fullmatch(r"\d{1,6}", value) is not None and 0 < int(value) <= most


def _text(most: int) -> Callable[[str], bool]:
    return lambda value: len(value) <= most


FIELDS: Mapping[str, Callable[[str], bool]] = {
    "From": is_number,
    "CallerId": is_number,
    "Url": lambda value: FLOW_URL.fullmatch(value) is not None,
    "StreamUrl": lambda value: is_socket_address(value) and len(value) < 600,
    "StreamType": _word("bidirectional"),
    "StreamName": _text(32),
    "CallType": _word("trans"),
    "TimeLimit": _whole(LONGEST_CALL),
    "TimeOut": _whole(LONGEST_CALL),
    "Record": _word("true", "false"),
    "RecordingChannels": _word("single", "dual"),
    "RecordingFormat": _word("mp3", "mp3-hq"),
    "CustomField": _text(128),
    "StatusCallback": is_web_address,
    EVENTS_FIELD: lambda value: value in EVENTS,
    "StatusCallbackContentType": _word(JSON, MULTIPART),
}
"""What each field may hold. Only StatusCallbackEvents[] may come more than once."""


def read_order(form: Pairs, account: str) -> Order:
    """The order in the fields of a request. Raises Refused."""
    _check(form)
    fields = dict(form)
    flow = FLOW_URL.fullmatch(fields.get("Url", ""))
    if flow is not None and flow["sid"] != account:
        raise Refused(400, "Url is a flow of another account")
    return Order(
        stream_url=fields.get("StreamUrl", ""),
        flow=flow["flow"] if flow else "",
        time_limit=int(fields.get("TimeLimit", LONGEST_CALL)),
        ring_timeout=int(fields.get("TimeOut", DEFAULT_RING)),
        record=fields.get("Record") == "true",
        channels=fields.get("RecordingChannels", "single"),
        custom_field=fields.get("CustomField", ""),
        callback=_callback(form),
    )


def unknown_fields(form: Pairs) -> list[str]:
    """Fields that no page of Exotel's has for a call to a stream or a flow."""
    return sorted({name for name, _ in form} - set(FIELDS))


def _check(form: Pairs) -> None:
    for name in ("From", "CallerId"):
        if not dict(form).get(name):
            raise Refused(400, f"Mandatory parameter {name} is missing")
    for name, value in form:
        if name in FIELDS and not FIELDS[name](value):
            raise Refused(400, f"Parameter {name} is invalid")
    names = [name for name, _ in form if name != EVENTS_FIELD]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise Refused(400, f"Parameter {repeated[0]} comes more than once")
    _check_door(dict(form))


def _check_door(fields: Mapping[str, str]) -> None:
    if ("Url" in fields) == ("StreamUrl" in fields):
        raise Refused(400, "Either Url or StreamUrl with StreamType is needed, and not both")
    if ("StreamUrl" in fields) != ("StreamType" in fields):
        raise Refused(400, "StreamUrl and StreamType come together")
    if "To" in fields:
        # To belongs to calls between two numbers, which are not simulated.
        raise Refused(400, "To has no place beside Url or StreamUrl")


def _callback(form: Pairs) -> StatusOrder | None:
    fields = dict(form)
    if "StatusCallback" not in fields:
        return None
    return StatusOrder(
        url=fields["StatusCallback"],
        events=frozenset(value for name, value in form if name == EVENTS_FIELD),
        is_json=fields.get("StatusCallbackContentType") == JSON,
    )

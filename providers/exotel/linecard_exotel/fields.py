"""Exotel's fields, however they come: in the query, in a form, in JSON, nested by brackets or by JSON.

Exotel leaves out what a flow's position does not have, so few fields are required; what is there must
be a text of a sane length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import msgspec

from linecard import CarrierRequest, RequestRefused
from linecard_exotel.moments import INDIA

OURS = frozenset("ackxt")
"""The names of our own query."""
BRACKETS = re.compile(r"(Stream|Legs)\[([^\[\]]{1,40})\](?:\[([^\[\]]{1,40})\])?")
LONGEST_VALUE = 4_096
MOST_LEGS = 10
EPOCH = "1970-01-01 05:30:00"
"""`EndTime` until there is one: the epoch in India."""
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f]*")
_SID = re.compile(r"[!-~]{1,128}")

_NAMES = (
    "CallSid CallFrom CallTo CallStatus Direction Created DialCallDuration StartTime EndTime CallType "
    "DialWhomNumber DialCallStatus From To CurrentTime flow_id tenant_id CustomField digits "
    "RecordingUrl PreSignedRecordingUrl HangupLatencyStartTimeExocc HangupLatencyStartTime ServerCode "
    "passthru Stream Legs disposition EventType Status DateCreated DateUpdated PhoneNumberSid "
    "ConversationDuration AnsweredBy RingDuration"
)
SEVERAL = "of"
"""Our own field in the address that hears of targets: how many there are, where it is more than one."""
KNOWN = frozenset([*_NAMES.split(), SEVERAL])
"""Fields that Exotel's pages and captured requests show."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a request says. `stream` is the nested report of the applet before, `legs` one mapping each.

    `zone` is that of its times.
    """

    values: Mapping[str, str]
    stream: Mapping[str, str] = field(default_factory=dict)
    legs: Sequence[Mapping[str, str]] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)
    zone: str = INDIA

    def text(self, *names: str) -> str:
        """The first of these fields that is there and not empty; empty when none is."""
        return next((self.values[name] for name in names if self.values.get(name)), "")

    def word(self, *names: str) -> str:
        """The same in lower case, as a key of a table."""
        return self.text(*names).lower()

    def whole(self, *names: str) -> int | None:
        """A number of seconds without its fraction; None where there is none."""
        text = self.text(*names)
        if not re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", text):
            return None
        return int(float(text))

    def sid(self) -> str:
        """The call's id, of any shape. Raises RequestRefused (400)."""
        text = self.text("CallSid")
        if not _SID.fullmatch(text):
            reason = "malformed" if text else "missing"
            raise RequestRefused(f"the field 'CallSid' is {reason}", status=400)
        return text


def read_form(request: CarrierRequest, zone: str = INDIA) -> Form:
    """The fields of a request. Raises RequestRefused (400) for what is unreadable or contradicts itself."""
    flat, nested = _sorted(_pairs(request))
    stream = _report(flat.pop("Stream", None)) | nested.get("Stream", {})
    legs = _legs(flat.pop("Legs", None)) or _bracketed_legs(nested.get("Legs", {}))
    values = {name: _text(name, value) for name, value in flat.items()}
    return Form(
        values={name: value for name, value in values.items() if name in KNOWN},
        stream={name: _text(name, value) for name, value in stream.items()},
        legs=legs,
        unknown={name: value for name, value in values.items() if name not in KNOWN},
        zone=zone,
    )


def _pairs(request: CarrierRequest) -> Iterable[tuple[str, Any]]:
    if request.pairs:
        return request.pairs
    if request.body.lstrip().startswith(b"{"):
        return _json(request.body).items()
    return [pair for pair in request.query if pair[0] not in OURS]


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        read = msgspec.json.decode(body)
    except (ValueError, RecursionError) as error:
        raise RequestRefused("the JSON is not readable", status=400) from error
    if not isinstance(read, dict):
        raise RequestRefused("the JSON is no object", status=400)
    return read


def _sorted(pairs: Iterable[tuple[str, Any]]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Plain fields, and bracketed ones by their outer name."""
    flat: dict[str, Any] = {}
    nested: dict[str, dict[str, Any]] = {}
    for name, value in pairs:
        found = BRACKETS.fullmatch(name)
        place, inner = flat, name
        if found:
            outer, first, second = found.groups()
            place, inner = nested.setdefault(outer, {}), f"{first}/{second}" if second else first
        if place.setdefault(inner, value) != value:
            raise RequestRefused(f"the field {name[:40]!r} is there twice", status=400)
    return flat, nested


def _report(given: Any) -> dict[str, Any]:
    """`Stream` as one JSON text, or as an object in JSON. What is neither is none."""
    if isinstance(given, dict):
        return given
    if not isinstance(given, str) or not given:
        return {}
    try:
        read = msgspec.json.decode(given)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _legs(given: Any) -> Sequence[Mapping[str, str]]:
    """`Legs` in JSON: a list of objects, or of objects that hold one each under `Leg`."""
    read = _list(given)
    inner = [leg.get("Leg", leg) for leg in read[:MOST_LEGS] if isinstance(leg, dict)]
    return [
        {name: _text(name, value) for name, value in leg.items()}
        for leg in inner
        if isinstance(leg, dict)
    ]


def _list(given: Any) -> list[Any]:
    if isinstance(given, str) and given.startswith("["):
        try:
            given = msgspec.json.decode(given)
        except (ValueError, RecursionError):
            return []
    return given if isinstance(given, list) else []


def _bracketed_legs(given: Mapping[str, Any]) -> Sequence[Mapping[str, str]]:
    """`Legs[0][Status]`: in the order of their numbers."""
    legs: dict[str, dict[str, str]] = {}
    for path, value in given.items():
        position, _, name = path.partition("/")
        if name and position.isdecimal() and len(position) <= 2:
            legs.setdefault(position, {})[name] = _text(name, value)
    return [legs[position] for position in sorted(legs, key=int)][:MOST_LEGS]


def _text(name: str, value: Any) -> str:
    """A value as text, without the quotes that Exotel puts around some. Raises RequestRefused (400)."""
    if value is None or isinstance(value, dict | list):
        return ""
    text = str(value).strip()
    if len(text) > LONGEST_VALUE or not _PRINTABLE.fullmatch(text):
        raise RequestRefused(f"the field {name[:40]!r} is malformed", status=400)
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return "" if text in ("null", EPOCH) else text


def file_name(url: str) -> str:
    """The last part of an address without its ending: Exotel's own id of a recording."""
    last = unquote(url.partition("?")[0].rstrip("/").rpartition("/")[2])
    return last.rpartition(".")[0] or last

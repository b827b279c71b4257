"""Plivo's form fields: which we know, and what each must look like.

Signature V3 joins names and values without separators, so one signature fits many forms. What keeps
a re-cut form out is this table: every field we read has its pattern, and a required name that is
missing but stands inside other names or values is a forgery.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from linecard import CarrierRequest, RequestRefused

_UUID = re.compile(r"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?")
_ID = re.compile(r"[0-9a-z-]{0,64}")
_ACCOUNT = re.compile(r"(?:[MS]A[0-9A-Z]{18})?")
_OURS = re.compile(r"\+?[0-9]{1,20}|sips?:[!-~]{1,250}")
_PARTY = re.compile(rf"(?:{_OURS.pattern}|[A-Za-z][A-Za-z0-9 ._@-]{{0,60}})?")
_WORD = re.compile(r"[A-Za-z]{0,40}")
_DIRECTION = re.compile(r"(?:inbound|outbound)?")
_STATUS = re.compile(r"[a-z-]{0,20}")
_CAUSE = re.compile(r"[A-Z0-9_]{0,60}")
_WHOLE = re.compile(r"(?:-?[0-9]{1,18})?")
_DECIMAL = re.compile(r"(?:-?[0-9]{1,18}(?:\.[0-9]{1,18})?)?")
_TIME = re.compile(r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?)?")
_FLAG = re.compile(r"(?:true|false)?")
_SOURCE = re.compile(r"[A-Za-z ._/-]{0,60}")
_DIGITS = re.compile(r"[0-9*#A-D]{0,99}")
_URL = re.compile(r"https?://[!-~]{1,2000}")
_TEXT = re.compile(r"[^\x00-\x1f\x7f]{0,1024}")

_NAMES: Mapping[re.Pattern[str], str] = {
    _UUID: "CallUUID RequestUUID ALegUUID ALegRequestUUID ParentCallUUID call_uuid DialALegUUID "
    "DialBLegUUID ConferenceUUID",
    _ID: "StreamID RecordingID recording_id api_id ComplianceApplicationId",
    _ACCOUNT: "ParentAuthID",
    _PARTY: "From ForwardedFrom DialBLegFrom DialBLegTo",
    _OURS: "To",
    _DIRECTION: "Direction",
    _WORD: "Event IfMachine DialAction DialDigitsPressedBy CountryCode ConferenceAction",
    _STATUS: "CallStatus DialStatus DialBLegStatus",
    _CAUSE: "HangupCause DialHangupCause DialBLegHangupCause",
    _WHOLE: "Duration BillDuration HangupCauseCode DialBLegDuration DialBLegBillDuration "
    "DialBLegHangupCauseCode DialBLegPosition ConferenceMemberID",
    _DECIMAL: "BillRate TotalCost DialBLegBillRate DialBLegTotalCost RecordingDuration "
    "RecordingDurationMs RecordingStartMs RecordingEndMs recording_duration recording_duration_ms "
    "recording_start_ms recording_end_ms",
    _TIME: "SessionStart StartTime AnswerTime EndTime",
    _FLAG: "Machine DialRingStatus ConferenceFirstMember",
    _SOURCE: "HangupSource DialBLegHangupSource",
    _DIGITS: "Digits DialDigitsMatch",
    _URL: "RecordUrl record_url",
    _TEXT: "CallerName HangupCauseName DialBLegHangupCauseName "
    "STIRAttestation STIRVerification RouteType ComplianceStatus ServiceURL Timestamp StatusReason "
    "ConferenceName",
}
FIELDS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {name: pattern for pattern, names in _NAMES.items() for name in names.split()}
)
NEVER_NEEDED = frozenset(
    [
        "BillRate",
        "DialBLegBillRate",
        "SessionStart",
        "StartTime",
        "AnswerTime",
        "EndTime",
        "CallerName",
        "ForwardedFrom",
        "ALegUUID",
        "ParentAuthID",
        "ParentCallUUID",
        "CountryCode",
        "STIRAttestation",
        "STIRVerification",
        "RouteType",
        "ComplianceStatus",
        "ComplianceApplicationId",
        "ServiceURL",
        "api_id",
        "recording_start_ms",
        "recording_end_ms",
        "RecordingStartMs",
        "RecordingEndMs",
    ]
)
"""Fields that no call depends on: one that looks strange is kept and counted, and costs no call."""
MAY_BE_EMPTY = frozenset({"From", "StreamID"})
"""Required, but empty for a withheld caller, and for a stream that never opened."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form whose known fields look as they must. `unknown` holds the others."""

    values: Mapping[str, str]
    unknown: Mapping[str, str]

    def text(self, *names: str) -> str:
        """The first of these fields that is there and not empty; empty when none is."""
        return next((self.values[name] for name in names if self.values.get(name)), "")

    def whole(self, *names: str) -> int | None:
        """A number without its fraction; None when it is absent or negative, Plivo's 'not known yet'."""
        text = self.text(*names)
        return int(float(text)) if text and not text.startswith("-") else None


def read_form(request: CarrierRequest, required: Sequence[str], watched: Sequence[str]) -> Form:
    """The form of a request. `watched` fields may be absent, but not hidden inside others.

    Raises RequestRefused: 400 for a repeated, missing or malformed field, 403 for a hidden one.
    """
    repeated = [name for name, times in Counter(n for n, _ in request.pairs).items() if times > 1]
    repeated = [name for name in repeated if name in FIELDS]
    if repeated:
        raise RequestRefused(f"the field {repeated[0]!r} is there twice", status=400)
    values = dict(request.pairs)
    _refuse_hidden(request, [name for name in (*required, *watched) if name not in values])
    for name in required:
        if not values.get(name) and (name not in values or name not in MAY_BE_EMPTY):
            raise RequestRefused(f"the field {name!r} is missing", status=400)
    strange = {
        name for name in values if name in FIELDS and not FIELDS[name].fullmatch(values[name])
    }
    for name in sorted(strange - NEVER_NEEDED):
        raise RequestRefused(f"the field {name!r} is malformed", status=400)
    known = {name for name in values if name in FIELDS} - strange
    return Form(
        {name: value for name, value in values.items() if name in known},
        {name: value for name, value in values.items() if name not in known},
    )


def _refuse_hidden(request: CarrierRequest, missing: Sequence[str]) -> None:
    pairs = (*sorted(request.pairs), *request.query)
    hidden = next((name for name in missing if _stands_in(name, pairs)), None)
    if hidden:
        raise RequestRefused(f"the field {hidden!r} is hidden in others: the form was cut anew")


def _stands_in(missing: str, pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether a name stands in the joined form otherwise than as a part of a longer known name."""
    whole = "".join(
        ("\0" if name in FIELDS and missing in name else name) + value for name, value in pairs
    )
    return missing in whole

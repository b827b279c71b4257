"""Twilio's form fields: which we know, and what each must look like.

The signature joins names and values without separators, so one signature fits many forms. What keeps
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


def _sid(letters: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{letters}[0-9a-fA-F]{{32}})?")


_OURS = re.compile(r"\+?[0-9]{1,20}|(?:sips?|client):[!-~]{1,250}")
_PARTY = re.compile(rf"(?:{_OURS.pattern}|\+?[A-Za-z][A-Za-z0-9 ._@-]{{0,60}})?")
_WORD = re.compile(r"[a-z][a-z_-]{0,60}")
_WHOLE = re.compile(r"(?:-?[0-9]{1,18})?")
_FLAG = re.compile(r"(?:true|false)?")
_DIGITS = re.compile(r"[0-9*#A-DwW]{0,99}")
_URL = re.compile(r"(?:https?://[!-~]{1,2000})?")
_LABEL = re.compile(r"[!-~]{0,128}")
_TEXT = re.compile(r"[^\x00-\x1f\x7f]{0,4096}")

_NAMES: Mapping[re.Pattern[str], str] = {
    _sid("CA"): "CallSid ParentCallSid DialCallSid CallSidEndingConference CallSidToCoach",
    _sid("AC"): "AccountSid",
    _sid("MZ"): "StreamSid",
    _sid("RE"): "RecordingSid",
    _sid("CF"): "ConferenceSid",
    _PARTY: "From Caller ForwardedFrom CalledVia",
    _OURS: "To Called",
    _WORD: "CallStatus DialCallStatus Direction CallbackSource StreamEvent RecordingStatus "
    "StatusCallbackEvent AnsweredBy ReasonConferenceEnded ReasonParticipantLeft RecordingTrack",
    _WHOLE: "SequenceNumber CallDuration Duration DialCallDuration RecordingDuration "
    "RecordingChannels SipResponseCode MachineDetectionDuration ErrorCode QueueTime",
    _FLAG: "DialBridged Muted Hold Coaching StartConferenceOnEnter EndConferenceOnExit",
    _DIGITS: "Digits",
    _URL: "RecordingUrl",
    _LABEL: "ParticipantLabel ParticipantLabelEndingConference FriendlyName",
    _TEXT: "ApiVersion Timestamp CallerName FromCity FromState FromZip FromCountry ToCity ToState "
    "ToZip ToCountry CallerCity CallerState CallerZip CallerCountry CalledCity CalledState CalledZip "
    "CalledCountry StirVerstat StirPassportToken StirStatus CallToken StreamName StreamError "
    "RecordingSource RecordingStartTime FinishedOnKey msg ErrorUrl AddOns Reason",
}
FIELDS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {name: pattern for pattern, names in _NAMES.items() for name in names.split()}
)
READ = frozenset(
    [
        "CallSid",
        "ParentCallSid",
        "StreamSid",
        "RecordingSid",
        "ConferenceSid",
        "From",
        "To",
        "CallStatus",
        "DialCallStatus",
        "Direction",
        "CallbackSource",
        "StreamEvent",
        "RecordingStatus",
        "StatusCallbackEvent",
        "AnsweredBy",
        "SequenceNumber",
        "CallDuration",
        "RecordingDuration",
        "SipResponseCode",
        "ErrorCode",
        "DialBridged",
        "Digits",
        "RecordingUrl",
        "ParticipantLabel",
        "StreamError",
    ]
)
"""Fields that something follows from. Another that looks strange is kept and counted, and costs no call."""
MAY_BE_EMPTY = frozenset({"From", "Digits"})
"""Required, but empty for a withheld caller, and where no key was pressed."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form whose known fields look as they must. `unknown` holds the others."""

    values: Mapping[str, str]
    unknown: Mapping[str, str]

    def text(self, *names: str) -> str:
        """The first of these fields that is there and not empty; empty when none is."""
        return next((self.values[name] for name in names if self.values.get(name)), "")

    def whole(self, name: str) -> int | None:
        """A number; None when it is absent, empty or negative, which is 'not known'."""
        text = self.text(name)
        return int(text) if text and not text.startswith("-") else None


def read_form(request: CarrierRequest, required: Sequence[str], watched: Sequence[str]) -> Form:
    """The form of a request. `watched` fields may be absent, but not hidden inside others.

    Raises RequestRefused: 400 for a repeated, missing or malformed field, 403 for a hidden one.
    """
    times = Counter(name for name, _ in request.pairs)
    for name in sorted(name for name, count in times.items() if count > 1 and name in FIELDS):
        raise RequestRefused(f"the field {name!r} is there twice", status=400)
    values = dict(request.pairs)
    _refuse_hidden(request, [name for name in (*required, *watched) if name not in values])
    for name in required:
        if not values.get(name) and (name not in values or name not in MAY_BE_EMPTY):
            raise RequestRefused(f"the field {name!r} is missing", status=400)
    return _sorted_out(values)


def _sorted_out(values: Mapping[str, str]) -> Form:
    strange = {
        name for name in values if name in FIELDS and not FIELDS[name].fullmatch(values[name])
    }
    for name in sorted(strange & READ):
        raise RequestRefused(f"the field {name!r} is malformed", status=400)
    known = {name for name in values if name in FIELDS} - strange
    return Form(
        {name: value for name, value in values.items() if name in known},
        {name: value for name, value in values.items() if name not in known},
    )


def _refuse_hidden(request: CarrierRequest, missing: Sequence[str]) -> None:
    pairs = (*request.query, *sorted(set(request.pairs)))
    hidden = next((name for name in missing if _stands_in(name, pairs)), None)
    if hidden:
        raise RequestRefused(f"the field {hidden!r} is hidden in others: the form was cut anew")


def _stands_in(missing: str, pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether a name stands in the joined form otherwise than as a part of a longer known name."""
    whole = "".join(
        ("\0" if name in FIELDS and missing in name else name) + value for name, value in pairs
    )
    return missing in whole

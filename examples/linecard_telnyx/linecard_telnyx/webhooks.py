"""What each event means: for the caller's leg, for the leg of a transfer's target, and what it asks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from types import MappingProxyType

from linecard import (
    MEDIA,
    AnswerRequested,
    CallAnswered,
    Callback,
    CallStatus,
    CarrierEvent,
    CarrierRequest,
    Direction,
    Kind,
    LegAnswered,
    LegEnded,
    MachineDetected,
    MachineKind,
    PromptEnded,
    Reason,
    RecordingFailed,
    RecordingReady,
    RequestRefused,
    StreamReported,
    TransferReported,
    TransferResult,
    Unrecognised,
)
from linecard_telnyx.readings import CAUSES, MACHINES, TARGETS, Webhook, milliseconds, read

Events = tuple[CarrierEvent, ...]
Reader = Callable[[Webhook], Events]
E164 = re.compile(r"\+[1-9][0-9]{4,14}")


def parse(request: CarrierRequest) -> Callback:
    """What a verified webhook says and asks. Raises RequestRefused (400)."""
    event = read(request)
    is_callers = not event.state.leg.startswith("target")
    events = (CALLERS if is_callers else TARGET).get(event.name, _unrecognised)(event)
    return Callback(
        events=events,
        wants=_wants(event, events, is_callers),
        call_ids=event.ids if is_callers else {},
        our_call=event.state.call,
        question=_question(event),
        unknown=event.unknown,
    )


def _wants(event: Webhook, events: Events, is_callers: bool) -> Reason | None:
    if any(isinstance(one, AnswerRequested) for one in events):
        return Reason.ANSWER
    asks = STREAM_OVER if is_callers else TARGET_OVER
    return Reason.NEXT if event.name in asks else None


def _question(event: Webhook) -> str:
    """All webhooks of a leg come to one address. A stream asks once, whether it stopped or failed."""
    url = event.text("stream_url") or event.inner("stream_params").get("stream_url")
    return sha256(url.encode()).hexdigest()[:32] if isinstance(url, str) and url else event.id


STREAM_OVER = frozenset({"streaming.stopped", "streaming.failed"})
"""The tail behind a stream: both ask what comes next, and one stream asks once."""
TARGET_OVER = frozenset({"call.hangup"})


def _asked(event: Webhook, direction: Direction) -> Events:
    to = event.text("to")
    if not E164.fullmatch(to):
        raise RequestRefused("the field 'to' is not a telephone number", status=400)
    caller = event.text("from")
    return (
        AnswerRequested(
            key=event.key,
            carrier_ids=event.ids,
            direction=direction,
            from_=caller if E164.fullmatch(caller) else None,
            to=to,
            answers=direction is Direction.OUTBOUND,
        ),
    )


def _initiated(event: Webhook) -> Events:
    """A call that comes in waits, parked, for our command; one that goes out has merely begun."""
    is_incoming = event.text("direction") == "incoming"
    return _asked(event, Direction.INBOUND) if is_incoming else ()


def _answered(event: Webhook) -> Events:
    """At the address that a dial has for its answer it asks for one; elsewhere it only tells."""
    if event.request.call and event.request.kind is Kind.ANSWER:
        return _asked(event, Direction.OUTBOUND)
    return (CallAnswered(key=event.key, carrier_ids=event.ids),)


def _hung_up(event: Webhook) -> Events:
    return (_leg_ended(event),)


def _leg_ended(event: Webhook) -> LegEnded:
    cause = event.text("hangup_cause")
    return LegEnded(
        key=event.key,
        leg=event.state.leg,
        carrier_ids=event.ids,
        status=CAUSES.get(cause, CallStatus.FAILED),
        reason=cause.replace("_", " "),
        code=event.text("sip_hangup_cause"),
        ended_by=event.text("hangup_source"),
    )


def _machine(event: Webhook) -> Events:
    word = event.text("result")
    kind = MACHINES.get(word, MachineKind.UNKNOWN)
    return (MachineDetected(key=event.key, carrier_ids=event.ids, kind=kind, raw=word),)


def _stream(event: Webhook) -> Events:
    state = event.name.removeprefix("streaming.")
    return (
        StreamReported(key=event.key, leg=MEDIA, state=state, reason=event.text("failure_reason")),
    )


def _recorded(event: Webhook) -> Events:
    """The link is good for 10 minutes; the recording is named by what a look-up can find it by."""
    url = event.inner("recording_urls").get("wav")
    leg, begun = event.text("call_leg_id"), event.text("recording_started_at")
    if not isinstance(url, str) or not leg or not begun:
        raise RequestRefused("a recording without its link, leg or start", status=400)
    length = milliseconds(begun, event.text("recording_ended_at"))
    return (RecordingReady(key=event.key, recording=f"{leg}@{begun}", url=url, duration_ms=length),)


def _not_recorded(event: Webhook) -> Events:
    return (RecordingFailed(key=event.key, reason=event.text("reason") or "no reason given"),)


def _prompt(event: Webhook) -> Events:
    return (PromptEnded(key=event.key, carrier_ids=event.ids),)


def _nothing(_event: Webhook) -> Events:
    return ()


def _unrecognised(event: Webhook) -> Events:
    return (Unrecognised(key=event.key, name=event.name),)


CALLERS: Mapping[str, Reader] = MappingProxyType(
    {
        "call.initiated": _initiated,
        "call.answered": _answered,
        "call.bridged": _nothing,
        "call.hangup": _hung_up,
        "call.dtmf.received": _nothing,
        "call.machine.detection.ended": _machine,
        "call.machine.premium.detection.ended": _machine,
        "call.recording.saved": _recorded,
        "call.recording.error": _not_recorded,
        "call.speak.started": _nothing,
        "call.speak.ended": _prompt,
        "call.playback.started": _nothing,
        "call.playback.ended": _prompt,
        "streaming.started": _stream,
        "streaming.stopped": _stream,
        "streaming.failed": _stream,
    }
)
"""Keys come by the stream as well, and bridges by the other leg."""


def _target_answered(event: Webhook) -> Events:
    return (_target(event, bridged=False),)


def _bridged(event: Webhook) -> Events:
    return (_target(event, bridged=True),)


def _target(event: Webhook, *, bridged: bool) -> LegAnswered:
    return LegAnswered(
        key=event.key,
        leg=event.state.leg,
        carrier_ids=event.ids,
        transfer=event.request.reference or "",
        bridged=bridged,
    )


def _target_ended(event: Webhook) -> Events:
    """The end of a target's leg: the caller's own goes on."""
    ended = _leg_ended(event)
    result = TARGETS.get(ended.status, TransferResult.FAILED)
    reported = TransferReported(
        key=f"{event.key}:transfer", transfer=event.request.reference or "", result=result
    )
    return (ended, reported)


TARGET: Mapping[str, Reader] = MappingProxyType(
    {
        "call.initiated": _nothing,
        "call.answered": _target_answered,
        "call.bridged": _bridged,
        "call.hangup": _target_ended,
    }
)

"""What a flow's applets are answered. An applet asks one thing, and a document can say that alone.

| applet | asked for | a yes | a no |
| --- | --- | --- | --- |
| Voicebot | `answer`, `return` | `{"url": "wss://..."}` | an error: the applet fails and the flow goes on |
| Passthru | `next` | 200: branch A, to Connect | 302: branch B, to Hangup |
| Connect | `dial` | whom to ring | nobody: the flow's "nobody dialled" branch |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from linecard import (
    Call,
    Dial,
    Hangup,
    Reason,
    Redirect,
    Reject,
    Reply,
    Stream,
    UnsupportedByProvider,
    Verb,
)
from linecard_exotel.e164 import write_number
from linecard_exotel.facts import MOST_CALL_SECONDS, NAME
from linecard_exotel.fields import SEVERAL
from linecard_exotel.settings import ExotelSettings

JSON = "application/json"
NO_STREAM = 404
"""The Voicebot applet can be told an address and nothing else. An error is what makes it give up, and
the flow then goes to the applet behind it, the Passthru, which hangs up; 4xx, since a 5xx asks for
another try."""
BRANCH_A, BRANCH_B = 200, 302
"""A synchronous Passthru reads the status alone (Exotel: Passthru applet)."""
MOST_PARALLEL = 5
ENDS = (Hangup, Reject)
"""Both come to going on without a stream: the flow then hangs up. Nothing can be said or waited for."""

Verbs = Sequence[Verb]


def write(settings: ExotelSettings, call: Call | None, verbs: Verbs, reason: Reason) -> Reply:
    """The reply for an applet. Raises UnsupportedByProvider for a verb that none can carry out."""
    writer = WRITERS.get(reason)
    if writer is None:
        raise UnsupportedByProvider(NAME, f"a document for {reason}")
    if not verbs:
        raise UnsupportedByProvider(NAME, "an empty document")
    for position, verb in enumerate(verbs):
        _require(verb, is_first=not position)
    return writer(settings, call, verbs[0])


def _require(verb: Verb, is_first: bool) -> None:
    """A tail behind a stream is the flow's own; whatever else stands behind something is not possible."""
    allowed = (Stream, Dial, *ENDS) if is_first else (Redirect, Hangup)
    if not isinstance(verb, allowed):
        raise UnsupportedByProvider(NAME, f"the verb {type(verb).__name__.lower()}")


def _voicebot(settings: ExotelSettings, _call: Call | None, first: Verb) -> Reply:
    if isinstance(first, Stream):
        return _json({"url": settings.with_user(first.url)})
    if isinstance(first, Dial):
        raise UnsupportedByProvider(NAME, "a dial as the answer")
    return Reply(status=NO_STREAM, body=b"{}", content_type=JSON)


def _passthru(_settings: ExotelSettings, _call: Call | None, first: Verb) -> Reply:
    """A stream again takes the way through Connect, which rings nobody, to the second Voicebot."""
    if isinstance(first, Dial):
        _require_plain(first)
    goes_on = isinstance(first, Dial | Stream)
    return Reply(status=BRANCH_A if goes_on else BRANCH_B)


def _connect(settings: ExotelSettings, call: Call | None, first: Verb) -> Reply:
    if not isinstance(first, Dial):
        return _json({"destination": {"numbers": []}})
    recorded = call is not None and call.record and call.record_after_transfer
    return _json(_dial(settings, first, is_recorded=recorded))


def _dial(settings: ExotelSettings, verb: Dial, is_recorded: bool) -> dict[str, Any]:
    """Programmable Connect, version 1.0. The length is always limited: it holds when we are down."""
    _require_plain(verb)
    country = settings.country
    numbers = [write_number(target.address, "numbers", country) for target in verb.targets]
    document: dict[str, Any] = {
        "fetch_after_attempt": False,
        "destination": {"numbers": numbers},
        "outgoing_phone_number": write_number(verb.caller_id, "outgoing_phone_number", country),
        "record": is_recorded,
        "recording_channels": "dual",
        "max_ringing_duration": verb.ring_seconds,
        "max_conversation_duration": min(verb.max_seconds, MOST_CALL_SECONDS),
        "music_on_hold": {"type": "operator_tone"},
        "dial_passthru_event_url": verb.callback_url,
    }
    if len(numbers) > 1:
        document["dial_passthru_event_url"] += f"&{SEVERAL}={len(numbers)}"
    if len(numbers) > 1 and not verb.in_order:
        document["parallel_ringing"] = {
            "activate": True,
            "max_parallel_attempts": min(len(numbers), MOST_PARALLEL),
        }
    return document


def _require_plain(verb: Dial) -> None:
    """Connect fetches no document for the target, asks him for no key, and rings telephone numbers."""
    if verb.whisper_url or verb.accept_key:
        raise UnsupportedByProvider(
            NAME, "a word or a question to the target before it is connected"
        )
    if any(target.is_sip for target in verb.targets):
        raise UnsupportedByProvider(NAME, "a SIP address as the target of a dial")


def _json(document: Mapping[str, Any]) -> Reply:
    return Reply(body=msgspec.json.encode(document), content_type=JSON)


Write = Callable[[ExotelSettings, Call | None, Verb], Reply]
WRITERS: Mapping[Reason, Write] = MappingProxyType(
    {Reason.ANSWER: _voicebot, Reason.NEXT: _passthru, Reason.TRANSFER: _connect}
)

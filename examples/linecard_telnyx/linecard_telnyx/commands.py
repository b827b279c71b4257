"""Our verbs as commands: Telnyx takes nothing from the answer to a webhook."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from linecard import (
    Call,
    CallAnswered,
    CarrierEvent,
    Command,
    Dial,
    Direction,
    Hangup,
    Play,
    PromptEnded,
    Reason,
    Record,
    Redirect,
    Reject,
    Say,
    Stream,
    UnsupportedByProvider,
    Verb,
)
from linecard_telnyx.calls import control_id, stream
from linecard_telnyx.rest import NAME, Rest
from linecard_telnyx.state import write_state

LEAVES_RINGING = (Hangup, Reject)
SECONDS, PROMPT_SECONDS = 30.0, 120.0
TARGET = "target:1"


@dataclass(frozen=True, slots=True)
class Wish:
    """One command: its action and parameters, and what the next one waits for."""

    action: str
    parameters: Mapping[str, Any]
    wait_for: type[CarrierEvent] | None = None
    within: float = SECONDS


def commands(rest: Rest, call: Call, verbs: Sequence[Verb], reason: Reason) -> tuple[Command, ...]:
    """The commands, in their order. Raises UnsupportedByProvider for a verb that is none."""
    wishes = [_writer(verb)(call, verb) for verb in _without_tails(verbs)]
    is_parked = reason is Reason.ANSWER and call.direction is Direction.INBOUND
    if is_parked and not isinstance(verbs[0], LEAVES_RINGING):
        wishes.insert(0, _answer(call, verbs))
    return tuple(_command(rest, control_id(call), wish) for wish in wishes)


def _command(rest: Rest, known: str, wish: Wish) -> Command:
    request = partial(rest.command, known, wish.action, wish.parameters)
    undo = _command(rest, known, Wish("hangup", {})) if wish.action == "answer" else None
    return Command(wish.action, request, wish.wait_for, wish.within, undo)


def _without_tails(verbs: Sequence[Verb]) -> Sequence[Verb]:
    """A redirect behind a stream is no command: Telnyx reports the stream's end, and that asks."""
    before = (None, *verbs)
    return [
        verb
        for last, verb in zip(before, verbs, strict=False)
        if not (isinstance(verb, Redirect) and isinstance(last, Stream))
    ]


def _writer(verb: Verb) -> Callable[[Call, Any], Wish]:
    writer = WRITERS.get(type(verb))
    if writer is None:
        raise UnsupportedByProvider(NAME, f"the verb {type(verb).__name__.lower()}")
    return writer


def _answer(call: Call, verbs: Sequence[Verb]) -> Wish:
    """From here on the webhooks of the call go to an address of its own."""
    opened = next((verb for verb in verbs if isinstance(verb, Stream)), None)
    own = {"webhook_url": opened.status_url} if opened else {}
    return Wish("answer", {"client_state": write_state(call.id), **own}, CallAnswered)


def _stream(_call: Call, verb: Stream) -> Wish:
    return Wish("streaming_start", stream(verb))


def _record(_call: Call, verb: Record) -> Wish:
    wish = {"format": "wav", "channels": "dual", "max_length": verb.max_seconds}
    return Wish("record_start", wish)


def _dial(call: Call, verb: Dial) -> Wish:
    """A transfer. All that the new leg reports goes to the address that is asked when it is over."""
    if len(verb.targets) > 1 or verb.whisper_url or verb.accept_key:
        raise UnsupportedByProvider(NAME, "a transfer to several targets, or with a whisper")
    wish = {
        "to": verb.targets[0].address,
        "from": verb.caller_id,
        "timeout_secs": verb.ring_seconds,
        "time_limit_secs": verb.max_seconds,
        "webhook_url": verb.action_url,
        "target_leg_client_state": write_state(call.id, TARGET),
    }
    return Wish("transfer", wish)


def _say(_call: Call, verb: Say) -> Wish:
    wish = {"payload": verb.text, "voice": verb.voice or "female", "language": verb.language}
    return Wish("speak", wish, PromptEnded, PROMPT_SECONDS)


def _play(_call: Call, verb: Play) -> Wish:
    wish = {"audio_url": verb.url, "loop": verb.loop or "infinity"}
    return Wish("playback_start", wish, PromptEnded, PROMPT_SECONDS)


def _hang_up(_call: Call, _verb: Hangup) -> Wish:
    return Wish("hangup", {})


def _reject(_call: Call, verb: Reject) -> Wish:
    return Wish("reject", {"cause": "USER_BUSY" if verb.busy else "CALL_REJECTED"})


WRITERS: Mapping[type[Verb], Callable[[Call, Any], Wish]] = MappingProxyType(
    {
        Stream: _stream,
        Record: _record,
        Dial: _dial,
        Say: _say,
        Play: _play,
        Hangup: _hang_up,
        Reject: _reject,
    }
)

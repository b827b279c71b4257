"""The application's answer to a Connect applet, read as strictly as its page allows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from linecard_exotel.simulator.addresses import is_web_address
from linecard_exotel.simulator.numbering import e164, is_number

MOST_PARALLEL = 5
LONGEST_TALK = 14400
MUSIC = ("operator_tone", "default_tone", "audio")
PLAYED_TO = ("both", "callee")


class BadDestination(Exception):
    """An answer that the applet cannot use; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Whom to ring, and how. `at_once` is how many ring side by side; `fetches_again`: the
    application is asked anew after an attempt in vain. Seconds."""

    numbers: tuple[str, ...]
    caller: str
    ringing: float
    talking: float
    at_once: int
    channels: str | None
    events: str
    fetches_again: bool


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _whole(most: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and 0 < value <= most


FIELDS: Mapping[str, Callable[[Any], bool]] = {
    "fetch_after_attempt": _is_flag,
    "destination": _is_object,
    "outgoing_phone_number": lambda value: isinstance(value, str) and is_number(value),
    "record": _is_flag,
    "recording_channels": lambda value: value in ("single", "dual"),
    "max_ringing_duration": _whole(LONGEST_TALK),
    "max_conversation_duration": _whole(LONGEST_TALK),
    "music_on_hold": lambda value: _is_object(value) and value.get("type") in MUSIC,
    "start_call_playback": lambda value: (
        _is_object(value)
        and value.get("playback_to") in PLAYED_TO
        and value.get("type") in ("text", "audio_url")
        and isinstance(value.get("value"), str)
    ),
    "parallel_ringing": lambda value: _is_object(value) and _is_flag(value.get("activate")),
    "dial_passthru_event_url": lambda value: isinstance(value, str) and is_web_address(value),
}
"""What each field of the answer may hold."""


def read_destination(body: bytes) -> Destination:
    """Whom the application wants rung. Raises BadDestination."""
    document = _object(body)
    for name, value in document.items():
        if name not in FIELDS:
            raise BadDestination(f"unknown field {name}")
        if not FIELDS[name](value):
            raise BadDestination(f"{name} is invalid: {value!r}")
    recorded = document.get("record", False)
    return Destination(
        numbers=_numbers(document),
        caller=e164(document.get("outgoing_phone_number", "")),
        ringing=document.get("max_ringing_duration", 30),
        talking=document.get("max_conversation_duration", LONGEST_TALK),
        at_once=_at_once(document.get("parallel_ringing", {"activate": False})),
        channels=document.get("recording_channels", "single") if recorded else None,
        events=document.get("dial_passthru_event_url", ""),
        fetches_again=document.get("fetch_after_attempt", False),
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError as error:
        raise BadDestination(f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadDestination("not a JSON object")
    return document


def _numbers(document: Mapping[str, Any]) -> tuple[str, ...]:
    destination = document.get("destination")
    if destination is None:
        raise BadDestination("no destination")
    numbers = destination.get("numbers")
    if not isinstance(numbers, list):
        raise BadDestination("no list destination.numbers (trunks and users are not simulated)")
    for number in numbers:
        if not isinstance(number, str) or not is_number(number):
            raise BadDestination(f"{number!r} is no number")
    return tuple(map(e164, numbers))


def _at_once(parallel: Mapping[str, Any]) -> int:
    if not parallel["activate"]:
        return 1
    most = parallel.get("max_parallel_attempts", MOST_PARALLEL)
    if type(most) is not int or not 0 < most <= MOST_PARALLEL:
        raise BadDestination(f"max_parallel_attempts is from 1 to {MOST_PARALLEL}, not {most!r}")
    return most

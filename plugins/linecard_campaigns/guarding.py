"""When a campaign stops by itself: too many of a number's calls are very short or unanswered, or far fewer answer.

Carriers charge for such numbers or block them, and by then the people who were called have long been
annoyed. The shares are of one number, since that is what carriers and spam lists judge.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from linecard_campaigns.reading import Reader, fields, flag, number, whole

LAST = 200
"""How many calls of a number are looked at: a share of few calls says nothing."""
CERTAIN = 3.0
"""How many standard deviations a fall of the answer rate must have, so that it is not chance."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Shares (0 to 1) of the last `calls` of a number above which the campaign is paused.

    `short` are answered calls of at most `short_seconds`, `unanswered` those that nobody answered; None:
    as the carrier allows. `halved`: whether an answer rate that has halved is enough.
    """

    calls: int = LAST
    short: float | None = None
    unanswered: float | None = None
    short_seconds: int = 6
    halved: bool = True


@dataclass(frozen=True, slots=True)
class Limits:
    """The shares that a carrier allows; None: it names none."""

    short: float | None = None
    unanswered: float | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One call that is over, as far as it counts here; seconds."""

    answered: bool
    duration: int = 0


def paused_because(
    guard: Guard | None, carrier: Limits, number: str, calls: Sequence[Seen]
) -> str | None:
    """Why the campaign has to pause, or None.

    `calls` are the number's, the newest last: `calls_to_look_at(guard)` of them, or all where there are fewer.
    """
    if guard is None or len(calls) < guard.calls:
        return None
    lately = calls[-guard.calls :]
    reasons = (
        _too_short(guard, carrier, lately),
        _unanswered(guard, carrier, lately),
        _halved(guard, lately, calls[: -guard.calls][-guard.calls :]),
    )
    reason = next((one for one in reasons if one), None)
    return f"{number}: {reason}" if reason else None


def calls_to_look_at(guard: Guard | None) -> int:
    """How many of a number's newest calls `paused_because` needs; 0: none at all."""
    return 0 if guard is None else 2 * guard.calls


def _too_short(guard: Guard, carrier: Limits, calls: Sequence[Seen]) -> str | None:
    limit = carrier.short if guard.short is None else guard.short
    count = sum(call.answered and call.duration <= guard.short_seconds for call in calls)
    words = f"lasted at most {guard.short_seconds} seconds"
    return _above(limit, count, len(calls), words)


def _unanswered(guard: Guard, carrier: Limits, calls: Sequence[Seen]) -> str | None:
    limit = carrier.unanswered if guard.unanswered is None else guard.unanswered
    count = sum(not call.answered for call in calls)
    return _above(limit, count, len(calls), "were not answered")


def _above(limit: float | None, count: int, of: int, words: str) -> str | None:
    # Whole calls are compared: 40 of 200 are not above 0.2, whatever a quotient of floats says.
    if limit is None or count <= round(limit * of, 6):
        return None
    return f"{count} of the last {of} calls {words}, more than {limit:.0%}"


def _halved(guard: Guard, calls: Sequence[Seen], before: Sequence[Seen]) -> str | None:
    if not guard.halved or len(before) < guard.calls:
        return None
    now, then = (sum(call.answered for call in part) for part in (calls, before))
    is_chance = then - now <= CERTAIN * math.sqrt(then + now)
    if is_chance or 2 * now > then:
        return None
    return f"{now} of the last {len(calls)} calls were answered, {then} of those before"


def read_guard(given: object, field: str) -> Guard | None:
    """The `guard` of a plan; false switches it off. Raises InvalidField."""
    return None if given is False else Guard(**fields(given, field, _KEYS))


def write_guard(guard: Guard | None) -> object:
    """A guard as JSON carries it."""
    if guard is None:
        return False
    values = {key: getattr(guard, key) for key in _KEYS}
    return {key: value for key, value in values.items() if value is not None}


_KEYS: Mapping[str, Reader[Any]] = MappingProxyType(
    {
        "calls": whole(20, 2000),
        "short": number(0, 1),
        "unanswered": number(0, 1),
        "short_seconds": whole(0, 60),
        "halved": flag,
    }
)

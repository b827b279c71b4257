"""The plan of a campaign: everything that its owner has decided."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from linecard import InvalidField, Machine, OpenHours, Span, parse_e164
from linecard_campaigns import retrying
from linecard_campaigns.caps import Cap, read_caps, write_cap
from linecard_campaigns.choosing import Choice
from linecard_campaigns.guarding import Guard, read_guard, write_guard
from linecard_campaigns.reading import (
    CALLEE,
    Reader,
    day,
    fields,
    flag,
    many,
    number,
    one_of,
    text,
    usd,
    whole,
    zone_or_callee,
)
from linecard_campaigns.reading_hours import ALWAYS, read_window, write_window


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A campaign as it was ordered.

    `numbers` are ours, in E.164; `agent` None is each number's own. `channels` is how many calls may be
    live at once, and `calls_per_second` how many begin, both None for as many as the numbers and their
    carriers allow. `window` with `holidays` are the hours in which people are called, in the time zone
    `timezone`, None: in the callee's own. `retry` is what follows an outcome, with `max_attempts` in all.
    `budget` is in US dollars. `caps` count calls to one person over all campaigns. `guard` pauses the
    campaign when its calls go wrong; None: never. Seconds.
    """

    name: str
    numbers: tuple[str, ...]
    agent: str | None = None
    max_attempts: int = 3
    channels: int | None = None
    calls_per_second: float | None = None
    window: tuple[Span, ...] = ALWAYS
    timezone: str | None = None
    holidays: tuple[date, ...] = ()
    retry: retrying.Policies = field(default_factory=lambda: retrying.DEFAULT)
    budget: Decimal | None = None
    caps: tuple[Cap, ...] = ()
    choice: Choice = Choice.ROTATION
    machine: Machine = Machine.OFF
    ring_seconds: int = 45
    max_seconds: int | None = None
    guard: Guard | None = field(default_factory=Guard)
    paused: bool = False

    @property
    def hours(self) -> OpenHours:
        """The hours in which people are called, of whatever zone counts."""
        return OpenHours(self.window, frozenset(self.holidays))

    @property
    def at_any_hour(self) -> bool:
        """Whether no hours are set at all: then no zone need be known."""
        return self.window == ALWAYS and not self.holidays


def parse_plan(given: object) -> Plan:
    """The plan in a request, or as `plan_as_data` wrote it.

    Raises InvalidField with the path of the first field that is wrong: `retry.busy.minutes`.
    """
    read = fields(given, "", _KEYS, required=("name", "numbers"))
    return Plan(**read)


def changed_plan(plan: Plan, given: object) -> Plan:
    """The plan with the fields in a request instead of its own; null: the default again.

    Raises InvalidField as `parse_plan` does. Whether it is paused is no field that changes so.
    """
    if not isinstance(given, Mapping) or not given:
        raise InvalidField("body", "must be an object of the fields that change")
    if "paused" in given:
        raise InvalidField("paused", "is changed by /pause and /resume")
    return parse_plan({**plan_as_data(plan), **given})


def plan_as_data(plan: Plan) -> dict[str, Any]:
    """A plan as JSON carries it; `parse_plan` reads the same plan from it."""
    values = {part.name: getattr(plan, part.name) for part in dataclasses.fields(plan)}
    return {
        name: _WRITE.get(name, _as_it_is)(value)
        for name, value in values.items()
        if value is not None or name in _NONE_MEANS
    }


def _number(given: object, field: str) -> str:
    return parse_e164(text(20)(given, field), field)


def _numbers(given: object, field: str) -> tuple[str, ...]:
    """Each once, in the order given."""
    return tuple(dict.fromkeys(many(_number, 1000, 1)(given, field)))


def _as_it_is(value: object) -> object:
    return value


_KEYS: Mapping[str, Reader[Any]] = MappingProxyType(
    {
        "name": text(128),
        "agent": text(64),
        "numbers": _numbers,
        "max_attempts": whole(1, 100),
        "channels": whole(1, 100_000),
        "calls_per_second": number(0.001, 1000),
        "window": read_window,
        "timezone": zone_or_callee,
        "holidays": many(day, 500),
        "retry": retrying.read_policies,
        "budget": usd,
        "caps": read_caps,
        "choice": one_of(Choice),
        "machine": one_of(Machine),
        "ring_seconds": whole(5, 120),
        "max_seconds": whole(1, 14_400),
        "guard": read_guard,
        "paused": flag,
    }
)
"""What a plan may say, each with what reads it."""
_NONE_MEANS = frozenset({"timezone", "guard"})
"""Fields in which None is a decision, so that it is written as a word."""
_WRITE: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "numbers": list,
        "window": write_window,
        "timezone": lambda zone: zone or CALLEE,
        "holidays": lambda days: [str(one) for one in days],
        "retry": retrying.write_policies,
        "budget": str,
        "caps": lambda caps: [write_cap(cap) for cap in caps],
        "guard": write_guard,
    }
)

"""The decision: facts in, what to do and why out. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from linecard.routing.hours import closed_because, is_holiday
from linecard.routing.plan import WITHHELD, Action, Do, RateLimit, Routing, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What is known of a call as it comes in.

    `caller` is E.164, or None where it is withheld; `at` is aware. `blocked` is the entry of the
    blocklist that fits; `calls_lately` counts this call too, and is None where nobody counts.
    """

    caller: str | None
    at: datetime
    blocked: str | None = None
    calls_lately: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done with a call, and the reason in words."""

    action: Action
    reason: str


def rate_limit_for(routing: Routing, caller: str | None) -> RateLimit | None:
    """The limit that this caller is counted for; whom a rule names is not, nor who is withheld."""
    if caller is None or _rule_for(routing, caller) is not None:
        return None
    return routing.rate_limit


def decide(routing: Routing, arrival: Arrival) -> Decision:
    """What to do with a call: blocklist, rules by caller, rate limit, hours, then menu or agent."""
    return (
        _blocked(routing, arrival)
        or _by_rule(routing, arrival)
        or _too_often(routing, arrival)
        or _out_of_hours(routing, arrival)
        or _usual(routing)
    )


def _blocked(routing: Routing, arrival: Arrival) -> Decision | None:
    if arrival.blocked is None:
        return None
    return Decision(routing.blocked, f"the blocklist has {arrival.blocked}")


def _by_rule(routing: Routing, arrival: Arrival) -> Decision | None:
    rule = _rule_for(routing, arrival.caller)
    return None if rule is None else Decision(rule, f"the rule for {rule.caller}")


def _rule_for(routing: Routing, caller: str | None) -> Rule | None:
    """The number itself goes before prefixes, and the longer prefix before the shorter."""
    fitting = [rule for rule in routing.rules if _fits(rule.caller, caller)]
    return max(fitting, key=lambda rule: _weight(rule.caller), default=None)


def _fits(pattern: str, caller: str | None) -> bool:
    if caller is None:
        return pattern == WITHHELD
    if pattern.endswith("*"):
        return caller.startswith(pattern[:-1])
    return pattern == caller


def _weight(pattern: str) -> tuple[bool, int]:
    return not pattern.endswith("*"), len(pattern)


def _too_often(routing: Routing, arrival: Arrival) -> Decision | None:
    limit = rate_limit_for(routing, arrival.caller)
    lately = arrival.calls_lately
    if limit is None or lately is None or lately <= limit.calls:
        return None
    counted = f"{lately} calls of this caller in {limit.seconds} s; the limit is {limit.calls}"
    return Decision(limit, counted)


def _out_of_hours(routing: Routing, arrival: Arrival) -> Decision | None:
    hours = routing.hours
    reason = closed_because(hours, arrival.at) if hours else None
    if hours is None or reason is None:
        return None
    on_holiday = hours.holiday if is_holiday(hours, arrival.at) else None
    return Decision(on_holiday or hours.closed, reason)


def _usual(routing: Routing) -> Decision:
    when = "within hours" if routing.hours else "no rule applies"
    if routing.menu is not None:
        return Decision(Action(do=Do.MENU), f"{when}: the number's menu")
    return Decision(Action(do=Do.AGENT), f"{when}: the number's agent")

"""When a lead is called again: by how the attempt ended, later each time, and not all at one moment."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from linecard import InvalidField
from linecard_campaigns.reading import fields, number, text, whole

_MONTH = 31 * 24 * 60
_MOST_OUTCOMES = 50


@dataclass(frozen=True, slots=True)
class Retry:
    """After one outcome: wait `minutes`, each time `factor` as long, at most `max_minutes`.

    Up to `jitter` of the wait is added, so that leads that failed together do not come back together; it
    is never shorter. `times`: so many retries at most for this outcome, None: as the plan allows.
    """

    minutes: float = 60.0
    factor: float = 2.0
    jitter: float = 0.1
    max_minutes: float = 24 * 60.0
    times: int | None = None


NEVER = Retry(times=0)
Policies = Mapping[str, Retry]
DEFAULT: Policies = MappingProxyType(
    {
        "busy": Retry(minutes=15),
        "no-answer": Retry(minutes=60),
        "failed": Retry(minutes=30),
        "machine": Retry(minutes=120),
    }
)
"""Outcomes that are tried again unless the plan says otherwise; all others are final."""


def next_due(
    policies: Policies, outcomes: Sequence[str], seed: str, after: datetime
) -> datetime | None:
    """When to call again, or None for never.

    `outcomes` are those of all attempts that were made, the last one last. `seed` names the lead: with
    the count of attempts it decides the jitter, so that the same question has the same answer after a crash.
    """
    if not outcomes:
        return None
    policy, alike = policies.get(outcomes[-1], NEVER), outcomes.count(outcomes[-1])
    if policy.times is not None and alike > policy.times:
        return None
    wait = _wait(policy, alike) * (1 + policy.jitter * _share(f"{seed}:{len(outcomes)}"))
    return after + timedelta(minutes=wait)


def _wait(policy: Retry, alike: int) -> float:
    wait = policy.minutes
    for _ in range(alike - 1):
        wait = min(wait * policy.factor, policy.max_minutes)
    return min(wait, policy.max_minutes)


def _share(seed: str) -> float:
    return random.Random(seed).random()  # noqa: S311 - spreads load, hides nothing


def read_policies(given: object, field: str) -> Policies:
    """The `retry` of a plan, by outcome: an object as `Retry`, or minutes alone, or false for never.

    What is not named keeps its default. Raises InvalidField.
    """
    if not isinstance(given, Mapping) or len(given) > _MOST_OUTCOMES:
        raise InvalidField(field, f"must be an object of at most {_MOST_OUTCOMES} outcomes")
    read = {_outcome(key, field): _policy(one, f"{field}.{key}") for key, one in given.items()}
    return MappingProxyType({**DEFAULT, **read})


def write_policies(policies: Policies) -> dict[str, object]:
    """The policies as JSON carries them."""
    return {
        outcome: {key: getattr(policy, key) for key in _KEYS}
        for outcome, policy in policies.items()
    }


def _outcome(key: object, field: str) -> str:
    return text(64)(key, f"{field}.{key}")


def _policy(given: object, field: str) -> Retry:
    if given is False or given is None:
        return NEVER
    if isinstance(given, Mapping):
        return Retry(**fields(given, field, _KEYS))
    return Retry(minutes=_KEYS["minutes"](given, field))


_KEYS: Mapping[str, Any] = {
    "minutes": number(0, _MONTH),
    "factor": number(1, 10),
    "jitter": number(0, 1),
    "max_minutes": number(0, _MONTH),
    "times": whole(0, 100),
}

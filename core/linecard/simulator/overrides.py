"""How a webhook is tried: the carrier's own policy, and what the address's fragment says instead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urldefrag


@dataclass(frozen=True, slots=True)
class Policy:
    """Seconds to connect, to wait for the reply and in all; retries, and what is retried.

    `retry_on` holds `4xx`, `5xx`, `ct` (no connection), `rt` (no reply) or `all`. `most_read` and
    `most_total` are the longest waits that an address may ask for.
    """

    connect: float = 2.0
    read: float = 40.0
    total: float = 55.0
    retries: int = 1
    retry_on: frozenset[str] = frozenset({"ct", "rt"})
    most_read: float = 40.0
    most_total: float = 55.0

    def retries_after(self, outcome: str) -> bool:
        """Whether `ct`, `rt`, `4xx` or `5xx` is tried again."""
        return bool(self.retry_on & {outcome, "all"})


ONCE = Policy(retries=0)
"""For what takes no overrides and is never repeated."""

MOST_CONNECT = 10.0
_WORDS = frozenset({"4xx", "5xx", "ct", "rt", "all"})


def split_overrides(url: str, policy: Policy) -> tuple[str, Policy]:
    """The address without its fragment, and the policy with the fragment's overrides.

    `#ct=2000&rt=4000&tt=9000&rc=2&rp=ct,rt,5xx`; a value outside its range changes nothing.
    """
    bare, fragment = urldefrag(url)
    wanted = dict(parse_qsl(fragment))
    changes: dict[str, Any] = {}
    limits = (
        ("connect", "ct", MOST_CONNECT),
        ("read", "rt", policy.most_read),
        ("total", "tt", policy.most_total),
    )
    for name, key, most in limits:
        milliseconds = _whole(wanted.get(key), 100, round(most * 1000))
        if milliseconds is not None:
            changes[name] = milliseconds / 1000
    retries = _whole(wanted.get("rc"), 0, 5)
    if retries is not None:
        changes["retries"] = retries
    words = frozenset(wanted.get("rp", "").split(","))
    if words <= _WORDS:
        changes["retry_on"] = words
    return bare, replace(policy, **changes)


def _whole(text: str | None, least: int, most: int) -> int | None:
    if text is None or not text.isascii() or not text.isdecimal():
        return None
    return int(text) if least <= int(text) <= most else None

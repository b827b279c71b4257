"""Warnings that strangers can bring about at will: each once a minute, so that none can fill the log."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

log = structlog.get_logger()

EVERY_SECONDS = 60.0
MOST_KINDS = 200
"""Different warnings remembered at a time; beyond them all of one event count as the same."""
LONGEST_FACT = 200


@dataclass(slots=True)
class _Said:
    at: float
    left_out: int = 0


class SparingLog:
    """A log of warnings; the same one is written once a minute, with how many were left out."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._said: dict[tuple[str, ...], _Said] = {}

    def warning(self, event: str, *, by: str = "", **facts: str) -> None:
        """Write a warning, unless the same was written less than a minute ago.

        `by` is the first who has brought it about: another one does not make it another warning.
        """
        short = {name: _shown(fact) for name, fact in facts.items()}
        now = self._now()
        key = self._key(event, tuple(short.values()), now)
        known = self._said.get(key)
        if known is not None and now - known.at < EVERY_SECONDS:
            known.left_out += 1
            return
        self._said[key] = _Said(now)
        who = {"by": _shown(by)} if by else {}
        log.warning(event, **short, **who, left_out=known.left_out if known else 0)

    def _key(self, event: str, facts: tuple[str, ...], now: float) -> tuple[str, ...]:
        key = (event, *facts)
        if key in self._said or len(self._said) < MOST_KINDS:
            return key
        self._said = {
            one: said for one, said in self._said.items() if now - said.at < EVERY_SECONDS
        }
        return key if len(self._said) < MOST_KINDS else (event,)


def _shown(fact: str) -> str:
    """The beginning of a text from outside, without what could move a terminal's cursor or begin a line."""
    return "".join(one if one.isprintable() else "\ufffd" for one in fact[:LONGEST_FACT])

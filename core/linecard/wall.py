"""The wall clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_STANDING_IN: ContextVar[Callable[[], datetime] | None] = ContextVar("wall", default=None)


def now() -> datetime:
    """This moment, in UTC."""
    other = _STANDING_IN.get()
    return datetime.now(UTC) if other is None else other()


@contextmanager
def replaced_by(clock: Callable[[], datetime]) -> Iterator[None]:
    """Let another clock tell the time of day to what is begun in here, as a replay does."""
    token = _STANDING_IN.set(clock)
    try:
        yield
    finally:
        _STANDING_IN.reset(token)

"""The `routing` of a number, as the API and linecard.toml write it.

Pydantic says what has the wrong shape, with the path of the field; what depends on other fields or on
what is installed is said by `checking`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from linecard.hours import DAYS_OF_WEEK, Day

WITHHELD = "withheld"
_CALLER = re.compile(r"\+[1-9]\d{0,14}\*?|withheld")
_LENGTH_OF_PLAY = 2000


class Do(StrEnum):
    """What becomes of a call. `busy` and `refuse` are for calls that have not been answered."""

    AGENT = "agent"
    MENU = "menu"
    BUSY = "busy"
    REFUSE = "refuse"
    HANG_UP = "hang-up"
    REDIRECT = "redirect"


def _caller(text: str) -> str:
    if not _CALLER.fullmatch(text):
        raise ValueError("must be a number (+14155550123), a prefix (+1415*) or withheld")
    return text


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(name: str) -> str:
    if name not in _zones():
        raise ValueError(f"{name!r} is not an IANA time zone such as Europe/Berlin")
    return name


def _sound_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or not url.isascii() or " " in url:
        raise ValueError("must be an https address")
    return url


Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]
Target = Annotated[str, Field(min_length=1, max_length=256)]
Seconds = Annotated[int, Field(strict=True, ge=1, le=120)]
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_. -]*\.wav$", max_length=128)]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["09:00"])]
ClockEnd = Annotated[str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$", examples=["17:30"])]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True, frozen=True)


class Message(_Part):
    """What the caller hears: `say` is spoken, `play` is an https address of a sound.

    `sound` is a WAV file in LINECARD_SOUNDS, for carriers whose calls are spoken to on our own stream.
    """

    say: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    play: (
        Annotated[str, Field(max_length=_LENGTH_OF_PLAY), AfterValidator(_sound_address)] | None
    ) = None
    sound: FileName | None = None
    language: Language = "en-US"
    voice: Name | None = None


class Action(_Part):
    """One thing to do with a call. `agent` defaults to the number's own; `to` is for a redirect.

    `unanswered` is for a redirect too: what the caller hears when nobody takes it.
    """

    do: Do
    agent: Name | None = None
    to: Target | None = None
    ring_seconds: Seconds = 25
    message: Message | None = None
    unanswered: Message | None = None


class Rule(Action):
    """What is done with calls of one caller, of a prefix, or of those who withhold their number."""

    caller: Annotated[str, AfterValidator(_caller), Field(max_length=32)]


class RateLimit(Action):
    """What is done with a caller who calls this number more than `calls` times in `seconds`.

    Callers who withhold their number share no count: a rule is there for them.
    """

    do: Do = Do.BUSY
    calls: Annotated[int, Field(strict=True, ge=1, le=10_000)]
    seconds: Annotated[int, Field(strict=True, ge=1, le=86_400)]


class Window(_Part):
    """Open from one time of the day to another, on these days; an end before the start is after midnight."""

    days: Annotated[tuple[Day, ...], Field(min_length=1, max_length=7)] = DAYS_OF_WEEK
    from_: Annotated[Clock, Field(alias="from")]
    to: ClockEnd


class Hours(_Part):
    """When the number is open, in the time of its zone; `closed` is done else, `holiday` on holidays."""

    zone: Annotated[str, Field(max_length=64), AfterValidator(_zone)]
    windows: Annotated[tuple[Window, ...], Field(max_length=100)]
    holidays: Annotated[tuple[dt.date, ...], Field(max_length=500)] = ()
    closed: Action = Action(do=Do.REFUSE)
    holiday: Action | None = None


class Entry(Action):
    """One key of a menu. The lower `priority` is spoken first; those alike in the order given."""

    do: Do = Do.AGENT
    key: Annotated[str, Field(pattern=r"^[0-9*#]$")]
    prompt: Message | None = None
    priority: Annotated[int, Field(strict=True, ge=-1000, le=1000)] = 0


class Menu(_Part):
    """Keys to press, with no voice AI. `tries` is how often it is spoken, `otherwise` what is done then."""

    greeting: Message | None = None
    entries: Annotated[tuple[Entry, ...], Field(min_length=1, max_length=12)]
    invalid: Message | None = None
    tries: Annotated[int, Field(strict=True, ge=1, le=10)] = 3
    seconds: Annotated[int, Field(strict=True, ge=1, le=60)] = 5
    otherwise: Action = Action(do=Do.HANG_UP)

    def in_order(self) -> tuple[Entry, ...]:
        """The entries as they are spoken."""
        return tuple(sorted(self.entries, key=lambda entry: entry.priority))

    def entry(self, key: str) -> Entry | None:
        """The entry of a key."""
        return next((entry for entry in self.entries if entry.key == key), None)


class Routing(_Part):
    """The routing of a number. Nothing set: every call goes to the number's agent."""

    blocked: Action = Action(do=Do.REFUSE)
    rules: Annotated[tuple[Rule, ...], Field(max_length=1000)] = ()
    rate_limit: RateLimit | None = None
    hours: Hours | None = None
    menu: Menu | None = None


def as_data(part: BaseModel) -> Mapping[str, Any]:
    """A part as JSON can carry it; what was left at its default is left out."""
    return part.model_dump(mode="json", by_alias=True, exclude_defaults=True)

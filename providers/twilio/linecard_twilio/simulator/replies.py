"""Requests to the simulated API as its endpoints see them, and Twilio's replies."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from linecard_twilio.simulator.fields import API_VERSION

MORE_INFO = "https://www.twilio.com/docs/errors"
PAGE, MOST_ON_A_PAGE = 50, 1000
DAY, DAY_CHARS = 86400, len("2024-01-01")
NOT_FOUND, BAD_VALUE, NOT_IN_PROGRESS = 20404, 20001, 21220

Pairs = tuple[tuple[str, str], ...]


class Refused(Exception):
    """An endpoint's no, with Twilio's HTTP status, code and text."""

    def __init__(self, status: int, code: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code


def missing(path: str) -> Refused:
    """404, as Twilio words it."""
    return Refused(404, NOT_FOUND, f"The requested resource {path} was not found")


def error_body(status: int, code: int, text: str) -> dict[str, Any]:
    """The body of every error."""
    return {"code": code, "message": text, "more_info": f"{MORE_INFO}/{code}", "status": status}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """`url` is the path as called, `path` the ids in it, `query` and `form` pairs in their order."""

    url: str
    path: Mapping[str, str]
    query: Pairs
    form: Pairs

    def get(self, name: str, default: str = "") -> str:
        """A field of the form; the last one where there are several."""
        return dict(self.form).get(name, default)

    def has(self, name: str) -> bool:
        """Whether a field is in the form."""
        return any(given == name for given, _ in self.form)

    def all(self, name: str) -> list[str]:
        """Every value of a repeated field."""
        return [value for given, value in self.form if given == name]

    def asked(self, name: str) -> str | None:
        """A field of the query; None without it."""
        return dict(self.query).get(name)

    def word(self, name: str, words: Sequence[str], default: str) -> str:
        """A field that takes one of some words. Raises Refused."""
        value = self.get(name, default)
        if value not in words:
            raise Refused(400, BAD_VALUE, f"{name} must be one of {', '.join(words)}")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """`true` or `false`. Raises Refused."""
        return self.word(name, ("true", "false"), str(default).lower()) == "true"

    def whole(self, name: str, least: int, most: int, default: int) -> int:
        """A whole number within bounds. Raises Refused."""
        text = self.get(name, str(default))
        if not text.isascii() or not text.isdecimal() or not least <= int(text[:9]) <= most:
            raise Refused(400, BAD_VALUE, f"{name} must be from {least} to {most}")
        return int(text)


@dataclass(frozen=True, slots=True)
class ApiReply:
    """A status and a JSON body; None sends none."""

    status: int
    body: Mapping[str, Any] | None = None

    def encoded(self) -> bytes:
        """The body as sent."""
        return b"" if self.body is None else json.dumps(self.body).encode()


def page(request: ApiRequest, key: str, objects: Sequence[Mapping[str, Any]]) -> ApiReply:
    """A list, a page at a time."""
    size = _asked_whole(request, "PageSize", PAGE, 1, MOST_ON_A_PAGE)
    number = _asked_whole(request, "Page", 0, 0, 10**6)
    first, last = number * size, max(0, (len(objects) - 1) // size)
    body = {
        key: list(objects[first : first + size]),
        "page": number,
        "page_size": size,
        "start": first,
        "end": max(first, min(first + size, len(objects)) - 1),
        "uri": _link(request, size, number),
        "first_page_uri": _link(request, size, 0),
        "next_page_uri": _link(request, size, number + 1) if number < last else None,
        "previous_page_uri": _link(request, size, number - 1) if number else None,
    }
    return ApiReply(200, body)


def _asked_whole(request: ApiRequest, name: str, default: int, least: int, most: int) -> int:
    text = request.asked(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or int(text[:9]) < least:
        raise Refused(400, BAD_VALUE, f"{name} must be a number")
    return min(int(text[:9]), most)


def _link(request: ApiRequest, size: int, number: int) -> str:
    kept = [pair for pair in request.query if pair[0] not in ("Page", "PageSize")]
    return f"{request.url}?{urlencode([*kept, ('PageSize', str(size)), ('Page', str(number))])}"


def account_path(account: str) -> str:
    """What every address of the account begins with."""
    return f"/{API_VERSION}/Accounts/{account}"


def check_times(request: ApiRequest, *names: str) -> None:
    """Read every time of the query once, whatever there is to compare. Raises Refused."""
    for name in names:
        for key in COMPARISONS:
            text = request.asked(name + key)
            if text is not None:
                read_time(text)


def in_time(request: ApiRequest, name: str, moment: float | None) -> bool:
    """Whether a moment fits `Name`, `Name<` and `Name>` of the query. Raises Refused."""
    for key, fits in COMPARISONS.items():
        text = request.asked(name + key)
        if text is not None and (
            moment is None or not fits(moment, read_time(text), len(text) == DAY_CHARS)
        ):
            return False
    return True


Comparison = Callable[[float, float, bool], bool]
COMPARISONS: Mapping[str, Comparison] = {
    "": lambda moment, day, _: day <= moment < day + DAY,
    # A day without a time takes all of that day in.
    "<": lambda moment, limit, is_day: moment <= limit + (DAY if is_day else 0),
    ">": lambda moment, limit, _: moment >= limit,
}


def read_time(text: str) -> float:
    """`YYYY-MM-DD`, or ISO 8601 in UTC. Raises Refused."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(400, BAD_VALUE, f"{text!r} is not a date") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

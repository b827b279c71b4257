"""Requests to the simulated API as its endpoints see them, and Plivo's replies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from linecard_plivo.simulator.switch import Switch

PAGE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """`path` holds the ids in the address; `body` is the JSON object, empty without one."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ApiReply:
    """A status and a JSON body; None sends none."""

    status: int
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The body as sent."""
        return b"" if self.body is None else json.dumps(self.body).encode()


class Refused(Exception):
    """An endpoint's no, with Plivo's status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def said(switch: Switch, status: int, **body: Any) -> ApiReply:
    """A reply with the api_id that every body of Plivo has."""
    return ApiReply(status, {"api_id": switch.ids.uuid(), **body})


def missing(kind: str) -> Refused:
    """404, as Plivo words it."""
    return Refused(404, f"{kind} not found")


def page(switch: Switch, request: ApiRequest, path: str, objects: list[dict[str, Any]]) -> ApiReply:
    """A list, `limit` (at most 20) at a time from `offset`."""
    limit = _whole(request.query.get("limit"), PAGE)
    offset = _whole(request.query.get("offset"), 0)
    if not 0 < limit <= PAGE:
        raise Refused(400, "limit must be from 1 to 20")
    shown = objects[offset : offset + limit]
    meta = {
        "limit": limit,
        "offset": offset,
        "total_count": len(objects),
        "next": _link(switch, request, path, offset + limit, len(objects)),
        "previous": _link(switch, request, path, offset - limit, len(objects)),
    }
    return said(switch, 200, meta=meta, objects=shown)


def _link(switch: Switch, request: ApiRequest, path: str, offset: int, total: int) -> str | None:
    if not 0 <= offset < total:
        return None
    query = urlencode({**request.query, "offset": offset})
    return f"/v1/Account/{switch.credentials.auth_id}/{path}/?{query}"


def _whole(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal():
        raise Refused(400, f"{text!r} is not a number")
    return int(text)

"""What the routes of campaigns have in common: the server, keys of repeats, and how refusals are said."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, cast

from fastapi import Depends, Header, Query, Request
from fastapi.exceptions import RequestValidationError

from linecard import Server
from linecard_campaigns.intake import Fault, Repeat

MOST_FAULTS = 100
"""Faults that one answer tells."""


ERRORS: Mapping[int, str] = MappingProxyType(
    {
        404: "Not found",
        409: "It is there already, or it is too late",
        413: "Too large",
        422: "Not acceptable; `errors` names the fields",
    }
)


def _server(request: Request) -> Server:
    return cast("Server", request.app.state.linecard)


Running = Annotated[Server, Depends(_server)]
Limit = Annotated[int, Query(ge=1, le=200)]
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)]

READ: Mapping[str, Any] = MappingProxyType({"x-linecard-scope": "read"})
CALL: Mapping[str, Any] = MappingProxyType({"x-linecard-scope": "call"})
"""Whoever may place calls may order them by the thousand."""


def described(scope: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A route's own words in the description of the API."""
    return {**scope, **more}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error responses of a route, for its description."""
    return {status: {"description": ERRORS[status]} for status in statuses}


def repeat_of(key: str | None, what: str, body: object) -> Repeat | None:
    """A request as it is known again by its key."""
    if key is None:
        return None
    canonical = json.dumps([what, body], sort_keys=True).encode()
    return Repeat(key, hashlib.sha256(canonical).hexdigest())


def refused(faults: Iterable[Fault]) -> RequestValidationError:
    """All faults as the API says them."""
    told = list(faults)[:MOST_FAULTS]
    return RequestValidationError(
        [
            {"type": "refused", "loc": ("body", *one.field.split(".")), "msg": one.message}
            for one in told
        ]
    )

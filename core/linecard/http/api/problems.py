"""Errors as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from types import MappingProxyType
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from linecard import errors
from linecard.store import BUSY_ERRORS

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"

TITLES: Mapping[int, str] = MappingProxyType(
    {
        400: "Bad request",
        401: "No or wrong key",
        403: "The key may not do this",
        404: "Not found",
        405: "Method not allowed",
        409: "Conflict",
        413: "Too large",
        422: "Not acceptable",
        429: "Limit reached",
        500: "A fault of ours",
        501: "Not supported by the provider",
        502: "The carrier refused or did not answer",
        503: "Busy",
    }
)

STATUS: Mapping[type[Exception], int] = MappingProxyType(
    {
        errors.InvalidField: 422,
        errors.GateRefused: 422,
        errors.NotFound: 404,
        errors.Conflict: 409,
        errors.CallOver: 409,
        errors.UnsupportedByProvider: 501,
        errors.LimitReached: 429,
        errors.Stopping: 503,
        errors.CarrierError: 502,
    }
)
WHERE = frozenset({"body", "query", "path", "header"})
"""The first word of a place that validation complains of; the rest is the field."""


def problem(
    status: int,
    detail: str,
    fields: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> JSONResponse:
    """One problem document; `fields` become `errors: [{"field", "message"}]`."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        **more,
    }
    if fields:
        body["errors"] = list(fields)
    return JSONResponse(body, status, dict(headers or {}), media_type=MEDIA_TYPE)


async def _known(_request: Request, error: Exception) -> Response:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    if isinstance(error, errors.InvalidField | errors.GateRefused):
        return problem(status, str(error), [{"field": error.field, "message": error.message}])
    if isinstance(error, errors.LimitReached):
        return problem(status, str(error), headers=_when(error), limit=error.limit)
    return problem(status, str(error))


def _when(error: errors.LimitReached) -> Mapping[str, str]:
    """In whole seconds, and never too early."""
    return {} if error.retry_after is None else {"Retry-After": str(ceil(error.retry_after))}


UNREADABLE = "There was an error parsing the body"


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 400 and error.detail == UNREADABLE:
        return problem(422, UNREADABLE, [{"field": "body", "message": "not readable as JSON"}])
    return problem(error.status_code, str(error.detail), headers=error.headers)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = [_complaint(item) for item in error.errors()]
    return problem(422, "; ".join(f"{one['field']}: {one['message']}" for one in fields), fields)


async def _busy(_request: Request, error: Exception) -> Response:
    log.error("the database is busy or away", error=str(getattr(error, "orig", error)))
    return problem(503, "the database is busy; try again", headers={"Retry-After": "1"})


def _complaint(item: Mapping[str, Any]) -> dict[str, str]:
    if item["type"] == "json_invalid":
        at = f"{item['msg']} at character {item['loc'][-1]}: {item['ctx']['error']}"
        return {"field": "body", "message": at}
    return {"field": _path(item["loc"]), "message": item["msg"]}


def _path(location: Sequence[int | str]) -> str:
    """`("body", "options", "level")` -> `options.level`; a body that is no object at all is `body`."""
    parts = location[1:] if location and location[0] in WHERE else location
    return ".".join(str(part) for part in parts) or "body"


def add_handlers(api: FastAPI) -> None:
    """Turn every error that a route may raise into a problem document."""
    for kind in STATUS:
        api.add_exception_handler(kind, _known)
    for kind in BUSY_ERRORS:
        api.add_exception_handler(kind, _busy)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(RequestValidationError, _invalid)

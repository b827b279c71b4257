"""Errors as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from linecard import errors

TITLES: Mapping[int, str] = MappingProxyType(
    {
        400: "Bad request",
        401: "No or wrong key",
        404: "Not found",
        405: "Method not allowed",
        409: "Conflict",
        413: "Too large",
        422: "Not acceptable",
        429: "Limit reached",
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
        errors.CarrierError: 502,
    }
)


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
    return JSONResponse(body, status, dict(headers or {}), media_type="application/problem+json")


async def _known(_request: Request, error: Exception) -> Response:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    if isinstance(error, errors.InvalidField | errors.GateRefused):
        return problem(status, str(error), [{"field": error.field, "message": error.message}])
    if isinstance(error, errors.LimitReached):
        return problem(status, str(error), limit=error.limit)
    return problem(status, str(error))


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, str(error.detail), headers=error.headers)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = [{"field": _path(item["loc"]), "message": item["msg"]} for item in error.errors()]
    return problem(422, "; ".join(f"{one['field']}: {one['message']}" for one in fields), fields)


def _path(location: Sequence[int | str]) -> str:
    """`("body", "options", "level")` -> `options.level`; a body that is no JSON at all is `body`."""
    parts = [str(part) for part in location if part not in ("body", "query", "path", "header")]
    return ".".join(parts) or "body"


def add_handlers(api: FastAPI) -> None:
    """Turn every error that a route may raise into a problem document."""
    for kind in STATUS:
        api.add_exception_handler(kind, _known)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(RequestValidationError, _invalid)

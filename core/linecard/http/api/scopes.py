"""What a key must be allowed for each route: one table. What does not stand in it is for `admin` alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match
from starlette.types import Scope as Asked

from linecard.errors import ConfigurationError
from linecard.settings.keys import Scope

NAME = "x-linecard-scope"
"""Where a route's description says what it needs; a plugin's route may say so itself (`openapi_extra`)."""
HELD = "linecard.scope"
CLOSED = Scope.ADMIN

NEEDED: Mapping[tuple[str, str], Scope] = MappingProxyType(
    {
        ("GET", "/numbers"): Scope.READ,
        ("POST", "/numbers"): Scope.ADMIN,
        ("GET", "/numbers/{number}"): Scope.READ,
        ("PATCH", "/numbers/{number}"): Scope.ADMIN,
        ("DELETE", "/numbers/{number}"): Scope.ADMIN,
        ("POST", "/numbers/{number}/rotate"): Scope.ADMIN,
        ("GET", "/blocklist"): Scope.READ,
        ("POST", "/blocklist"): Scope.ADMIN,
        ("DELETE", "/blocklist/{caller}"): Scope.ADMIN,
        ("GET", "/calls"): Scope.READ,
        ("POST", "/calls"): Scope.CALL,
        ("GET", "/calls/{call_id}"): Scope.READ,
        ("GET", "/calls/{call_id}/explanation"): Scope.READ,
        ("GET", "/calls/{call_id}/payloads"): Scope.READ,
        ("POST", "/calls/{call_id}/hangup"): Scope.CALL,
        ("POST", "/calls/{call_id}/transfer"): Scope.CALL,
        ("POST", "/calls/{call_id}/dtmf"): Scope.CALL,
        ("POST", "/calls/{call_id}/recording"): Scope.CALL,
        ("GET", "/calls/{call_id}/recordings/{n}"): Scope.READ,
        ("DELETE", "/calls/{call_id}/recordings/{n}"): Scope.ADMIN,
        ("GET", "/notifications"): Scope.READ,
        ("POST", "/notifications/{notification_id}/retry"): Scope.ADMIN,
        ("POST", "/forget"): Scope.ADMIN,
        ("GET", "/providers"): Scope.READ,
        ("GET", "/rates"): Scope.READ,
    }
)


def needed(routes: Sequence[BaseRoute], asked: Asked) -> Scope:
    """The scope that a request needs; what no route here takes is for `admin` too."""
    for route in routes:
        if route.matches(asked)[0] is Match.FULL:
            return of_route(route, str(asked.get("method", "")))
    return CLOSED


def of_route(route: BaseRoute, method: str) -> Scope:
    """What one route needs: by the table, else by its own word, else `admin`."""
    listed = NEEDED.get((method, getattr(route, "path", "")))
    own = _own_word(route)
    return listed or own or CLOSED


def describe_scopes(routes: Sequence[BaseRoute]) -> None:
    """Let every route's description say what it needs. Raises ConfigurationError for a scope that is none."""
    for route in routes:
        if isinstance(route, APIRoute):
            needs = of_route(route, next(iter(route.methods or ()), ""))
            route.openapi_extra = {**(route.openapi_extra or {}), NAME: str(needs)}


def _own_word(route: BaseRoute) -> Scope | None:
    extra: Mapping[str, Any] = getattr(route, "openapi_extra", None) or {}
    if NAME not in extra:
        return None
    try:
        return Scope(extra[NAME])
    except ValueError as error:
        raise ConfigurationError(
            f"the route {getattr(route, 'path', '')} asks for the scope {extra[NAME]!r}; "
            f"there are {', '.join(Scope)}"
        ) from error


def _held(request: Request) -> Scope:
    return Scope(request.scope.get(HELD, Scope.READ))


Holder = Annotated[Scope, Depends(_held)]
"""In a route: what the key of this request may do."""

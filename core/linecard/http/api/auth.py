"""The management API's key: a bearer token, compared in constant time."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from fastapi import Request
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from linecard.settings import Secret

SCHEME = HTTPBearer(auto_error=False, description="LINECARD_API_KEY")


def key_fits(header: str | None, key: Secret) -> bool:
    """Whether an Authorization header carries one of the live keys."""
    scheme, _, given = (header or "").partition(" ")
    offered = given.strip().encode("utf-8", "replace")
    fits = [hmac.compare_digest(live.encode(), offered) for live in key.values()]
    return scheme.lower() == "bearer" and any(fits)


def require_key(key: Secret) -> Callable[[Request], Awaitable[None]]:
    """A dependency that lets nobody in without the key; no right ever comes from the peer's address."""

    async def check(request: Request) -> None:
        if not key_fits(request.headers.get("authorization"), key):
            raise HTTPException(
                401,
                "send the header 'Authorization: Bearer KEY' with LINECARD_API_KEY",
                {"WWW-Authenticate": "Bearer"},
            )

    return check

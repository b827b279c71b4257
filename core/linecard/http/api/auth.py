"""The management API's key: a bearer token, compared in constant time before anything else is read."""

from __future__ import annotations

import hmac

from fastapi.security import HTTPBearer
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from linecard.http.api.problems import problem
from linecard.settings import Secret

SCHEME = HTTPBearer(auto_error=False, description="LINECARD_API_KEY")
OPEN = frozenset({"/docs", "/openapi.json"})
"""The API's description, which holds no secret; a browser cannot send a key with a page."""
WANTED = "send the header 'Authorization: Bearer KEY' with LINECARD_API_KEY"
CHALLENGE = {"WWW-Authenticate": "Bearer"}


def key_fits(header: str | None, key: Secret) -> bool:
    """Whether an Authorization header carries one of the live keys."""
    scheme, _, given = (header or "").partition(" ")
    offered = given.strip().encode("utf-8", "replace")
    fits = [hmac.compare_digest(live.encode(), offered) for live in key.values()]
    return scheme.lower() == "bearer" and any(fits)


class KeyRequired:
    """Lets nobody in without the key, routes of plugins and unknown ones included.

    No right ever comes from the peer's address. The body of a stranger's request is never read.
    """

    def __init__(self, app: ASGIApp, key: Secret) -> None:
        self._app = app
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 401."""
        if scope["type"] == "http" and not self._may_pass(scope):
            await problem(401, WANTED, headers=CHALLENGE)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _may_pass(self, scope: Scope) -> bool:
        path = str(scope["path"]).removeprefix(scope.get("root_path", ""))
        header = Headers(scope=scope).get("authorization")
        return path in OPEN or key_fits(header, self._key)

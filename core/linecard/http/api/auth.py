"""The management API's keys: bearer tokens with a scope, compared in constant time before anything else is read."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from fastapi.security import HTTPBearer
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asked
from starlette.websockets import WebSocketClose

from linecard.http.api.problems import problem
from linecard.http.api.scopes import HELD
from linecard.settings import Scope, Secret, scoped_keys

SCHEME = HTTPBearer(auto_error=False, description="LINECARD_API_KEY")
OPEN = frozenset({"/docs", "/openapi.json"})
"""The API's description, which holds no secret; a browser cannot send a key with a page."""
WANTED = "send the header 'Authorization: Bearer KEY' with LINECARD_API_KEY"
POLICY = 1008
"""How a socket is refused; before it is accepted that is a 403."""
CHALLENGE = {"WWW-Authenticate": "Bearer"}


def scope_of(header: str | None, key: Secret) -> Scope | None:
    """What the key in an Authorization header may do; None where it is no live key."""
    scheme, _, given = (header or "").partition(" ")
    offered = given.strip().encode("utf-8", "replace")
    # Every live key is compared, whichever fits: how long it takes tells nothing.
    fits = [
        one.scope for one in scoped_keys(key) if hmac.compare_digest(one.text.encode(), offered)
    ]
    return fits[0] if fits and scheme.lower() == "bearer" else None


def key_fits(header: str | None, key: Secret) -> bool:
    """Whether an Authorization header carries one of the live keys, whatever its scope."""
    return scope_of(header, key) is not None


class KeyRequired:
    """Lets nobody in without a key that may do what is asked, routes of plugins and unknown ones included.

    No right ever comes from the peer's address. The body of a request that is refused is never read.
    `needed` says what a request needs.
    """

    def __init__(self, app: ASGIApp, key: Secret, needed: Callable[[Asked], Scope]) -> None:
        self._app = app
        self._key = key
        self._needed = needed

    async def __call__(self, asked: Asked, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 401 or 403."""
        refusal = None if asked["type"] == "lifespan" else self._refusal(asked)
        if refusal is not None and asked["type"] == "websocket":
            await WebSocketClose(POLICY)(asked, receive, send)
            return
        await (refusal or self._app)(asked, receive, send)

    def _refusal(self, asked: Asked) -> Response | None:
        path = str(asked["path"]).removeprefix(asked.get("root_path", ""))
        if path in OPEN:
            return None
        held = scope_of(Headers(scope=asked).get("authorization"), self._key)
        if held is None:
            return problem(401, WANTED, headers=CHALLENGE)
        needed = self._needed(asked)
        if not held.covers(needed):
            return problem(403, f"the key's scope is {held}; this needs {needed}", scope=needed)
        asked[HELD] = held
        return None

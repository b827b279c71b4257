"""A public URL with a path prefix: works whether the proxy strips it or not."""

from __future__ import annotations

from urllib.parse import quote, unquote

from starlette.types import ASGIApp, Receive, Scope, Send


class StripPrefix:
    """Takes the public URL's path prefix off each request that still bears it."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as if it had come to the root; the path is compared as it was sent."""
        raw: bytes = scope.get("raw_path") or quote(scope.get("path", "")).encode()
        if self._prefix and raw.startswith(self._prefix + b"/"):
            rest = raw[len(self._prefix) :]
            scope = {**scope, "path": unquote(rest.decode("latin-1")), "raw_path": rest}
        await self._app(scope, receive, send)

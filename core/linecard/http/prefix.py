"""A public URL with a path prefix: works whether the proxy strips it or not."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class StripPrefix:
    """Takes the public URL's path prefix off each request that still bears it."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as if it had come to the root."""
        path = scope.get("path", "")
        if self._prefix and path.startswith(self._prefix + "/"):
            raw = scope.get("raw_path") or path.encode()
            scope = {
                **scope,
                "path": path[len(self._prefix) :],
                "raw_path": raw[len(self._prefix.encode()) :],
            }
        await self._app(scope, receive, send)

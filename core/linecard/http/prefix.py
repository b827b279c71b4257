"""A public URL with a path prefix: works whether the proxy strips it or not."""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import State
from starlette.types import ASGIApp, Receive, Scope, Send


def prefix_of(public_url: str) -> bytes:
    """The path of our public URL; empty where it has none."""
    return urlsplit(public_url).path.rstrip("/").encode()


def strip(raw: bytes, prefix: bytes) -> bytes:
    """A path as it was sent, without the prefix if it bears it."""
    return raw[len(prefix) :] if prefix and raw.startswith(prefix + b"/") else raw


class StripPrefix:
    """Takes the public URL's path prefix off each request that still bears it. `state` is for whoever is given the application."""

    def __init__(self, app: ASGIApp, prefix: bytes) -> None:
        self.state = State()
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as if it had come to the root; the path is compared as it was sent."""
        raw: bytes = scope.get("raw_path") or quote(scope.get("path", "")).encode()
        rest = strip(raw, self._prefix)
        if rest is not raw:
            scope = {**scope, "path": unquote(rest.decode("latin-1")), "raw_path": rest}
        await self._app(scope, receive, send)

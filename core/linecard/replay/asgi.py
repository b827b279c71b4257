"""A carrier's side of our application, without a network between them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from starlette.types import ASGIApp, Message, Scope


@dataclass(frozen=True, slots=True)
class Answered:
    """A reply of ours."""

    status: int
    content_type: str
    body: str


async def request(app: ASGIApp, method: str, url: str, body: bytes, content_type: str) -> Answered:
    """Send one request and read the reply."""
    sent: list[Message] = []
    parts: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if parts:
            return parts.pop()
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-type", content_type.encode())] if content_type else []
    await app({**_scope("http", url, headers), "method": method}, receive, send)
    told: dict[bytes, bytes] = dict(sent[0]["headers"])
    return Answered(
        status=sent[0]["status"],
        content_type=told.get(b"content-type", b"").decode(),
        body=b"".join(one.get("body", b"") for one in sent[1:]).decode("utf-8", "replace"),
    )


def _scope(type: str, url: str, headers: list[tuple[bytes, bytes]]) -> Scope:
    parts = urlsplit(url)
    return {
        "type": type,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": parts.scheme,
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": headers,
        "client": None,
        "server": None,
    }


@dataclass(slots=True)
class Socket:
    """A media socket that a carrier has opened."""

    is_refused: bool = False
    is_open: bool = True
    _arriving: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)

    async def run(self, app: ASGIApp, url: str) -> None:
        """Open it; until it is closed."""
        self._arriving.put_nowait({"type": "websocket.connect"})
        await app(
            {**_scope("websocket", url, []), "subprotocols": []}, self._arriving.get, self._send
        )

    def say(self, message: str | bytes) -> None:
        """A message to us."""
        name = "text" if isinstance(message, str) else "bytes"
        self._arriving.put_nowait({"type": "websocket.receive", name: message})

    def close(self, code: int) -> None:
        """Close it from the carrier's side."""
        if self.is_open:
            self.is_open = False
            self._arriving.put_nowait({"type": "websocket.disconnect", "code": code})

    async def _send(self, message: Message) -> None:
        if message["type"] == "websocket.close":
            self.close(1005)
        self.is_refused = self.is_refused or message["type"] == "websocket.http.response.start"

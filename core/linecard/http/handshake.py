"""A WebSocket's opening request, read and answered with the code that the other lane uses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote

from starlette.types import Scope
from websockets.http11 import Request
from websockets.server import ServerProtocol

from linecard.http.prefix import strip

MEDIA = re.compile(r"/ws/([^/]+)/([^/]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A media socket that is asked for in rightful WebSocket, and its scope as ASGI would have it."""

    provider: str
    token: str
    scope: Scope
    key: str


def asked(data: bytes, prefix: bytes, client: tuple[str, int] | None) -> Asked | None:
    """What a request of `client` asks for; None where that is no media socket, or the request is not right."""
    raw, _, query = _target(data).partition(b"?")
    path = strip(raw, prefix)
    found = MEDIA.fullmatch(unquote(path.decode("latin-1")))
    request = _rightful(data) if found else None
    if found is None or request is None:
        return None
    scope = {
        "type": "websocket",
        "path": found[0],
        "raw_path": path,
        "query_string": query,
        "headers": _headers(request),
        "client": client,
    }
    key = request.headers["Sec-WebSocket-Key"]
    return Asked(provider=found[1], token=found[2], scope=scope, key=key)


def _headers(request: Request) -> list[tuple[bytes, bytes]]:
    return [
        (name.lower().encode("ascii"), value.encode("latin-1"))
        for name, value in request.headers.raw_items()
    ]


def _target(data: bytes) -> bytes:
    words = data.partition(b"\r\n")[0].split(b" ")
    return words[1] if len(words) > 1 else b""


def _rightful(data: bytes) -> Request | None:
    """The request, if a WebSocket server accepts it."""
    server = ServerProtocol()
    server.receive_data(data)
    for event in server.events_received():
        if isinstance(event, Request):
            response = server.accept(event)
            return event if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS else None
    return None


def refusal(status: HTTPStatus) -> bytes:
    """A whole answer that refuses the handshake and closes the connection."""
    head = f"HTTP/1.1 {status.value} {status.phrase}\r\n"
    return f"{head}content-length: 0\r\nconnection: close\r\n\r\n".encode("ascii")

"""A carrier's API on loopback that counts what arrives, and answers as it is told, or does not."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from linecard.testing.readers import Document, read_any
from linecard.testing.samples import Says

LONGEST_WAIT = 3.0
"""Seconds that an answer is held at most, so that a provider that blocks its loop ends too."""


class Fault(StrEnum):
    """How an answer fails to come."""

    CUT = "the connection is cut before the answer"
    CUT_WITHIN = "the connection is cut within the answer"
    NO_HTTP = "the answer is no HTTP"
    HELD = "the answer is held back"


@dataclass(frozen=True, slots=True)
class Arrived:
    """One request as it arrived; header names in small letters."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Document:
        """What it says."""
        return read_any(self.body, self.headers.get("content-type", ""), self.target)


Decide = Callable[[Arrived], "Says | Fault"]


class Api:
    """The server. `says` is the answer to everything; `held` is set where nobody released an answer."""

    def __init__(self, says: Says | Fault | Decide) -> None:
        self.arrived: list[Arrived] = []
        self.says = says
        self.was_held_too_long = False
        self._released = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def orders(self) -> list[Arrived]:
        """The requests that ask for something to be done."""
        return [one for one in self.arrived if one.method != "GET"]

    def release(self) -> None:
        """Let the answers go that are held back."""
        self._released.set()

    def hold(self) -> None:
        """Wait until somebody releases the answer."""
        self.was_held_too_long |= not self._released.wait(LONGEST_WAIT)

    def close(self) -> None:
        """Stop."""
        self.release()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@contextmanager
def api(says: Says | Fault | Decide) -> Iterator[Api]:
    """A server that runs within the block."""
    server = Api(says)
    try:
        yield server
    finally:
        server.close()


def _handler(server: Api) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:
                self.close_connection = True

        def serve(self) -> None:
            arrived = _read(self)
            server.arrived.append(arrived)
            says = server.says(arrived) if callable(server.says) else server.says
            if says is Fault.HELD:
                server.hold()
                says = Says(503)
            _answer(self, says)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    return Handler


def _read(handler: BaseHTTPRequestHandler) -> Arrived:
    length = int(handler.headers.get("Content-Length") or 0)
    headers = {name.lower(): text for name, text in handler.headers.items()}
    return Arrived(handler.command, handler.path, headers, handler.rfile.read(length))


def _answer(handler: BaseHTTPRequestHandler, says: Says | Fault) -> None:
    if isinstance(says, Fault):
        _fail(handler, says)
        return
    body = _encoded(says.body)
    handler.send_response(says.status)
    kind = "application/json" if not isinstance(says.body, bytes) else "text/html"
    headers = {"Content-Type": kind, "Content-Length": str(len(body)), **says.headers}
    for name, text in headers.items():
        handler.send_header(name, text)
    handler.end_headers()
    handler.wfile.write(body)


def _fail(handler: BaseHTTPRequestHandler, fault: Fault) -> None:
    handler.close_connection = True
    if fault is Fault.NO_HTTP:
        handler.wfile.write(b"220 mail.example.com ESMTP\r\n\r\n")
    if fault is Fault.CUT_WITHIN:
        handler.wfile.write(b"HTTP/1.1 201 Created\r\nContent-Length: 5000\r\n\r\n{")
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)


def _encoded(body: object) -> bytes:
    if body is None:
        return b""
    return body if isinstance(body, bytes) else json.dumps(body).encode()

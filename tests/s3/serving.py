"""The storage as a server, and an environment in which fsspec finds it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.sax.saxutils import escape

import fsspec
import pytest
from starlette.requests import Request
from starlette.responses import Response

from linecard.simulator.serving import serving
from tests.s3.buckets import Buckets, Reply
from tests.s3.signing import Asked, Wrong, check

BUCKET, REGION = "calls-of-acme", "eu-west-1"
KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ADDRESS = f"s3://{BUCKET}/recordings"


@dataclass(slots=True)
class Store:
    """What it holds and whom it knows. `delay` (s) is before each answer, `busy` how many more are 503."""

    buckets: Buckets = field(default_factory=lambda: Buckets({BUCKET: {}}))
    secrets: dict[str, str] = field(default_factory=lambda: {KEY: SECRET})
    asked: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    delay: float = 0.0
    busy: int = 0
    keeps: int | None = None
    """So many bytes are kept of whatever is sent; a storage that is broken."""

    @property
    def files(self) -> dict[str, bytes]:
        """The objects of the bucket of recordings."""
        return self.buckets.objects[BUCKET]

    async def answer(self, request: Request) -> Response:
        """One request."""
        asked = await _read(request)
        self.asked.append(f"{asked.method} {asked.path}")
        await asyncio.sleep(self.delay)
        try:
            if self.busy > 0:
                self.busy -= 1
                raise Wrong(503, "SlowDown", "Please reduce your request rate.")
            check(asked, self.secrets, REGION, datetime.now(UTC))
            return _sent(self.buckets.do(self._kept(asked)), asked.method)
        except Wrong as wrong:
            self.refused.append(wrong.code)
            inner = f"<Code>{wrong.code}</Code><Message>{escape(str(wrong))}</Message>"
            body = f'<?xml version="1.0" encoding="UTF-8"?><Error>{inner}</Error>'
            headers = {"Content-Type": "application/xml"}
            return _sent(Reply(wrong.status, body.encode(), headers), asked.method)

    def _kept(self, asked: Asked) -> Asked:
        if self.keeps is None or asked.method != "PUT":
            return asked
        return Asked(asked.method, asked.path, asked.query, asked.headers, asked.body[: self.keeps])


async def _read(request: Request) -> Asked:
    path = request.scope["raw_path"].decode("ascii").partition("?")[0]
    query = request.scope["query_string"].decode("ascii")
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Asked(request.method, path, query, headers, await request.body())


def _sent(reply: Reply, method: str) -> Response:
    length = {"Content-Length": str(len(reply.body))} if method == "HEAD" else {}
    body = b"" if method == "HEAD" else reply.body
    return Response(body, reply.status, {"x-amz-request-id": "1", **reply.headers, **length})


@asynccontextmanager
async def storing(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    """The storage on loopback, and credentials for it where an operator has them."""
    store = Store()

    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        request = Request(scope, receive)  # type: ignore[arg-type]
        await (await store.answer(request))(scope, receive, send)  # type: ignore[arg-type]

    async with serving(app) as url:  # type: ignore[arg-type]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        once = {"retries": {"max_attempts": 0}}
        settings = {"endpoint_url": url, "config_kwargs": once}
        monkeypatch.setitem(fsspec.config.conf, "s3", settings)
        yield store

"""Somebody outside who is notified: a real receiver on loopback, as strict as the documentation allows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from linecard.simulator.serving import serving

Answer = Callable[["Delivered"], Response]


@dataclass(frozen=True, slots=True)
class Delivered:
    """One request of the server's."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        """The body as JSON."""
        return dict(json.loads(self.body))

    @property
    def type(self) -> str:
        """What it tells."""
        return str(self.content["type"])


def ok(_delivered: Delivered) -> Response:
    """As a receiver should answer."""
    return Response(status_code=204)


@dataclass(slots=True)
class Receiver:
    """What came, and how it is answered: `answer` may be replaced at any time.

    `taken` are those that were answered well, each id once and in the order they came.
    """

    url: str = ""
    answer: Answer = ok
    came: list[Delivered] = field(default_factory=list)
    taken: list[Delivered] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    @property
    def types(self) -> list[str]:
        """What was told and taken."""
        return [one.type for one in self.taken]

    def of(self, type: str) -> dict[str, Any]:
        """The one notification of a type."""
        (found,) = (one.content for one in self.taken if one.type == type)
        return found

    async def receive(self, request: Request) -> Response:
        """The one route."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        delivered = Delivered(request.url.path, dict(request.headers), await request.body())
        self.came.append(delivered)
        await asyncio.sleep(0)
        answer = self.answer(delivered)
        self.at_once -= 1
        known = {one.headers["webhook-id"] for one in self.taken}
        if answer.status_code < 300 and delivered.headers["webhook-id"] not in known:
            self.taken.append(delivered)
        return answer


@asynccontextmanager
async def receiving(answer: Answer = ok) -> AsyncIterator[Receiver]:
    """A receiver that listens; `url` is where it is notified."""
    receiver = Receiver(answer=answer)
    app = Starlette(routes=[Route("/{path:path}", receiver.receive, methods=["POST", "GET"])])
    async with serving(app) as address:
        receiver.url = f"{address}/calls"
        yield receiver

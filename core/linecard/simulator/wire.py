"""One HTTP request of a simulated carrier to the application, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx2

from linecard.simulator.loopback import is_loopback_url
from linecard.simulator.overrides import Policy
from linecard.trust import trusted

MAX_REPLY_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Request:
    """A request, ready to be sent, and sent again byte for byte."""

    method: str
    url: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The reply. `status` None: none came, `failure` is `ct` or `rt` and `detail` says more."""

    status: int | None = None
    body: bytes = b""
    content_type: str = ""
    failure: str = ""
    detail: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether the application said 2xx."""
        return self.outcome == "2xx"

    @property
    def outcome(self) -> str:
        """In the words of policies: `2xx`, `4xx`, `5xx`, `ct` or `rt`."""
        return self.failure if self.status is None else f"{self.status // 100}xx"


class Wire:
    """Sends requests, to loopback addresses alone, without redirects, cookies or proxies.

    Limits are real seconds at any speed of the clock: they concern the machine, not the call.
    """

    def __init__(self, agent: str) -> None:
        self._client = httpx2.AsyncClient(
            verify=trusted(), trust_env=False, headers={"user-agent": agent}
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def send(self, request: Request, policy: Policy) -> Delivery:
        """Send once and read the reply; never raises for what the other side does."""
        if not is_loopback_url(request.url):
            return Delivery(failure="ct", detail="the simulator reaches loopback addresses only")
        try:
            async with asyncio.timeout(policy.total):
                return await self._exchange(request, policy)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.InvalidURL) as error:
            return Delivery(failure="ct", detail=str(error))
        except (httpx2.HTTPError, TimeoutError) as error:
            return Delivery(failure="rt", detail=str(error) or "no reply in time")

    async def _exchange(self, request: Request, policy: Policy) -> Delivery:
        body = bytearray()
        async with self._client.stream(
            request.method,
            request.url,
            content=request.body,
            headers=dict(request.headers),
            timeout=httpx2.Timeout(policy.read, connect=policy.connect),
        ) as reply:
            async for part in reply.aiter_bytes():
                body += part
                if len(body) > MAX_REPLY_BYTES:
                    return Delivery(failure="rt", detail=f"a reply above {MAX_REPLY_BYTES} bytes")
        kind = reply.headers.get("content-type", "")
        return Delivery(status=reply.status_code, body=bytes(body), content_type=kind)

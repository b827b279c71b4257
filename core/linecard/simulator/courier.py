"""Sends a simulated carrier's webhooks, as often as its policy says and as badly as its faults want."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import httpx2

from linecard.simulator.ledger import Ledger, What
from linecard.simulator.loopback import is_loopback_url
from linecard.simulator.overrides import Policy, split_overrides

if TYPE_CHECKING:
    from linecard.clock import Clock
    from linecard.simulator.faults import Faults
    from linecard.tasks import Tasks
    from linecard.webhook import Pairs

Sign = Callable[[str, str, "Pairs"], Mapping[str, str]]
"""Headers for a request: method, address with its query, fields of the body."""

MAX_REPLY_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One message to the application. `fields` go into the body, or the query of a GET."""

    url: str
    fields: Pairs
    method: str = "POST"
    call: str | None = None
    kind: str = ""
    policy: Policy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What came of it: `status` is None, and `error` says why, when no reply came."""

    status: int | None = None
    body: bytes = b""
    content_type: str = ""
    error: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether the application said 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def outcome(self) -> str:
        """In the policy's words: `2xx`, `4xx`, `5xx`, `ct` or `rt`."""
        return self.error if self.status is None else f"{self.status // 100}xx"


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    body: bytes
    headers: Mapping[str, str]


class Courier:
    """Every message of one carrier to the application. It reaches nothing but loopback addresses.

    Time limits are real seconds at any speed of the clock: they concern the machine, not the call.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        faults: Faults,
        clock: Clock,
        tasks: Tasks,
        sign: Sign,
        policy: Policy,
        agent: str,
    ) -> None:
        self._ledger = ledger
        self._faults = faults
        self._clock = clock
        self._tasks = tasks
        self._sign = sign
        self._policy = policy
        self._held: list[Webhook] = []
        self._client = httpx2.AsyncClient(
            trust_env=False, headers={"user-agent": agent}, follow_redirects=False
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def ask(self, webhook: Webhook) -> Delivery:
        """Send, with retries, and return the last reply: for what the carrier waits for."""
        delivery = await self._try(webhook)
        if self._faults.happens("replay"):
            await self._try(webhook)
        return delivery

    def tell(self, webhook: Webhook) -> None:
        """Send in the background: for what the carrier only reports."""
        self._tasks.start(self._tell(webhook), f"webhook {webhook.kind}")

    async def fetch(self, url: str) -> Delivery:
        """GET a file, unsigned."""
        request = _Request("GET", url, b"", {})
        return await self._send(request, ONCE_POLICY)

    async def _tell(self, webhook: Webhook) -> None:
        if self._faults.happens("callback_drop"):
            return
        if self._faults.happens("callback_shuffle"):
            self._held.append(webhook)
            await self._clock.sleep(self._faults.seconds)
            if webhook not in self._held:
                return
            self._held.remove(webhook)
        if self._faults.happens("callback_delay"):
            await self._clock.sleep(self._faults.seconds)
        await self._deliver_all(webhook)

    async def _deliver_all(self, webhook: Webhook) -> None:
        times = 2 if self._faults.happens("callback_twice") else 1
        for _ in range(times):
            await self.ask(webhook)
        overtaken, self._held = self._held, []
        for held in overtaken:
            await self.ask(held)

    async def _try(self, webhook: Webhook) -> Delivery:
        url, policy = split_overrides(webhook.url, self._policy)
        policy = webhook.policy or policy
        delivery = Delivery(error="ct")
        for attempt in range(1, policy.retries + 2):
            request = self._request(webhook, url)
            started = time.monotonic()
            delivery = await self._send(request, policy)
            self._write(webhook, request, delivery, attempt, time.monotonic() - started)
            if delivery.is_ok or not policy.retries_after(delivery.outcome):
                break
        return delivery

    def _request(self, webhook: Webhook, url: str) -> _Request:
        query = webhook.fields if webhook.method == "GET" else ()
        if query:
            url += ("&" if urlsplit(url).query else "?") + urlencode(query)
        fields = () if webhook.method == "GET" else webhook.fields
        headers = dict(self._sign(webhook.method, url, fields))
        if self._faults.happens("bad_signature"):
            headers = {name: _spoiled(value) for name, value in headers.items()}
        if webhook.method != "GET":
            headers["content-type"] = "application/x-www-form-urlencoded"
        return _Request(webhook.method, url, urlencode(fields).encode(), headers)

    async def _send(self, request: _Request, policy: Policy) -> Delivery:
        if not is_loopback_url(request.url):
            return Delivery(error="ct")
        try:
            async with asyncio.timeout(policy.total):
                return await self._exchange(request, policy)
        except httpx2.ConnectError, httpx2.ConnectTimeout:
            return Delivery(error="ct")
        except httpx2.HTTPError, TimeoutError:
            return Delivery(error="rt")

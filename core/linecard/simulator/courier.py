"""Sends a simulated carrier's webhooks, as often as policy says and as badly as the faults want."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from linecard.simulator.ledger import What
from linecard.simulator.overrides import ONCE, Policy, split_overrides
from linecard.simulator.wire import Delivery, Request, Wire
from linecard.webhook import Pairs

if TYPE_CHECKING:
    from linecard.clock import Clock
    from linecard.simulator.faults import Faults
    from linecard.simulator.ledger import Ledger
    from linecard.tasks import Tasks

Sign = Callable[[str, str, Pairs], Mapping[str, str]]
"""Headers for a request: method, address with its query, fields of the body."""

Encode = Callable[[Pairs], tuple[bytes, str]]
"""Fields as a body, and its content type."""

FORM = "application/x-www-form-urlencoded"


def form(fields: Pairs) -> tuple[bytes, str]:
    """Fields as a form."""
    return urlencode(fields).encode(), FORM


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One message to the application. `fields` go into the body, or into the query of a GET.

    `encode` writes the body. What is told and not taken is told again after each wait in `again`, in
    seconds of the carrier's clock.

    `kind` is what the ledger calls it; `policy` stands instead of the address's own overrides;
    `headers` go beside the signature's, the same ones with every try; `proof` are headers that are the
    signature, where it is over the body.
    """

    url: str
    fields: Pairs
    encode: Encode = form
    again: tuple[float, ...] = ()
    kind: str
    method: str = "POST"
    call: str | None = None
    policy: Policy | None = None
    headers: Pairs = ()
    proof: Pairs = ()


class Courier:
    """Every message of one carrier to the application."""

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
        self._wire = Wire(agent)
        self._overtaken: list[Webhook] = []

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.close()

    async def ask(self, webhook: Webhook) -> Delivery:
        """Send, with retries, and return the last reply: for what the carrier waits for."""
        url, policy = split_overrides(webhook.url, self._policy)
        policy = webhook.policy or policy
        attempt = 1
        while True:
            request = self._request(webhook, url)
            delivery = await self._send(webhook, request, policy, attempt)
            if delivery.is_ok or attempt > policy.retries:
                break
            if not policy.retries_after(delivery.outcome):
                break
            attempt += 1
        if self._faults.happens("replay"):
            self._tasks.start(self._send(webhook, request, policy, attempt + 1), "replay")
        return delivery

    def tell(self, webhook: Webhook) -> None:
        """Send in the background: for what the carrier only reports."""
        self._tasks.start(self._tell(webhook), f"webhook {webhook.kind}")

    async def fetch(self, url: str) -> Delivery:
        """GET a file, unsigned and once."""
        return await self._wire.send(Request("GET", url), ONCE)

    async def _tell(self, webhook: Webhook) -> None:
        if self._faults.happens("callback_drop"):
            return
        if self._faults.happens("callback_shuffle"):
            self._overtaken.append(webhook)
            await self._clock.sleep(self._faults.seconds)
            await self._send_overtaken()
            return
        if self._faults.happens("callback_delay"):
            await self._clock.sleep(self._faults.seconds)
        await self._insist(webhook)
        if self._faults.happens("callback_twice"):
            await self.ask(webhook)
        await self._send_overtaken()

    async def _insist(self, webhook: Webhook) -> None:
        delivery = await self.ask(webhook)
        for seconds in webhook.again:
            if delivery.is_ok:
                break
            await self._clock.sleep(seconds)
            delivery = await self.ask(webhook)

    async def _send_overtaken(self) -> None:
        late, self._overtaken = self._overtaken, []
        for webhook in late:
            await self.ask(webhook)

    def _request(self, webhook: Webhook, url: str) -> Request:
        if webhook.method == "GET":
            joint = "&" if urlsplit(url).query else "?"
            url = url + joint + urlencode(webhook.fields)
            return Request("GET", url, b"", self._headers(webhook, url, ()))
        body, content_type = webhook.encode(webhook.fields)
        headers = self._headers(webhook, url, webhook.fields) | {"content-type": content_type}
        return Request(webhook.method, url, body, headers)

    def _headers(self, webhook: Webhook, url: str, fields: Pairs) -> dict[str, str]:
        headers = {**self._sign(webhook.method, url, fields), **dict(webhook.proof)}
        if self._faults.happens("bad_signature"):
            headers = {name: value[::-1] for name, value in headers.items()}
        return headers | dict(webhook.headers)

    async def _send(
        self, webhook: Webhook, request: Request, policy: Policy, attempt: int
    ) -> Delivery:
        started = time.monotonic()
        delivery = await self._wire.send(request, policy)
        self._ledger.write(
            What.WEBHOOK,
            webhook.call,
            kind=webhook.kind,
            method=request.method,
            url=request.url,
            fields=webhook.fields,
            attempt=attempt,
            status=delivery.status,
            reply=delivery.body.decode("utf-8", "replace"),
            failure=delivery.failure,
            detail=delivery.detail,
            ms=round((time.monotonic() - started) * 1000, 1),
        )
        return delivery

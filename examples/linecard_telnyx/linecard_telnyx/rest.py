"""Requests to the Call Control API, each on a connection of its own, and how they can fail."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from linecard import CarrierRefused, CarrierUnavailable, PlacementUnknown
from linecard_telnyx.settings import TelnyxSettings

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

NAME = "telnyx"
CONNECT_SECONDS, CONTROL_SECONDS, DIAL_SECONDS = 3.0, 5.0, 20.0
NEVER_LEFT = "never left"
CALL_OVER = "90018"
"""Telnyx's code, with 422: the call has ended already."""

Json = Mapping[str, Any]


class Rest:
    """One account's requests."""

    def __init__(self, settings: TelnyxSettings) -> None:
        self.settings = settings
        self._client: AsyncClient | None = None

    async def dial(self, order: Json) -> Json:
        """Place a call, asked once. Raises CarrierRefused or PlacementUnknown."""
        try:
            return await self._ask("POST", "/v2/calls", order, DIAL_SECONDS)
        except CarrierUnavailable as error:
            kind = CarrierRefused if error.code == NEVER_LEFT else PlacementUnknown
            raise kind(NAME, error.message, status=error.status) from error

    async def command(self, control_id: str, action: str, wish: Json) -> None:
        """Command a call; one that has ended already is success.

        The second try carries the `command_id` of the first, so that Telnyx does it once.
        Raises CarrierRefused or CarrierUnavailable.
        """
        path = f"/v2/calls/{quote(control_id, safe='')}/actions/{action}"
        body = {**wish, "command_id": _command_id(action, wish)}
        try:
            await self._ask_twice("POST", path, body)
        except CarrierRefused as refused:
            if refused.code != CALL_OVER:
                raise

    async def get(self, path: str) -> Json:
        """Look something up. Raises CarrierRefused or CarrierUnavailable."""
        return await self._ask_twice("GET", path, None)

    async def _ask_twice(self, method: str, path: str, body: Json | None) -> Json:
        try:
            return await self._ask(method, path, body, CONTROL_SECONDS)
        except CarrierUnavailable:
            return await self._ask(method, path, body, CONTROL_SECONDS)

    async def _ask(self, method: str, path: str, body: Json | None, seconds: float) -> Json:
        import httpx2

        timeout = httpx2.Timeout(seconds, connect=CONNECT_SECONDS)
        try:
            answer = await self._http().request(method, path, json=body, timeout=timeout)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise CarrierUnavailable(NAME, f"not reached: {error!r}", code=NEVER_LEFT) from error
        except httpx2.HTTPError as error:
            raise CarrierUnavailable(NAME, f"no answer: {error!r}") from error
        return _judged(answer)

    def _http(self) -> AsyncClient:
        """Nothing is kept open between requests: a kept connection may be closed under a dial."""
        import httpx2

        if self._client is None:
            self._client = httpx2.AsyncClient(
                base_url=self.settings.api_url,
                headers={"Authorization": f"Bearer {self.settings.api_key.values()[0]}"},
                limits=httpx2.Limits(max_keepalive_connections=0),
                trust_env=False,
            )
        return self._client


def _command_id(action: str, wish: Json) -> str:
    """The same for the same wish: addresses of streams and transfers differ from one to the next."""
    return sha256(action.encode() + msgspec.json.encode(wish, order="sorted")).hexdigest()[:32]


def _judged(answer: Response) -> Json:
    status, body = answer.status_code, _object(answer.content)
    if answer.is_success and body is not None:
        data = body.get("data")
        return data if isinstance(data, dict) else body
    errors = (body or {}).get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    first = first if isinstance(first, dict) else {}
    code, title = (str(first.get(name, "")) for name in ("code", "title"))
    message = f"{status} {code} {title}".strip()
    if answer.is_client_error and status != 408:
        again = answer.headers.get("retry-after", "")
        wait = float(again) if again.isascii() and again.isdecimal() else None
        raise CarrierRefused(NAME, message, status=status, code=code, retry_after=wait)
    raise CarrierUnavailable(NAME, message, status=status, code=code)


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        body = msgspec.json.decode(content)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None

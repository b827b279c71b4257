"""The HTTP client under the vendor's SDK: one request leaves, and its answer is judged here.

The SDK's own clients have no time limit that works, keep Retry-After to themselves and take a 5xx for
a refusal like any other; so whatever is not a success is raised before the SDK sees it. This module
loads the SDK: import it in a worker thread only.
"""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx2
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from linecard_twilio.failures import Denied, Failure, Lost, NotSent
from linecard_twilio.settings import TwilioSettings

TIMED_OUT = 408
LONGEST_REASON = 300
ELSEWHERE = {"LINECARD": "nothing of Twilio's is taken from the environment"}
"""Given to the SDK for an environment: a TWILIO_EDGE there would send requests somewhere else."""
QUIET = logging.getLogger("linecard_twilio.sdk")


class Guard(AsyncHttpClient):  # type: ignore[misc]  # the SDK has no types
    """Sends every request once, on a connection of its own, and raises a Failure for anything but a success.

    A kept connection that Twilio has just closed would leave it open whether a call exists.
    """

    def __init__(
        self, settings: TwilioSettings, tls: ssl.SSLContext, timeout: httpx2.Timeout
    ) -> None:
        super().__init__(logger=QUIET, is_async=True)
        self._origin = urlsplit(settings.api_url) if settings.replaces_twilio else None
        self._tls = tls
        self._patience = timeout

    async def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """The answer when it is a success with a JSON object, or nothing, in it."""
        try:
            async with httpx2.AsyncClient(
                verify=self._tls, timeout=self._patience, trust_env=False
            ) as client:
                answer = await client.request(
                    method, self._aim(uri), params=params, data=data, headers=headers, auth=auth
                )
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise _broken(error) from error
        _judge(answer)
        return Response(answer.status_code, answer.text, answer.headers)

    def _aim(self, uri: str) -> str:
        if self._origin is None:
            return uri
        parts = urlsplit(uri)
        return urlunsplit(parts._replace(scheme=self._origin.scheme, netloc=self._origin.netloc))


def _broken(error: Exception) -> Failure:
    never_left = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.InvalidURL)
    kind = NotSent if never_left else Lost
    return kind(f"{type(error).__name__}: {error}"[:LONGEST_REASON])


def _judge(answer: httpx2.Response) -> None:
    status, body = answer.status_code, _object(answer)
    if 200 <= status < 300:
        if body is None and answer.content:
            raise Lost(f"the answer ({status}) is not a JSON object", status)
        return
    said = body or {}
    code = str(said.get("code") or "")
    message = f"{status} {_reason(said)}".strip()
    if 400 <= status < 500 and status != TIMED_OUT:
        raise Denied(message, status, code, _retry_after(answer))
    raise Lost(message, status, code)


def _object(answer: httpx2.Response) -> dict[str, Any] | None:
    try:
        body = json.loads(answer.content)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _reason(said: Mapping[str, Any]) -> str:
    """The classic shape has a `message`, the newer (RFC 9457) `title` and `detail`."""
    words = [said[name] for name in ("message", "title", "detail") if said.get(name)]
    return ": ".join(str(word) for word in words)[:LONGEST_REASON]


def _retry_after(answer: httpx2.Response) -> float | None:
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdecimal() else None


def build_client(settings: TwilioSettings, tls: ssl.SSLContext, timeout: httpx2.Timeout) -> Client:
    """The SDK's client, with all that it loads late loaded now."""
    name, password = settings.credentials
    client = Client(
        username=name,
        password=password,
        account_sid=settings.account_sid,
        region=settings.region,
        edge=settings.edge,
        http_client=Guard(settings, tls, timeout),
        environment=dict(ELSEWHERE),
    )
    _ = client.calls, client.conferences, client.incoming_phone_numbers, client.pricing.v2.voice
    return client

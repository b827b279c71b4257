"""Requests to Exotel's REST API. Nothing is sent twice unasked, and every answer is judged here.

Each request has a connection of its own: a kept one that Exotel has just closed would leave it open
whether a dial was taken, and 200 requests a minute gain little from a pool.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlencode

from linecard import CarrierRefused, trusted
from linecard_exotel.failures import Denied, Failure, Lost, NotSent, of_control, of_dial
from linecard_exotel.replies import Document, complaint, convert, read_document
from linecard_exotel.settings import ExotelSettings

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")
Fields = Sequence[tuple[str, str]]
FORM = "application/x-www-form-urlencoded"
TIMED_OUT = 408
SLACK_SECONDS = 2.0
LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: to connect, and to wait for the answer to a dial and to anything else."""

    connect: float = 3.0
    dial: float = 20.0
    control: float = 5.0


@dataclass(frozen=True, slots=True)
class Question:
    """One request below the account's own address; `.json` asks for JSON, where XML is Exotel's default."""

    path: str
    query: Fields = ()
    form: Fields | None = None

    def url(self, settings: ExotelSettings) -> str:
        """The whole address."""
        query = f"?{urlencode(self.query)}" if self.query else ""
        return f"{settings.origin}/v1/Accounts/{quote(settings.sid)}/{self.path}.json{query}"


class Rest:
    """One account's requests."""

    def __init__(self, settings: ExotelSettings, patience: Patience | None = None) -> None:
        self.settings = settings
        self._patience = patience or Patience()

    async def dial(self, question: Question, shape: type[T]) -> T:
        """Ask once. Raises CarrierRefused or PlacementUnknown."""
        try:
            return convert(await self._ask(question, self._patience.dial), shape)
        except Failure as failure:
            raise of_dial(failure) from failure

    async def ask(self, question: Question, shape: type[T], tries: int = 2) -> T:
        """Ask, and again where nothing is known. Raises CarrierRefused or CarrierUnavailable."""
        for left in reversed(range(tries)):
            try:
                return convert(await self._ask(question, self._patience.control), shape)
            except Failure as failure:
                if isinstance(failure, Denied) or not left:
                    raise of_control(failure) from failure
        raise AssertionError("unreachable")

    async def find(self, question: Question, shape: type[T]) -> T | None:
        """Ask for something that may not be there: None on 404."""
        try:
            return await self.ask(question, shape)
        except CarrierRefused as refused:
            if refused.status == 404:
                return None
            raise

    async def _ask(self, question: Question, seconds: float) -> Document:
        try:
            async with asyncio.timeout(self._patience.connect + seconds + SLACK_SECONDS):
                return _judge(await self._send(question, seconds))
        except TimeoutError as error:
            raise Lost("no answer in time") from error

    async def _send(self, question: Question, seconds: float) -> httpx2.Response:
        # Loaded with the first request: the provider's class must stay light.
        import httpx2

        timeout = httpx2.Timeout(seconds, connect=self._patience.connect)
        # A proxy of the environment never stands before a simulated carrier on loopback.
        trusts_environment = not self.settings.is_stand_in
        try:
            async with httpx2.AsyncClient(
                verify=trusted(), timeout=timeout, trust_env=trusts_environment
            ) as client:
                return await client.send(_request(client, question, self.settings))
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.InvalidURL) as error:
            raise NotSent(_why(error)) from error
        except (httpx2.ProxyError, httpx2.UnsupportedProtocol) as error:
            raise NotSent(_why(error)) from error
        except httpx2.HTTPError as error:
            raise Lost(_why(error)) from error


def _request(
    client: httpx2.AsyncClient, question: Question, settings: ExotelSettings
) -> httpx2.Request:
    headers = {"Authorization": settings.authorization, "Accept": "application/json"}
    url = question.url(settings)
    if question.form is None:
        return client.build_request("GET", url, headers=headers)
    content = urlencode(question.form)
    return client.build_request(
        "POST", url, headers={**headers, "Content-Type": FORM}, content=content
    )


def _why(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:LONGEST_REASON]


def _judge(response: httpx2.Response) -> Document:
    status, document = response.status_code, read_document(response.content)
    if 200 <= status < 300:
        if document is None:
            raise Lost(f"the answer ({status}) is neither JSON nor XML", status)
        return document
    message, code = complaint(document)
    told = f"{status} {message}".strip()
    if 400 <= status < 500 and status != TIMED_OUT:
        raise Denied(told, status, code=code, retry_after=_retry_after(response))
    raise Lost(told, status, code=code)


def _retry_after(response: httpx2.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdecimal() else None

"""Requests to Twilio's REST API, through the vendor's SDK on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from linecard import CarrierRefused, trusted
from linecard_twilio.failures import Denied, Failure, Lost, of_control, of_dial
from linecard_twilio.replies import read
from linecard_twilio.settings import TwilioSettings

if TYPE_CHECKING:
    from twilio.rest import Client

T = TypeVar("T")
Question = Callable[[Any], Awaitable[object]]
"""Puts one request to a vendor client and returns what it answers."""

SLACK_SECONDS = 2.0
NOT_THERE = 404


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: to connect, and to wait for the answer to a dial and to anything else."""

    connect: float = 3.0
    dial: float = 20.0
    control: float = 5.0


@dataclass(frozen=True, slots=True)
class Clients:
    """The vendor's clients: for dials, and for anything else."""

    dial: Client
    control: Client


class Rest:
    """One account's requests. Nothing is sent twice unasked."""

    def __init__(self, settings: TwilioSettings, patience: Patience | None = None) -> None:
        self.settings = settings
        self._patience = patience or Patience()
        self._clients: Clients | None = None

    async def dial(self, question: Question, shape: type[T]) -> T:
        """Ask once. Raises CarrierRefused or PlacementUnknown."""
        try:
            client = (await self._load()).dial
            return await self._ask(client, question, shape, self._patience.dial)
        except Failure as failure:
            raise of_dial(failure) from failure

    async def ask(self, question: Question, shape: type[T], tries: int = 1) -> T:
        """Ask, again only where nothing is known and it is allowed. Raises CarrierRefused or CarrierUnavailable."""
        client = (await self._load()).control
        for left in reversed(range(tries)):
            try:
                return await self._ask(client, question, shape, self._patience.control)
            except Failure as failure:
                if isinstance(failure, Denied) or not left:
                    raise of_control(failure) from failure
        raise AssertionError("unreachable")

    async def find(self, question: Question, shape: type[T]) -> T | None:
        """Ask for something that may not be there: None on 404. Two tries."""
        try:
            return await self.ask(question, shape, tries=2)
        except CarrierRefused as refused:
            if refused.status == NOT_THERE:
                return None
            raise

    async def _ask(self, client: Client, question: Question, shape: type[T], seconds: float) -> T:
        from twilio.base.exceptions import TwilioException

        try:
            async with asyncio.timeout(self._patience.connect + seconds + SLACK_SECONDS):
                return read(await question(client), shape)
        except TimeoutError as error:
            raise Lost("no answer in time") from error
        except (TwilioException, ValueError, KeyError, TypeError) as error:
            # What is left for the SDK to complain of is an answer that it cannot read.
            raise Lost(f"the answer cannot be read: {type(error).__name__}: {error}") from error

    async def _load(self) -> Clients:
        """The clients. Loading the SDK takes a second: a worker thread's time, not the event loop's."""
        if self._clients is None:
            self._clients = await asyncio.to_thread(partial(_build, self.settings, self._patience))
        return self._clients


def _build(settings: TwilioSettings, patience: Patience) -> Clients:
    import httpx2

    from linecard_twilio.transport import build_client

    dial, control = (
        build_client(settings, trusted(), httpx2.Timeout(seconds, connect=patience.connect))
        for seconds in (patience.dial, patience.control)
    )
    return Clients(dial, control)

"""Requests to Plivo's REST API, through the vendor's SDK in worker threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from linecard import CarrierRefused
from linecard_plivo.failures import Denied, Failure, Lost, of_control, of_dial
from linecard_plivo.replies import read
from linecard_plivo.settings import PlivoSettings

if TYPE_CHECKING:
    from linecard_plivo.transport import Guard

T = TypeVar("T")
Question = Callable[[Any], object]
"""Puts one request to a vendor client and returns what it answers."""

WORKERS = 32
SLACK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: to connect, and to wait for the answer to a dial and to anything else."""

    connect: float = 3.0
    dial: float = 20.0
    control: float = 5.0


class Rest:
    """One account's requests. No event loop waits for the network, and nothing is sent twice unasked."""

    def __init__(self, settings: PlivoSettings, patience: Patience | None = None) -> None:
        self.settings = settings
        self._patience = patience or Patience()
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="plivo")
        self._lock = Lock()
        self._guard: Guard | None = None

    async def dial(self, question: Question, shape: type[T]) -> T:
        """Ask once, on a connection of its own. Raises CarrierRefused or PlacementUnknown.

        A kept connection that Plivo has just closed would leave it open whether the call exists.
        """
        try:
            return await self._ask(question, shape, self._patience.dial, is_pooled=False)
        except Failure as failure:
            raise of_dial(failure) from failure

    async def ask(self, question: Question, shape: type[T], tries: int = 1) -> T:
        """Ask, again only where nothing is known and it is allowed. Raises CarrierRefused or CarrierUnavailable."""
        for left in reversed(range(tries)):
            try:
                return await self._ask(question, shape, self._patience.control, is_pooled=True)
            except Failure as failure:
                if isinstance(failure, Denied) or not left:
                    raise of_control(failure) from failure
        raise AssertionError("unreachable")

    async def find(self, question: Question, shape: type[T]) -> T | None:
        """Ask for something that may not be there: None on 404. Two tries."""
        try:
            return await self.ask(question, shape, tries=2)
        except CarrierRefused as refused:
            if refused.status == 404:
                return None
            raise

    async def _ask(self, question: Question, shape: type[T], seconds: float, is_pooled: bool) -> T:
        timeout = (self._patience.connect, seconds)
        work = partial(self._work, question, shape, timeout, is_pooled)
        try:
            async with asyncio.timeout(sum(timeout) + SLACK_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(self._workers, work)
        except TimeoutError as error:
            raise Lost("no answer in time") from error

    def _work(
        self, question: Question, shape: type[T], timeout: tuple[float, float], is_pooled: bool
    ) -> T:
        # Loading the SDK takes a third of a second: this thread's time, not the event loop's.
        from linecard_plivo.transport import Guard, put

        if is_pooled:
            return read(put(question, self._shared_guard(), self.settings, timeout), shape)
        with closing(Guard(self.settings.api_url)) as guard:
            return read(put(question, guard, self.settings, timeout), shape)

    def _shared_guard(self) -> Guard:
        from linecard_plivo.transport import Guard

        with self._lock:
            if self._guard is None:
                self._guard = Guard(self.settings.api_url)
            return self._guard

"""One socket between a pod and the server: each side asks the other, and tells it things.

Messages are JSON arrays: `["ask", ID, WHAT, FACTS]` and its answer `["yes", ID, RESULT]` or
`["no", ID, ERROR]`, and `["tell", WHAT, FACTS]`. They arrive in the order in which they were sent, and what
is told is heard before the next message is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Any, Protocol

import msgspec
import structlog

from linecard.errors import LinecardError
from linecard.pods.faults import as_error, as_fault

log = structlog.get_logger()

Facts = Mapping[str, Any]
Answer = Callable[[Facts], Awaitable[object]]
Hear = Callable[[Facts], None]

MOST_WAITING = 10_000
"""Messages that wait to be sent; a peer that reads so slowly is gone."""


class LinkLost(LinecardError):
    """The other side of a link is gone."""


class Wire(Protocol):
    """A socket of texts. Both methods raise LinkLost at its end."""

    async def send(self, text: str) -> None:
        """Send a text."""
        ...

    async def receive(self) -> str | bytes:
        """The next text."""
        ...


class Link:
    """One side of a link. `answers` are for what may be asked here, `hears` for what may be told."""

    def __init__(
        self, wire: Wire, answers: Mapping[str, Answer], hears: Mapping[str, Hear]
    ) -> None:
        self.is_lost = False
        self._wire = wire
        self._answers = answers
        self._hears = hears
        self._ids = count(1)
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._out: asyncio.Queue[list[object]] = asyncio.Queue(MOST_WAITING)
        self._work: set[asyncio.Task[None]] = set()

    async def ask(self, what: str, **facts: object) -> Any:
        """The other side's answer, in JSON's types. Raises what it raises, LinkLost when it is gone."""
        number = next(self._ids)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            self._put(["ask", number, what, facts])
            return await answer
        finally:
            self._asked.pop(number, None)

    def tell(self, what: str, **facts: object) -> None:
        """Tell the other side; nobody is told when it is gone."""
        if not self.is_lost:
            self._put(["tell", what, facts])

    async def run(self) -> None:
        """Read and write until the other side is gone; whoever waits for an answer is told so then."""
        writing = asyncio.create_task(self._write(), name="link writer")
        reading = asyncio.create_task(self._read(), name="link reader")
        try:
            await asyncio.wait({writing, reading}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (writing, reading, *self._work):
                task.cancel()
            await asyncio.gather(writing, reading, *self._work, return_exceptions=True)
            self._lose()

    async def flushed(self) -> None:
        """Wait until all that was asked and told so far is out."""
        await self._out.join()

    def _lose(self) -> None:
        self.is_lost = True
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(LinkLost("the link is gone"))

    def _put(self, message: list[object]) -> None:
        if self.is_lost or self._out.full():
            raise LinkLost("the link is gone")
        self._out.put_nowait(message)

    async def _write(self) -> None:
        while True:
            message = await self._out.get()
            await self._wire.send(msgspec.json.encode(message).decode())
            self._out.task_done()

    async def _read(self) -> None:
        while True:
            kind, *rest = msgspec.json.decode(await self._wire.receive())
            self._READ[kind](self, *rest)

    def _is_asked(self, number: int, what: str, facts: Facts) -> None:
        work = asyncio.create_task(self._answer(number, what, facts), name=f"answer {what}")
        self._work.add(work)
        work.add_done_callback(self._work.discard)

    async def _answer(self, number: int, what: str, facts: Facts) -> None:
        try:
            result = await self._answers[what](facts)
            self._put(["yes", number, msgspec.to_builtins(result)])
        except LinkLost:
            raise
        except Exception as error:
            if not isinstance(error, LinecardError):
                log.exception("a question of the other side could not be answered", what=what)
            self._put(["no", number, as_fault(error)])

    def _is_told(self, what: str, facts: Facts) -> None:
        try:
            self._hears[what](facts)
        except Exception:
            log.exception("what the other side told could not be heard", what=what)

    def _yes(self, number: int, result: object) -> None:
        answer = self._asked.get(number)
        if answer is not None and not answer.done():
            answer.set_result(result)

    def _no(self, number: int, fault: Facts) -> None:
        answer = self._asked.get(number)
        if answer is not None and not answer.done():
            answer.set_exception(as_error(fault))

    _READ: Mapping[str, Callable[..., None]] = {
        "ask": _is_asked,
        "tell": _is_told,
        "yes": _yes,
        "no": _no,
    }

"""One socket between a pod and the server: each side asks the other, and tells it things.

Messages are JSON arrays: `["ask", ID, WHAT, FACTS]` and its answer `["yes", ID, RESULT]` or
`["no", ID, ERROR]`, and `["tell", WHAT, FACTS]`. They arrive in the order in which they were sent, and what
is told is heard before the next message is read.

The other side is not trusted to be sparing: what it sends is paced, what it asks is limited, and one
that speaks nonsense is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from itertools import count
from typing import Any, Protocol

import msgspec
import structlog

from linecard.errors import LimitReached, LinecardError
from linecard.pods.allowance import Allowance
from linecard.pods.faults import as_error, as_fault

log = structlog.get_logger()

Facts = Mapping[str, Any]
Answer = Callable[[Facts], Awaitable[object]]
Hear = Callable[[Facts], None]

MOST_WAITING = 10_000
MOST_BYTES = 64 * 1024 * 1024
"""What waits to be sent, in messages and bytes; a peer that reads so slowly is gone."""
MESSAGES_AT_ONCE, MESSAGES_A_SECOND = 500, 200
"""What is read of the other side; beyond that it waits."""
PAUSE_SECONDS = 0.02
QUESTIONS_AT_ONCE, QUESTIONS_A_SECOND = 200, 10
"""What is answered; beyond that the answer is no, and nothing is done for it."""
MOST_OPEN = 100
"""Questions that are worked on at a time."""
LONGEST_TOLD = 200
NONSENSE = (msgspec.MsgspecError, RecursionError, KeyError, TypeError, ValueError)


class LinkLost(LinecardError):
    """The other side of a link is gone."""


class TooLong(LinecardError):
    """A message is longer than the other side takes."""


class Wire(Protocol):
    """A socket of texts. Both methods raise LinkLost at its end."""

    async def send(self, text: str) -> None:
        """Send a text."""
        ...

    async def receive(self) -> str | bytes:
        """The next text."""
        ...


class Link:
    """One side of a link. `answers` are for what may be asked here, `hears` for what may be told.

    `largest` is how many bytes the other side takes in a message.
    """

    def __init__(
        self,
        wire: Wire,
        answers: Mapping[str, Answer],
        hears: Mapping[str, Hear],
        largest: int = MOST_BYTES,
    ) -> None:
        self.is_lost = False
        self._largest = largest
        self._waiting = 0
        self._messages = Allowance(MESSAGES_AT_ONCE, MESSAGES_A_SECOND)
        self._questions = Allowance(QUESTIONS_AT_ONCE, QUESTIONS_A_SECOND)
        self._was_misheard = False
        self._writing: asyncio.Task[None] | None = None
        self._wire = wire
        self._answers = answers
        self._hears = hears
        self._ids = count(1)
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._out: asyncio.Queue[bytes] = asyncio.Queue(MOST_WAITING)
        self._work: set[asyncio.Task[None]] = set()

    async def ask(self, what: str, **facts: object) -> Any:
        """The other side's answer, in JSON's types.

        Raises what it raises, LinkLost when it is gone, TooLong or TypeError for what cannot be sent.
        """
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
        with suppress(LinkLost):
            self._put(["tell", what, facts])

    async def run(self) -> None:
        """Read and write until the other side is gone; whoever waits for an answer is told so then."""
        writing = self._writing = asyncio.create_task(self._write(), name="link writer")
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
        data = msgspec.json.encode(message)
        if len(data) > self._largest:
            raise TooLong(f"a message of {len(data)} bytes; {self._largest} are taken")
        if self._out.full() or self._waiting + len(data) > MOST_BYTES:
            self._give_up()
        if self.is_lost:
            raise LinkLost("the link is gone")
        self._waiting += len(data)
        self._out.put_nowait(data)

    def _give_up(self) -> None:
        """The other side takes too little; `run` ends with the writing."""
        self.is_lost = True
        if self._writing is not None:
            self._writing.cancel()

    async def _write(self) -> None:
        while True:
            data = await self._out.get()
            await self._wire.send(data.decode())
            self._waiting -= len(data)
            self._out.task_done()

    async def _read(self) -> None:
        while True:
            text = await self._wire.receive()
            while not self._messages.take():  # noqa: ASYNC110  time gives it
                await asyncio.sleep(PAUSE_SECONDS)
            self._take(text)
            await asyncio.sleep(0)  # the others on the loop, however much has come already

    def _take(self, text: str | bytes) -> None:
        """Raises LinkLost for what no other side of ours says."""
        try:
            kind, *rest = msgspec.json.decode(text)
            self._READ[kind](self, *rest)
        except NONSENSE as error:
            log.error("the other side of a link speaks nonsense", error=repr(error)[:LONGEST_TOLD])
            raise LinkLost("the other side speaks nonsense") from error

    def _is_asked(self, number: int, what: str, facts: Facts) -> None:
        if not self._questions.take() or len(self._work) >= MOST_OPEN:
            refusal = LimitReached("pods", "too much is asked at once")
            self._put(["no", number, as_fault(refusal)])
            return
        work = asyncio.create_task(self._answer(number, what, facts), name=f"answer {what}")
        self._work.add(work)
        work.add_done_callback(self._work.discard)

    async def _answer(self, number: int, what: str, facts: Facts) -> None:
        with suppress(LinkLost):
            try:
                result = await self._answers[what](facts)
                self._put(["yes", number, msgspec.to_builtins(result)])
            except LinkLost:
                raise
            except Exception as error:
                if not isinstance(error, LinecardError):
                    log.exception("a question of the other side could not be answered")
                self._put(["no", number, as_fault(error)])

    def _is_told(self, what: str, facts: Facts) -> None:
        try:
            self._hears[what](facts)
        except Exception:
            if not self._was_misheard:
                log.exception("what the other side told could not be heard")
            self._was_misheard = True

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

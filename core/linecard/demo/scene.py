"""One call while it is played: its story, its narrator, and what ends it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from linecard.calls import ENDS, CallStatus
from linecard.demo import cast
from linecard.demo.logbook import Line, Logbook
from linecard.demo.narrator import Narrator
from linecard.demo.ordering import InOrder
from linecard.demo.stage import Stage
from linecard.demo.steps import Steps
from linecard.demo.story import Listener, Mark, Story, Tone, Who
from linecard.simulator.ledger import Entry, What

LONGEST_SECONDS = 240.0
QUIET_SECONDS = 10.0
"""How long, on the call's clock, callbacks may still come once the carrier has no leg left."""
LEAST_REAL_SECONDS = 4.0
POLL_SECONDS = 0.1

AGENT_MARKS = {"barge-in": Mark.BARGE_IN, "busy": Mark.TRANSFER, "bridged": Mark.TRANSFER}


class Scene:
    """The call that is being played."""

    def __init__(self, stage: Stage, book: Logbook) -> None:
        self.stage = stage
        self._book = book
        self._shown: InOrder | None = None
        self._errors_before = len(book.errors)
        self.story = Story(stage.clock)
        self.narrator = Narrator(self.story, cast.NAMES, stage.clock.speed)
        self._steps = Steps(self.story, stage.clock.speed)

    def show(self, listener: Listener) -> None:
        """Show the moments to somebody, in their order."""
        self._shown = InOrder(listener)
        self.story.listen(self._shown)

    @property
    def errors(self) -> list[str]:
        """The errors logged since the scene began."""
        return self._book.errors[self._errors_before :]

    def close(self) -> None:
        """Show what has not been shown yet."""
        if self._shown is not None:
            self._shown.flush()

    def spoken(self, who: Who, to: Who, text: str) -> None:
        """Somebody at a phone says something."""
        self.story.tell(who, to, text, Tone.MEDIA)

    def agent_line(self, line: Line) -> None:
        """A line that an agent has logged."""
        target = Who(line.get("to", Who.AGENT))
        tone = Tone.MEDIA if target is Who.CUSTOMER else Tone.NOTE
        self.story.tell(Who.AGENT, target, named(str(line["event"])), tone)
        mark = str(line.get("mark", ""))
        if mark in AGENT_MARKS:
            self.story.mark(AGENT_MARKS[mark], mark)

    def entries(self, what: What, **facts: object) -> list[tuple[float, Entry]]:
        """The ledger's entries of this call of a kind, with the story's time."""
        return [
            (at, entry)
            for at, entry in self.narrator.seen
            if entry.what is what and facts.items() <= entry.facts.items()
        ]

    async def until_settled(self, call_id: str) -> Any:
        """Our record of the call, once it is over and nothing more is to come, or can come."""
        give_up = time.monotonic() + self._real(LONGEST_SECONDS)
        quiet_since: float | None = None
        while True:
            call = await self.stage.ask("GET", f"/calls/{call_id}")
            self._steps.tell(call)
            if self._is_settled(call) or time.monotonic() > give_up:
                return call
            quiet_since = None if self._is_live() else quiet_since or time.monotonic()
            if quiet_since and time.monotonic() > quiet_since + self._real(QUIET_SECONDS):
                return call
            await asyncio.sleep(POLL_SECONDS)

    def _is_live(self) -> bool:
        return bool(self.stage.carrier.ledger.live_legs())

    def _is_settled(self, call: Any) -> bool:
        ready = [one["status"] == "completed" for one in call["recordings"]]
        agent_gone = call["id"] not in self.stage.exchange.lives
        is_over = CallStatus(call["status"]) in ENDS and not self._is_live()
        return is_over and agent_gone and bool(ready) and all(ready)

    def _real(self, seconds: float) -> float:
        return max(LEAST_REAL_SECONDS, seconds / self.stage.clock.speed)


def named(text: str) -> str:
    """A text with people's names in place of their numbers."""
    for number, name in cast.NAMES.items():
        text = text.replace(number, name)
    return text


@contextmanager
def scene(stage: Stage, book: Logbook, *watchers: Callable[[Entry], None]) -> Iterator[Scene]:
    """Play a call inside the block: its narrator and `watchers` hear every entry of the ledger."""
    played = Scene(stage, book)
    book.agent_line = played.agent_line
    hearing: tuple[Callable[[Entry], None], ...] = (played.narrator, *watchers)
    stops = [stage.carrier.ledger.watch(one) for one in hearing]
    try:
        yield played
    finally:
        book.agent_line = None
        played.close()
        for stop in stops:
            stop()

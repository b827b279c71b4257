"""`linecard serve` in a process that kills itself: at the nth passing of a numbered step, or after a time.

KILL is `STEP:NTH` or `after:SECONDS`. BUG=1 plants what the checker must catch: a dial before the intent.
Times in which nothing of the matter happens are shortened.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from datetime import timedelta
from typing import Any

from linecard.outbound import pacing, settle, silence
from linecard.outbound.dialing import Dialer
from linecard.outbound.placing import Placement
from linecard_campaigns import checkpoints, dialling, engine, serving, sweeping

POSTING, POSTED = 9, 10
"""The core's own steps between intent and settled: before the one request, and behind its answer."""


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Killer:
    """Counts the passings of each step."""

    def __init__(self, step: int, nth: int) -> None:
        self.step, self.nth = step, nth
        self.seen: Counter[int] = Counter()

    def passing(self, step: int, _lead: str) -> None:
        self.seen[step] += 1
        if step == self.step and self.seen[step] == self.nth:
            die()


def shorten() -> None:
    settle.INTENT_AGE = timedelta(seconds=4)
    settle.EVERY_SECONDS = 2.0
    settle.GAP_SECONDS = 0.01
    pacing.SHORTEST_SECONDS = 2.0
    silence.GRACE = silence.UNTENDED = timedelta(seconds=3)
    serving.LOOK_EVERY_SECONDS = 0.5
    serving.BEAT_SECONDS = 3.0
    serving.CALL_LOOK_SECONDS = 3.0
    serving.UNKNOWN_LOOKS = 1
    dialling.SHORT_WAIT = 0.3
    sweeping.UNHEARD = sweeping.OVERDUE = timedelta(seconds=4)
    sweeping.LOST_SECONDS = 15.0


def watch_the_core(killer: Killer) -> None:
    submit = Placement.submit

    async def submitted(self: Placement, relay: Any, order: Any) -> None:
        killer.passing(POSTING, "")
        await submit(self, relay, order)
        killer.passing(POSTED, "")

    Placement.submit = submitted  # type: ignore[method-assign]


def plant_the_bug() -> None:
    """The carrier is asked first, and the intent is written behind it."""
    intend = Dialer._intend

    async def careless(self: Dialer, call: Any, to: Any, wish: Any) -> Any:
        relay = self.plugins.relay(call.provider, call.account)
        placed = await relay.hooks.place_call(self._order(relay, call, to))
        del placed
        return await intend(self, call, to, wish)

    Dialer._intend = careless  # type: ignore[method-assign]
    Dialer._submit = lambda _self, _relay, _order: None  # type: ignore[method-assign, assignment]


def prepare() -> None:
    """Everything of this, unless PLAIN asks for a server as it is."""
    if os.environ.get("PLAIN"):
        return
    shorten()
    engine.SWEEP = "*/3 * * * * *"
    engine.POLL_SECONDS = 0.2
    word, _, figure = os.environ.get("KILL", "").partition(":")
    if word == "after":
        threading.Timer(float(figure), die).start()
    killer = Killer(int(word), int(figure)) if word.isdecimal() else Killer(0, 0)
    checkpoints.watcher = killer.passing
    watch_the_core(killer)
    if os.environ.get("BUG"):
        plant_the_bug()


if __name__ == "__main__":
    from linecard.cli import main

    prepare()
    main()

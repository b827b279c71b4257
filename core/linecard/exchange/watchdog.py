"""Streams that carry no audio: told to the agent, asked about at the carrier, renewed once, ended.

What is watched is frames that do not come; a caller who is silent sends frames all the same. So a
half-open socket is found too, and no pong that is missing ends a socket on which audio arrives.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from linecard.calls import Direction
from linecard.events import StreamSilent
from linecard.exchange import endings
from linecard.exchange.noting import note
from linecard.exchange.reasons import NO_AUDIO
from linecard.store import timeline

if TYPE_CHECKING:
    from linecard.exchange.admission import Admitted
    from linecard.exchange.context import Exchange
    from linecard.media.counters import Counters

log = structlog.get_logger()

QUIET_SECONDS = 5.0
DEAD_SECONDS = 15.0
OVER_SECONDS = 60.0
RENEWED = "stream-renewed"


class Stream(Protocol):
    """What is watched, in this process or in another: when it was last heard is kept in `counters`."""

    is_open: bool

    @property
    def counters(self) -> Counters:
        """Its figures."""
        ...

    def close(self, reason: str) -> None:
        """End it from our side."""
        ...


async def watch(exchange: Exchange, admitted: Admitted, session: Stream) -> None:
    """Watch a stream until its call is to be hung up; the owner of the socket cancels it before."""
    live = exchange.lives.get(admitted.call.id)
    if live is None:
        return
    watched = Watched(exchange, admitted, session)
    while watched.step < len(STEPS):
        after, act = STEPS[watched.step]
        due = watched.last_heard() + after
        if exchange.clock.now() < due:
            await exchange.clock.sleep_until(due)
            continue
        watched.step += 1
        exchange.tasks.start(act(watched), "a stream without audio")


class Watched:
    """One stream: when it was last heard, and what has been done about its silence.

    `step` is the next of STEPS. A stream that took the place of a silent one goes on where that was.
    """

    def __init__(self, exchange: Exchange, admitted: Admitted, session: Stream) -> None:
        self.exchange = exchange
        self.admitted = admitted
        self.session = session
        self.live = exchange.lives[admitted.call.id]
        self.is_renewal = self.live.silent_since is not None
        self.step = len(STEPS) - 1 if self.is_renewal else 0
        self._last = exchange.clock.now() if not self.is_renewal else self.live.silent_since or 0.0

    def last_heard(self) -> float:
        """When audio last came; while the caller is being transferred none is expected."""
        heard = self.session.counters.last_in
        if self.live.transferring or self.live.handed_over:
            heard = self.exchange.clock.now()
        if heard is not None and heard > self._last:
            self._last, self.step, self.live.silent_since = heard, 0, None
        return self._last

    def seconds(self) -> int:
        """How long nothing has come."""
        return int(self.exchange.clock.now() - self._last)

    async def note(self, name: str, **facts: object) -> None:
        """A line on the call's record."""
        await note(self.exchange, self.admitted.call.id, name, facts)

    async def was_renewed(self) -> bool:
        """Whether the call has had its one new stream."""
        async with self.exchange.database.read() as conn:
            lines = await timeline.of_call(conn, self.admitted.call.id)
        return any(line.name == RENEWED for line in lines)


async def _tell(watched: Watched) -> None:
    """The agent hears of it."""
    watched.live.report(StreamSilent(watched.seconds()))
    await watched.note("stream-silent", seconds=watched.seconds())


async def _look(watched: Watched) -> None:
    """Gone at the carrier: the books are closed. Live: the socket is closed, and the tail brings a new one."""
    call = await endings.as_it_stands(watched.exchange, watched.admitted.call.id)
    if call is None or call.is_over or call.closing:
        return
    found = await endings.look_up(watched.exchange, call)
    await endings.close_books(watched.exchange, call)
    if not watched.session.is_open or not _has_tail(watched) or await watched.was_renewed():
        return
    await watched.note(RENEWED, seconds=watched.seconds(), carrier=found)
    watched.live.silent_since = watched.last_heard()
    watched.session.close("no audio arrived")


def _has_tail(watched: Watched) -> bool:
    """A stream that went out with the dial has no document behind it: its close is the call's end."""
    admitted = watched.admitted
    return not (admitted.profile.at_dial and admitted.call.direction is Direction.OUTBOUND)


async def _end(watched: Watched) -> None:
    log.warning("no audio for a minute; the call is hung up", call=watched.admitted.call.id)
    await endings.hang_up(watched.exchange, watched.admitted.call, NO_AUDIO)
    watched.live.finish(NO_AUDIO)


STEPS: tuple[tuple[float, Callable[[Watched], Coroutine[Any, Any, None]]], ...] = (
    (QUIET_SECONDS, _tell),
    (DEAD_SECONDS, _look),
    (OVER_SECONDS, _end),
)
"""After so many seconds without a frame: what is done. Audio that comes begins anew."""

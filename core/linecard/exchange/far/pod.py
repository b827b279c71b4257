"""One connected pod: it carries one call, and what it asks is judged and carried out here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from linecard.calls import Call
from linecard.errors import InvalidField, RequestRefused
from linecard.exchange import endings, running, streams, watchdog
from linecard.exchange.far.asked import CARRY_OUT, Asked
from linecard.exchange.far.facts import Figures, read, read_started
from linecard.exchange.far.live import FarLive
from linecard.exchange.far.streams import Carried, FarStream
from linecard.exchange.noting import note
from linecard.exchange.reasons import POD_LOST
from linecard.media.formats import StreamFormat
from linecard.pods.link import Link
from linecard.settings.hollow import openly
from linecard.tokens import new_id

if TYPE_CHECKING:
    from linecard.events import StreamStarted
    from linecard.exchange.admission import Admitted
    from linecard.exchange.context import Exchange
    from linecard.pods.link import Answer, Facts, Wire
    from linecard.tokens import StreamClaims

log = structlog.get_logger()

IsOurs = Callable[["StreamClaims"], bool]
LetIn = Callable[[Mapping[str, Any], IsOurs], Awaitable["Admitted"]]
STUCK_SECONDS = 8.0
"""A pod tells every second that it lives. One that has not for so long, in real seconds, is stuck."""
LOOK_SECONDS = 1.0
OVERDUE_SECONDS = 20.0
"""After its call a pod ends by itself, within a few seconds: its agent has 5 s for its notes."""
MOST_STREAMS = 16
"""A call has one at a time, and a few while they change."""


class FarPod:
    """The server's side of a pod's link. `let_in` judges a handshake that reached the pod."""

    def __init__(self, exchange: Exchange, name: str, wire: Wire, let_in: LetIn) -> None:
        self.name = name
        self._exchange = exchange
        self._let_in = let_in
        self._asked: Asked | None = None
        self._live: FarLive | None = None
        self._carried: dict[str, Carried] = {}
        self._streams = asyncio.Lock()
        self._beat_at = asyncio.get_running_loop().time()
        answers: dict[str, Answer] = {what: partial(self._carry_out, what) for what in CARRY_OUT}
        answers |= {"admit": self._admit, "opened": self._opened, "closed": self._closed}
        self._link = Link(wire, answers, {"beat": self._beat, "stands": self._stands})

    async def serve(self) -> None:
        """Until the pod is gone, or has been silent for too long; then its call is ended."""
        work = asyncio.create_task(self._link.run(), name=f"link of {self.name}")
        try:
            while not (work.done() or self._is_stuck() or self._is_overdue()):
                await asyncio.wait({work}, timeout=LOOK_SECONDS)
        finally:
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
            await self._gone()

    def _is_stuck(self) -> bool:
        silent = asyncio.get_running_loop().time() - self._beat_at
        if silent < STUCK_SECONDS:
            return False
        log.error("a pod does not answer any more", pod=self.name, seconds=round(silent))
        return True

    def _is_overdue(self) -> bool:
        over_at = self._live.over_at if self._live is not None else None
        if over_at is None or time.monotonic() - over_at < OVERDUE_SECONDS:
            return False
        log.error("a pod stays after its call is over", pod=self.name)
        return True

    async def _admit(self, facts: Facts) -> object:
        """Judge a handshake; what the pod needs to know of the call. Raises RequestRefused."""
        if len(self._carried) >= MOST_STREAMS:
            raise RequestRefused("the pod has too many streams")
        admitted = await self._let_in(facts, self._is_ours)
        if self._asked is None:
            self._asked = Asked(self._exchange, admitted.call)
        if self._asked.id != admitted.call.id:
            raise RequestRefused("this pod carries another call")
        held = self._exchange.leases.get(admitted.call.id)
        if held is not None:
            held.is_used = True
        # Not by its token: a carrier that tries a handshake again has two sockets with one.
        carried = new_id()
        if not admitted.is_to_end:
            self._carried[carried] = Carried(admitted)
        return self._told(admitted) | {"token": carried}

    def _is_ours(self, given: StreamClaims) -> bool:
        """Whether a stream is of the one call of this pod, which the server has given it."""
        held = self._exchange.leases.get(given.call)
        is_leased = held is not None and held.lease.pod == given.pod == self.name
        return (is_leased and self._asked is None) or self._is_of_call(given)

    def _is_of_call(self, given: StreamClaims) -> bool:
        return self._asked is not None and given.call == self._asked.id and given.pod == self.name

    def _told(self, admitted: Admitted) -> dict[str, object]:
        relay = admitted.relay
        values = self._exchange.plugins.values(relay.provider, relay.account)
        return {
            "call": replace(admitted.call, notify=None, options={}),
            "profile": admitted.profile,
            "settings": openly(values),
            "is_to_end": admitted.is_to_end,
            "speed": self._exchange.clock.speed,
            "taps": str(self._exchange.taps.folder or ""),
        }

    async def _opened(self, facts: Facts) -> object:
        """A stream has opened: its token is spent, and the first one starts the agent."""
        started = read_started(facts.get("started"))
        line = read(StreamFormat, facts.get("line"))
        async with self._streams:
            token = str(facts.get("token"))
            carried = self._carried.get(token)
            if carried is None or carried.stream is not None:
                raise RequestRefused("no such stream was let in")
            live = await self._begun(carried, started, line)
            carried.stream = FarStream(self._link, token, self._exchange.clock.now())
        watch = watchdog.watch(self._exchange, carried.admitted, carried.stream)
        carried.watch = self._exchange.tasks.start(watch, "watch a stream")
        return {
            "transfer_targets": live.transfer_targets,
            "opt_out_key": live.opt_out_key,
            "detection": live.detection,
            "over": live.over,
        }

    async def _begun(self, carried: Carried, started: StreamStarted, line: StreamFormat) -> FarLive:
        """Claimed and under its call; what was claimed, and is not, is let go. Raises RequestRefused."""
        try:
            await streams.claim(self._exchange, carried.admitted, started, line)
        except RequestRefused:
            raise
        except BaseException:
            await streams.abandon(self._exchange, carried.admitted, "a fault of ours")
            raise
        live = await self._running(carried.admitted)
        live.streaming = True
        return live

    async def _running(self, admitted: Admitted) -> FarLive:
        end = partial(endings.hang_up, self._exchange, admitted.call)
        hands = running.Hands(
            FarLive,
            lambda _exchange, call: FarLive(call.id, self._link, end),
            self._until_done,
            {"pod": self.name},
        )
        try:
            self._live = await running.live_call(self._exchange, admitted.call, hands)
        except BaseException:
            await streams.abandon(self._exchange, admitted, "a fault of ours")
            raise
        return self._live

    async def _until_done(self, exchange: Exchange, call: Call, live: FarLive) -> None:
        """What an agent in a pod is for the exchange: a wait for its end, or for the pod's.

        Without the pod the call is ended; not so where the caller talks with somebody else by now.
        """
        await live.until_done()
        if live.is_lost:
            log.error("a pod is lost", pod=self.name, handed_over=live.handed_over)
            await note(exchange, call.id, "pod-lost", {"pod": self.name})
        if live.is_lost and not live.handed_over:
            await endings.hang_up(exchange, call, POD_LOST)

    async def _closed(self, facts: Facts) -> object:
        """A stream is gone."""
        async with self._streams:
            await self._let_go(str(facts.get("token")), _figures(facts.get("figures")))
        return None

    async def _let_go(self, token: str, figures: dict[str, Any]) -> None:
        carried = self._carried.pop(token, None)
        if carried is None:
            return
        if carried.watch is not None:
            carried.watch.cancel()
        if carried.stream is None:
            reason, dropped = str(figures.get("reason", "")), figures.get("dropped", {})
            streams.unopened(self._exchange, carried.admitted, reason, dropped)
            return
        carried.stream.is_open = False
        await streams.gone(self._exchange, carried.admitted, figures)

    async def _carry_out(self, what: str, facts: Facts) -> object:
        if self._asked is None:
            raise RequestRefused("no call has been let in to this pod")
        result = await self._asked.carry_out(what, facts)
        if what == "agent_finished" and self._live is not None:
            self._live.done()
        return result

    def dismiss(self) -> None:
        """Its call is over; where no stream ever opened, the process need not wait for one."""
        self._link.tell("dismiss")

    def _beat(self, facts: Facts) -> None:
        """The pod lives; how many seconds ago each of its streams was heard, on the calls' clock."""
        self._beat_at = asyncio.get_running_loop().time()
        now = self._exchange.clock.now()
        for token, ago in facts["heard"].items():
            carried = self._carried.get(token)
            if carried is not None and carried.stream is not None and ago is not None:
                carried.stream.heard(now - max(0.0, ago))

    def _stands(self, facts: Facts) -> None:
        if self._live is not None:
            self._live.stands(facts)

    async def _gone(self) -> None:
        if self._live is not None:
            self._live.lost()
        for token in list(self._carried):
            await self._let_go(token, {"reason": "its pod is gone"})
        if self._asked is not None:
            await self._exchange.leases.give_back(self._exchange.plugins, self._asked.id)


def _figures(given: Any) -> dict[str, Any]:
    """What the record may say of a stream, whatever the pod does."""
    try:
        known: dict[str, Any] = msgspec.to_builtins(read(Figures, given))
    except InvalidField as error:
        log.error("the figures of a stream cannot be used", reason=str(error))
        return {"reason": "the figures of its pod cannot be used"}
    return {name: value for name, value in known.items() if name in given}

"""One turn of a lead up to the written intent: the call that it was given, or what becomes of the lead instead."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import select, update

from linecard import (
    DialRequest,
    GateRefused,
    InvalidField,
    LimitReached,
    LinecardError,
    UnsupportedByProvider,
    now,
)
from linecard.store import BUSY_ERRORS
from linecard.store.rows import locking
from linecard_campaigns.checkpoints import Step, passing
from linecard_campaigns.checks import PARKED
from linecard_campaigns.lines import Pool
from linecard_campaigns.standing import WAITING, Standing, move, next_turn, standing
from linecard_campaigns.tables import campaigns, leads
from linecard_campaigns.tickets import Refusal, Turn, ticketed

if TYPE_CHECKING:
    from linecard import Server

log = structlog.get_logger()

TRIES = 40
"""How often a turn asks again in its place; then it goes to the end of the queue."""
AT_ONCE = 500
LONGEST_WAIT = 30.0
SHORT_WAIT = 2.0
LATER = timedelta(minutes=2)
WAITS: Mapping[str, timedelta] = MappingProxyType(
    {
        "LINECARD_MAX_CALLS_PER_NUMBER_PER_DAY": timedelta(hours=1),
        "LINECARD_DAILY_SPEND": timedelta(minutes=15),
    }
)
"""Limits that stay reached for long."""


@dataclass(frozen=True, slots=True)
class Dialler:
    """Dials leads of one server."""

    server: Server
    _pool: Pool
    _held: dict[str, Turn] = field(default_factory=dict, repr=False)
    _doors: defaultdict[str, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock), repr=False
    )

    async def dial(self, turn: Turn) -> str | Turn | None:
        """The id of the turn's call; or the next turn where it is not dialled now; None: the lead is done with.

        A turn that has its call already, before a crash, is given that one.
        """
        passing(Step.TAKEN, turn.lead)
        self._held[turn.lead] = turn
        try:
            return await self._dialled(turn)
        finally:
            self._held.pop(turn.lead, None)

    async def beat(self) -> None:
        """Show that the leads which wait here to be dialled are held, so that no sweep takes them for lost."""
        held = list(self._held)
        for start in range(0, len(held), AT_ONCE):
            some = leads.c.id.in_(held[start : start + AT_ONCE])
            ours = select(leads.c.id).where(some, leads.c.status.in_(WAITING)).order_by(leads.c.id)
            async with self.server.database.write() as conn:
                found = (await conn.execute(locking(conn, ours))).scalars().all()
                await conn.execute(
                    update(leads).where(leads.c.id.in_(found)).values(updated_at=now())
                )

    async def _dialled(self, turn: Turn) -> str | Turn | None:
        refusal = PARKED
        for _ in range(TRIES):
            async with self.server.database.read() as conn:
                stands = await standing(conn, turn.lead)
            if stands is None or stands.lead["turn"] != turn.turn:
                return _handed_on(turn, stands)
            if stands.lead["status"] not in WAITING:
                return None if stands.lead["call_id"] is None else str(stands.lead["call_id"])
            said = await self._try(turn, stands)
            if isinstance(said, str):
                passing(Step.INTENDED, turn.lead)
                return said
            refusal = said
            if refusal.wait is None:
                break
            await asyncio.sleep(min(refusal.wait, LONGEST_WAIT))
        return await self._refused(turn, refusal)

    async def _try(self, turn: Turn, stands: Standing) -> str | Refusal:
        """Each number of the pool, the best first, until one has room."""
        refusal = Refusal(reason="no number of the campaign is registered and on", pauses=True)
        for number in await self._pool.ordered(stands):
            said = await self._from(number, turn, stands)
            if isinstance(said, str):
                return said
            refusal = said
            if refusal.reason != NO_CHANNEL.reason:
                break
        return refusal

    async def _from(self, number: str, turn: Turn, stands: Standing) -> str | Refusal:
        """One dial at a time from a number: those behind it wait for its pace, not for the database."""
        async with self._doors[number]:
            with ticketed(turn) as ticket:
                try:
                    call = await self.server.dial(_wish(number, stands))
                except (LinecardError, *BUSY_ERRORS) as error:
                    refusal = ticket.refusal or _meant(error)
                else:
                    return call.id
            if refusal.wait is not None and refusal.wait <= SHORT_WAIT:
                await asyncio.sleep(refusal.wait)
        return refusal

    async def _refused(self, turn: Turn, refusal: Refusal) -> Turn | None:
        """Write down what becomes of a lead that is not dialled now."""
        log.info("a lead is not dialled now", lead=turn.lead, reason=refusal.reason)
        if refusal.gone:
            return None
        async with self.server.database.write() as conn:
            if refusal.parks or refusal.pauses:
                return await _park(conn, turn, refusal)
            if refusal.ends is not None:
                ended = {"status": refusal.ends, "outcome": refusal.outcome, "ended_at": now()}
                await move(conn, turn, WAITING, **ended, reason=refusal.reason, due_at=None)
                return None
            due_at = refusal.until or now() + LATER
            return await next_turn(conn, turn, WAITING, due_at, reason=refusal.reason)


async def _park(conn: Any, turn: Turn, refusal: Refusal) -> Turn | None:
    """Whether the campaign is paused is asked again: it may go on since, and then nobody would wake the lead."""
    if refusal.pauses:
        paused = update(campaigns).where(
            campaigns.c.id == turn.campaign, campaigns.c.status == "running"
        )
        await conn.execute(paused.values(status="paused", reason=refusal.reason, updated_at=now()))
    stands = await standing(conn, turn.lead)
    if stands is not None and stands.campaign["status"] == "paused":
        await move(conn, turn, WAITING, parked=True, reason=refusal.reason)
        return None
    return await next_turn(conn, turn, WAITING, now())


def _handed_on(turn: Turn, stands: Standing | None) -> Turn | None:
    """The next turn, which a crash may have kept out of the queue; it is put there once, whoever does it."""
    if stands is None or stands.lead["turn"] != turn.turn + 1 or stands.lead["parked"]:
        return None
    return stands.turn(stands.lead["due_at"]) if stands.lead["status"] in WAITING else None


def _wish(number: str, stands: Standing) -> DialRequest:
    lead, plan = stands.lead, stands.plan
    about = {
        "campaign": stands.campaign["id"],
        "lead": lead["id"],
        "reference": lead["reference"],
        "payload": lead["payload"],
    }
    return DialRequest(
        from_=number,
        to=lead["to"],
        agent=lead["agent"] or plan.agent,
        machine=plan.machine,
        ring_seconds=plan.ring_seconds,
        max_seconds=plan.max_seconds,
        metadata=about,
        paced=True,
    )


NO_CHANNEL = Refusal(reason="no channel is free", wait=SHORT_WAIT)


def _limited(error: LimitReached) -> Refusal:
    if error.limit == "channels":
        return NO_CHANNEL
    if error.limit in WAITS:
        return Refusal(reason=str(error), until=now() + WAITS[error.limit])
    wait = SHORT_WAIT if error.retry_after is None else error.retry_after
    if wait > LONGEST_WAIT:
        return Refusal(reason=str(error), until=now() + timedelta(seconds=wait))
    return Refusal(reason=str(error), wait=wait)


def _not_let_through(error: GateRefused | InvalidField) -> Refusal:
    """A number that may never be called is the lead's fault; all else is the campaign's, and keeps everybody."""
    if error.field == "to":
        return Refusal(reason=str(error), ends="canceled", outcome="refused")
    return Refusal(reason=str(error), pauses=True)


def _pausing(error: Exception) -> Refusal:
    return Refusal(reason=str(error), pauses=True)


MEANINGS: tuple[tuple[type[Exception], Callable[[Any], Refusal]], ...] = (
    (LimitReached, _limited),
    (GateRefused, _not_let_through),
    (InvalidField, _not_let_through),
    (UnsupportedByProvider, _pausing),
)
"""What a refusal of the core's own means for a lead."""


def _meant(error: Exception) -> Refusal:
    for kind, meaning in MEANINGS:
        if isinstance(error, kind):
            return meaning(error)
    return Refusal(reason=str(error), wait=SHORT_WAIT)

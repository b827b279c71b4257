"""What nobody holds: leads that are new or go on, calls that ended unheard, turns whose process is gone.

Nothing here decides whether somebody is called: it only puts turns into the queue, and settles what is over.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import structlog
from sqlalchemy import func, select, update

from linecard import now
from linecard.store.tables import calls
from linecard_campaigns.minding import FactsOf, mind, nobody_knows
from linecard_campaigns.retrying import next_due
from linecard_campaigns.settling import settle
from linecard_campaigns.standing import (
    DEFAULT,
    DIALLED,
    ENDED,
    WAITING,
    Standing,
    last_end,
    next_turn,
    outcomes,
    plan_of,
)
from linecard_campaigns.tables import attempts, campaigns, leads
from linecard_campaigns.tickets import Turn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.store import Database

log = structlog.get_logger()

AT_ONCE = 200
UNHEARD = timedelta(seconds=20)
"""A call that has been over for so long, and is not settled, is nobody's."""
OVERDUE = timedelta(seconds=60)
LOST_SECONDS = 600.0
"""A turn that nobody has shown to be held for so long is one whose process is gone."""
GOES_ON = frozenset({"ENQUEUED", "DELAYED"})
RUNS = "PENDING"
PRICED_WITHIN = timedelta(days=3)


class Queue(Protocol):
    """What of the engine is used here."""

    async def push(self, turns: Iterable[Turn]) -> None: ...

    async def states(self, workflows: Sequence[str]) -> Mapping[str, tuple[str, float]]: ...

    async def cancel(self, workflow: str) -> None: ...

    async def drop(self, workflows: Sequence[str]) -> None: ...

    async def close(self, campaign: str) -> None: ...


@dataclass(slots=True)
class Sweeper:
    """Looks after the leads of one database. `open` makes the queue of a campaign that has none here yet."""

    database: Database
    queue: Queue
    open: Callable[[str], Awaitable[None]]
    facts: FactsOf = nobody_knows
    _after: str = field(default="", repr=False)
    """The lead up to which overdue ones were looked at; the next sweep goes on behind it."""

    async def sweep(self) -> None:
        """Everything once; a part that fails keeps none of the others from its work."""
        parts = (
            self.feed,
            self.reopen,
            self.settle_unheard,
            self.wake_overdue,
            self.price,
            self.mind,
            self.finish,
        )
        for part in parts:
            try:
                await part()
            except Exception:
                log.exception("a part of the sweep failed; it is tried again", part=part.__name__)

    async def feed(self) -> None:
        """Put leads into the queue that are new, or whose campaign goes on."""
        while fresh := await self._fresh():
            turns, left = fresh
            for campaign in {turn.campaign for turn in turns}:
                await self.open(campaign)
            await self.queue.drop(left)
            await self.queue.push(turns)

    async def _fresh(self) -> tuple[list[Turn], list[str]] | None:
        """New turns, and the workflows that would come later with nothing to do, and use up the queue's pace."""
        new = (leads.c.turn == 0) | leads.c.parked
        async with self.database.write() as conn:
            found = await _standing_where(conn, new, campaigns.c.status == "running")
            turns = await _new_turns(conn, found)
        late = [one for one in found if one.lead["turn"] and (one.lead["due_at"] or now()) > now()]
        return (turns, [one.turn().workflow for one in late]) if turns else None

    async def reopen(self) -> None:
        """Give the queues of campaigns whose plans were changed their new limits."""
        running = select(campaigns.c.id).where(campaigns.c.status == "running", _has_turns())
        async with self.database.read() as conn:
            found = (await conn.execute(running)).scalars().all()
        for campaign in found:
            await self.open(campaign)

    async def settle_unheard(self) -> None:
        """Settle attempts whose call is over, or gone from the record, and which nobody settles."""
        is_over = calls.c.ended_at < now() - UNHEARD
        unheard = (
            select(attempts.c.call_id, leads.c.id, leads.c.turn)
            .join(leads, leads.c.id == attempts.c.lead_id)
            .outerjoin(calls, calls.c.id == attempts.c.call_id)
            .where(attempts.c.ended_at.is_(None), leads.c.status.in_(DIALLED))
            .where(is_over | calls.c.id.is_(None))
            .limit(AT_ONCE)
        )
        async with self.database.read() as conn:
            found = (await conn.execute(unheard)).all()
        for call_id, lead, turn in found:
            settled = await settle(self.database, call_id)
            if settled.following is not None:
                await self.queue.push([settled.following])
            await self._let_go(f"{lead}:{turn}")

    async def _let_go(self, workflow: str) -> None:
        """A workflow of a process that is gone would keep its place in the queue for ever."""
        state, _ = (await self.queue.states([workflow])).get(workflow, ("", 0.0))
        if state == RUNS:
            await self.queue.cancel(workflow)

    async def wake_overdue(self) -> None:
        """Give leads a new turn whose own is in no queue, or lost."""
        overdue = [*await self._overdue()]
        names = [one.turn().workflow for one in overdue]
        states = await self.queue.states(names) if names else {}
        for one, name in zip(overdue, names, strict=True):
            state, still = states.get(name, ("", LOST_SECONDS))
            unheld = (now() - one.lead["updated_at"]).total_seconds()
            if state in GOES_ON or (state == RUNS and min(still, unheld) < LOST_SECONDS):
                continue
            await self._wake(one, name, state)

    async def _wake(self, one: Standing, workflow: str, state: str) -> None:
        log.warning("a lead whose turn was lost gets a new one", lead=one.lead["id"], was=state)
        if state == RUNS:
            await self.queue.cancel(workflow)
        async with self.database.write() as conn:
            turn = await next_turn(conn, one.turn(), WAITING, now())
        if turn is not None:
            await self.open(turn.campaign)
            await self.queue.push([turn])

    async def _overdue(self) -> list[Standing]:
        due = leads.c.due_at.is_(None) | (leads.c.due_at < now() - OVERDUE)
        old = leads.c.updated_at < now() - OVERDUE
        async with self.database.read() as conn:
            found = await _standing_where(
                conn,
                (leads.c.turn > 0) & ~leads.c.parked & due & old & (leads.c.id > self._after),
                campaigns.c.status.in_(("running", "finished")),
            )
        self._after = found[-1].lead["id"] if len(found) == AT_ONCE else ""
        return found

    async def price(self) -> None:
        """Carriers price calls late: what they have said since stands on the attempts too."""
        told = select(calls.c.cost).where(calls.c.id == attempts.c.call_id).scalar_subquery()
        recent = attempts.c.created_at > now() - PRICED_WITHIN
        unpriced = attempts.c.cost.is_(None) & attempts.c.ended_at.is_not(None) & recent
        priced = select(calls.c.id).where(
            calls.c.id == attempts.c.call_id, calls.c.cost.is_not(None)
        )
        async with self.database.write() as conn:
            await conn.execute(update(attempts).where(unpriced, priced.exists()).values(cost=told))

    async def mind(self) -> None:
        """Pause campaigns whose calls go wrong."""
        await mind(self.database, self.facts)

    async def finish(self) -> None:
        """Campaigns with leads, all of which have ended, are finished."""
        open_ones = select(leads.c.id).where(
            leads.c.campaign_id == campaigns.c.id, leads.c.status.not_in(ENDED)
        )
        any_ones = select(func.count()).where(leads.c.campaign_id == campaigns.c.id)
        over = (
            update(campaigns)
            .where(campaigns.c.status == "running", ~open_ones.exists())
            .where(any_ones.scalar_subquery() > 0)
            .values(status="finished", updated_at=now())
            .returning(campaigns.c.id)
        )
        async with self.database.write() as conn:
            finished = list((await conn.execute(over)).scalars())
        for campaign in finished:
            await self.queue.close(campaign)


async def _standing_where(
    conn: AsyncConnection, which_leads: ColumnElement[bool], which_campaigns: ColumnElement[bool]
) -> list[Standing]:
    """Waiting leads with their campaigns, by id."""
    query = (
        select(leads)
        .join(campaigns, campaigns.c.id == func.coalesce(leads.c.campaign_id, DEFAULT))
        .where(leads.c.status.in_(WAITING), which_leads, which_campaigns)
        .order_by(leads.c.id)
        .limit(AT_ONCE)
    )
    found = (await conn.execute(query)).mappings().all()
    named = {one["campaign_id"] or DEFAULT for one in found}
    theirs = (await conn.execute(select(campaigns).where(campaigns.c.id.in_(named)))).mappings()
    by_id = {one["id"]: one for one in theirs}
    of = [by_id[one["campaign_id"] or DEFAULT] for one in found]
    return [
        Standing(one, campaign, plan_of(campaign)) for one, campaign in zip(found, of, strict=True)
    ]


async def _new_turns(conn: AsyncConnection, found: Sequence[Standing]) -> list[Turn]:
    """The next turn of each; those that somebody else was quicker with are left out."""
    turns = [
        await next_turn(conn, one.turn(), WAITING, await _due(conn, one), parked=False)
        for one in found
    ]
    return [turn for turn in turns if turn is not None]


async def _due(conn: AsyncConnection, one: Standing) -> datetime:
    """When a lead is due by its own time and the plan of today; hours and caps are judged at the gate, then."""
    lead, at = one.lead, now()
    if lead["due_at"] is None or lead["due_at"] <= at:
        return at
    if lead["status"] == "queued" and lead["turn"]:
        not_before: datetime = lead["not_before"] or at
        return max(at, not_before)
    ended = await last_end(conn, lead["id"]) if lead["status"] == "retry" else None
    if ended is None:
        due_at: datetime = lead["due_at"]
        return due_at
    past = await outcomes(conn, lead["id"])
    return max(at, next_due(one.plan.retry, past, lead["id"], ended) or at)


def _has_turns() -> ColumnElement[bool]:
    """Whether a campaign has leads in its queue."""
    turns = select(leads.c.id).where(
        func.coalesce(leads.c.campaign_id, DEFAULT) == campaigns.c.id,
        leads.c.status.in_((*WAITING, *DIALLED)),
        leads.c.turn > 0,
    )
    return turns.exists()

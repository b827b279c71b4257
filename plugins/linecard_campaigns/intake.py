"""Leads on their way into the database: each past its campaign's door, and none twice."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from linecard import Conflict, InvalidField, now
from linecard.store import idempotency
from linecard_campaigns import campaigns, leads, misfit
from linecard_campaigns.door import Door, NewLead, Refused, implicit_plan, open_door
from linecard_campaigns.leads import Lead
from linecard_campaigns.plans import Plan
from linecard_campaigns.standing import DEFAULT

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard import Server

BREATHE_EVERY = 10
"""Leads that are judged before calls that go on get their turn."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A lead that somebody wants in a campaign; `path` is where it stands in the request: `3.`."""

    lead: NewLead
    campaign: str | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a lead is not taken in."""

    field: str
    message: str


class Refusals(Exception):
    """Every fault of a request; nothing was taken in."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = tuple(faults)


class Twice(InvalidField):
    """A lead stands twice in one request."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """The key by which somebody says that this is the same request again, and what the request was."""

    key: str
    body_hash: str


@dataclass(slots=True)
class Judge:
    """Judges leads one after another, and keeps in mind which have passed."""

    server: Server
    plans: dict[str | None, Plan] = field(default_factory=dict)
    _doors: dict[str | None, Door] = field(default_factory=dict, repr=False)
    _seen: dict[tuple[str | None, str, str], str] = field(default_factory=dict, repr=False)
    _count: int = 0

    async def judged(self, conn: AsyncConnection, wish: Wish, id: str, at: datetime) -> Lead:
        """The lead as it will be written. Raises InvalidField or GateRefused."""
        self._count += 1
        if self._count % BREATHE_EVERY == 0:
            await asyncio.sleep(0)
        campaign = named(wish.campaign)
        door = await self._door(conn, campaign, f"{wish.path}campaign")
        to = await door.let_in(conn, wish.lead, wish.path)
        self._first(campaign, "to", to, wish.path)
        if wish.lead.reference is not None:
            self._first(campaign, "reference", wish.lead.reference, wish.path)
        return _lead(wish.lead, campaign, to, id, at + timedelta(microseconds=self._count))

    def _first(self, campaign: str | None, what: str, value: str, path: str) -> None:
        before = self._seen.setdefault((campaign, what, value), path)
        if before != path:
            place = before.rstrip(".")
            raise Twice(f"{path}{what}", f"is the same as that of {place}")

    async def _door(self, conn: AsyncConnection, campaign: str | None, field: str) -> Door:
        if campaign not in self._doors:
            plan = await self._plan(conn, campaign, field)
            self.plans[campaign] = plan
            self._doors[campaign] = await open_door(self.server, plan)
        return self._doors[campaign]

    async def _plan(self, conn: AsyncConnection, campaign: str | None, field: str) -> Plan:
        if campaign is None:
            return await implicit_plan(self.server)
        found = await campaigns.find(conn, campaign)
        if found is None:
            raise InvalidField(field, f"there is no campaign {campaign!r}")
        return found.plan


def named(campaign: str | None) -> str | None:
    """A campaign as leads keep it: none for the implicit one, by whatever name."""
    return None if campaign == DEFAULT else campaign


def _lead(new: NewLead, campaign: str | None, to: str, id: str, at: datetime) -> Lead:
    return Lead(
        id=id,
        campaign_id=campaign,
        to=to,
        reference=new.reference,
        payload=new.payload,
        timezone=new.timezone,
        agent=new.agent,
        not_before=new.not_before,
        due_at=new.not_before,
        created_at=at,
        updated_at=at,
    )


async def take_in(server: Server, wishes: Sequence[Wish], repeat: Repeat | None) -> list[Lead]:
    """All of them, or none.

    Raises Refusals with every fault, and Conflict where a lead is there already, or its campaign was
    stopped. A repeat gets the leads of the first time.
    """
    misfit.refuse(server.database)
    before = await _repeated(server, repeat, len(wishes))
    if before is not None:
        return before
    base = fresh_id()
    judge = Judge(server)
    new = await _judged_all(judge, wishes, _ids(base, len(wishes)))
    try:
        async with server.database.write() as conn:
            await _add_all(conn, judge, wishes, new)
            if repeat is not None:
                await idempotency.keep(conn, repeat.key, repeat.body_hash, base, now())
    except Conflict:
        before = await _repeated(server, repeat, len(wishes))
        if before is None:
            raise
        return before
    return new


async def _repeated(server: Server, repeat: Repeat | None, count: int) -> list[Lead] | None:
    if repeat is None:
        return None
    async with server.database.read() as conn:
        base = await remembered(conn, repeat)
        return None if base is None else await leads.by_ids(conn, _ids(base, count))


async def remembered(conn: AsyncConnection, repeat: Repeat) -> str | None:
    """What a key stands for. Raises Conflict when it was used with another request."""
    kept = await idempotency.find(conn, repeat.key, now() - idempotency.LIFE)
    if kept is None:
        return None
    if kept.body_hash != repeat.body_hash:
        raise Conflict("this Idempotency-Key was used with another request")
    return kept.call_id


def fresh_id() -> str:
    """An id that nobody has."""
    return secrets.token_hex(10)


def _ids(base: str, count: int) -> list[str]:
    """The ids of a request's leads: found again by one word, however many they are."""
    if count == 1:
        return [base]
    return [hashlib.sha256(f"{base}:{n}".encode()).hexdigest()[:20] for n in range(count)]


async def _judged_all(judge: Judge, wishes: Sequence[Wish], ids: Sequence[str]) -> list[Lead]:
    passed, faults, at = [], [], now()
    async with judge.server.database.read() as conn:
        for wish, own_id in zip(wishes, ids, strict=True):
            try:
                passed.append(await judge.judged(conn, wish, own_id, at))
            except Refused as error:
                faults.append(Fault(error.field, error.message))
    if faults:
        raise Refusals(faults)
    return passed


async def _add_all(
    conn: AsyncConnection, judge: Judge, wishes: Sequence[Wish], new: Sequence[Lead]
) -> None:
    paths = {lead.id: wish.path for wish, lead in zip(wishes, new, strict=True)}
    for campaign, plan in sorted(judge.plans.items(), key=lambda one: one[0] or ""):
        theirs = [lead for lead in new if lead.campaign_id == campaign]
        there = await add_new(conn, campaign, plan, theirs)
        for lead in theirs:
            if lead.id in there:
                raise Conflict(f"{paths[lead.id]}{already(there[lead.id], lead)}")


async def add_new(
    conn: AsyncConnection, campaign: str | None, plan: Plan, new: Sequence[Lead]
) -> Mapping[str, Lead]:
    """Add the leads of one campaign that are not there yet; by id those that are, with what is there.

    The campaign's row is held meanwhile, so that nobody adds the same beside us.
    """
    held = await _held(conn, campaign, plan)
    await campaigns.wake(conn, held)
    old = await leads.known(conn, campaign, new)
    by_to = {lead.to: lead for lead in old if campaign is not None or lead.ended_at is None}
    by_reference = {lead.reference: lead for lead in old if lead.reference is not None}
    found = {lead.id: by_to.get(lead.to) or by_reference.get(lead.reference or "") for lead in new}
    await leads.add_all(conn, [lead for lead in new if found[lead.id] is None])
    return {own_id: there for own_id, there in found.items() if there is not None}


async def _held(conn: AsyncConnection, campaign: str | None, plan: Plan) -> campaigns.Campaign:
    if campaign is None:
        return await campaigns.implicit(conn, plan)
    return await campaigns.get(conn, campaign)


def already(old: Lead, new: Lead) -> str:
    """What is said of a lead that is there."""
    same = "to" if old.to == new.to else "reference"
    value = new.to if same == "to" else new.reference
    return f"{same}: {value} is the lead {old.id} already"

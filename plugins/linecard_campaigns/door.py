"""What is asked of a lead before it is taken in: one that can never be dialled is refused, with the field named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from linecard import Direction, GateRefused, InvalidField, NotFound, mask, now
from linecard.store import blocklist
from linecard.store.tables import blocklist as blocked
from linecard.store.tables import numbers
from linecard_campaigns.plans import Plan
from linecard_campaigns.reading import zone
from linecard_campaigns.windows import next_open, zones_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard import Server

FARTHEST = timedelta(days=366)
MOST_NUMBERS = 1000
IMPLICIT_NAME = "Leads without a campaign"
Refused = (InvalidField, GateRefused)
"""What a lead can be refused with; both have `field` and `message`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLead:
    """A lead as somebody wants it. `not_before` is aware."""

    to: str
    reference: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    timezone: str | None = None
    agent: str | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """The door of one campaign, for as many leads as come at a time."""

    plan: Plan
    clear: Callable[[str, str], str]
    check_agent: Callable[[str, str], None]
    blocks: bool
    _opens: dict[tuple[str, ...], bool] = field(default_factory=dict, repr=False)
    """Whether it is ever open in all these zones."""

    async def let_in(self, conn: AsyncConnection, lead: NewLead, path: str = "") -> str:
        """The lead's number in E.164. Raises InvalidField or GateRefused with the field."""
        to = self.clear(lead.to, f"{path}to")
        if to in self.plan.numbers:
            raise InvalidField(f"{path}to", "is one of the campaign's own numbers")
        if self.blocks:
            await _refuse_blocked(conn, to, f"{path}to")
        if lead.agent is not None:
            self.check_agent(lead.agent, f"{path}agent")
        if lead.timezone is not None:
            zone(lead.timezone, f"{path}timezone")
        self._check_hours(to, lead, f"{path}timezone")
        _check_time(lead.not_before, f"{path}not_before")
        return to

    def _check_hours(self, to: str, lead: NewLead, field: str) -> None:
        """Nobody waits for an hour that never comes."""
        if self.plan.at_any_hour:
            return
        zones = zones_of(to, lead.timezone, self.plan.timezone)
        if not zones:
            raise InvalidField(field, f"is needed: nobody knows where {mask(to)} is")
        if zones not in self._opens:
            self._opens[zones] = next_open(self.plan.hours, zones, now()) is not None
        if not self._opens[zones]:
            told = "this zone" if len(zones) == 1 else f"all {len(zones)} zones of this number"
            raise InvalidField(field, f"the campaign's window is never open in {told}")


async def open_door(server: Server, plan: Plan) -> Door:
    """The door of a campaign as it stands now."""
    async with server.database.read() as conn:
        blocks = (await conn.execute(select(blocked.c.id).limit(1))).first() is not None
    return Door(plan, await server.open_gate(), server.check_agent, blocks)


async def implicit_plan(server: Server) -> Plan:
    """The plan for leads that name no campaign: from every number of ours. Raises InvalidField without one."""
    query = (
        select(numbers.c.number, numbers.c.provider, numbers.c.account)
        .where(numbers.c.enabled)
        .order_by(numbers.c.created_at, numbers.c.id)
    )
    async with server.database.read() as conn:
        found = (await conn.execute(query)).all()
    ours = tuple(number for number, *account in found if _is_set_up(server, *account))
    if not ours:
        raise InvalidField("campaign", "is needed: there is no number of ours to call from")
    return Plan(name=IMPLICIT_NAME, numbers=ours[:MOST_NUMBERS])


async def check_plan(server: Server, plan: Plan) -> None:
    """Raise InvalidField for a plan that nobody could be called by."""
    if plan.agent is not None:
        server.check_agent(plan.agent, "agent")
    async with server.database.read() as conn:
        for place, number in enumerate(plan.numbers):
            await _check_number(conn, server, plan, number, f"numbers.{place}")


async def _check_number(
    conn: AsyncConnection, server: Server, plan: Plan, number: str, path: str
) -> None:
    query = select(numbers).where(numbers.c.number == number)
    ours = (await conn.execute(query)).mappings().first()
    if ours is None:
        raise InvalidField(path, f"{number} is not a registered number")
    if not ours["enabled"]:
        raise InvalidField(path, f"{number} is switched off")
    try:
        facts = server.facts(ours["provider"], ours["account"])
    except NotFound as error:
        raise InvalidField(path, f"its account is not set up: {error}") from error
    if plan.ring_seconds > facts.max_ring_seconds:
        raise InvalidField("ring_seconds", f"at most {facts.max_ring_seconds} from {number}")
    if (plan.max_seconds or 0) > facts.max_call_seconds:
        raise InvalidField("max_seconds", f"at most {facts.max_call_seconds} from {number}")
    if plan.machine != "off" and plan.machine not in facts.machine_detection:
        raise InvalidField("machine", f"{plan.machine} is not supported from {number}")


def _is_set_up(server: Server, provider: str, account: str) -> bool:
    try:
        server.facts(provider, account)
    except NotFound:
        return False
    return True


async def _refuse_blocked(conn: AsyncConnection, to: str, field: str) -> None:
    if await blocklist.fitting(conn, to, Direction.OUTBOUND) is not None:
        raise GateRefused(field, f"{mask(to)} is on the blocklist: it is not called")


def _check_time(not_before: datetime | None, field: str) -> None:
    if not_before is not None and not_before > now() + FARTHEST:
        raise InvalidField(field, "is more than a year away")

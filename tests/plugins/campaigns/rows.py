"""Campaigns and leads put into a database as the API puts them, and read again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from linecard.store import Database
from linecard.tokens import new_id
from linecard.wall import now
from linecard_campaigns.plans import parse_plan, plan_as_data
from linecard_campaigns.tables import attempts, campaigns, leads


async def add_campaign(database: Database, numbers: Iterable[str], **plan: Any) -> str:
    """A running campaign; its id."""
    made = parse_plan({"name": "test", "numbers": list(numbers), **plan})
    row = {
        "id": new_id(),
        "name": made.name,
        "agent": made.agent,
        "numbers": list(made.numbers),
        "plan": plan_as_data(made),
        "status": "running",
        "created_at": now(),
        "updated_at": now(),
    }
    async with database.write() as conn:
        await conn.execute(insert(campaigns).values(row))
    return str(row["id"])


async def add_leads(
    database: Database, campaign: str, numbers: Iterable[str], due_at: datetime | None = None
) -> list[str]:
    """Queued leads to these numbers; their ids."""
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "campaign_id": campaign,
            "to": to,
            "payload": {},
            "status": "queued",
            "turn": 0,
            "parked": False,
            "due_at": due_at,
            "created_at": now(),
            "updated_at": now(),
        }
        for to in numbers
    ]
    async with database.write() as conn:
        await conn.execute(insert(leads), rows)
    return [str(row["id"]) for row in rows]


async def all_leads(database: Database) -> list[Mapping[str, Any]]:
    """Every lead as it stands."""
    async with database.read() as conn:
        found = (await conn.execute(select(leads))).mappings()
        return [{column.key: row[column] for column in leads.c} for row in found]


async def all_attempts(database: Database) -> list[Mapping[str, Any]]:
    """Every attempt, the first ones first."""
    query = select(attempts).order_by(attempts.c.created_at)
    async with database.read() as conn:
        found = (await conn.execute(query)).mappings()
        return [{column.key: row[column] for column in attempts.c} for row in found]


async def statuses(database: Database) -> Counter[str]:
    """How many leads stand where."""
    return Counter(str(one["status"]) for one in await all_leads(database))

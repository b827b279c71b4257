"""People who are called no more, or forgotten: their leads, in the transaction that says so, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from tests.plugins.campaigns.rows import add_campaign, add_leads, all_attempts, all_leads

import linecard
from linecard import Call, CallStatus, Conflict, Direction
from linecard.exchange import blocking, opting
from linecard.exchange.context import Exchange
from linecard.exchange.forgetting.asking import Wish, forget
from linecard.exchange.lifecycle import build_exchange
from linecard.exchange.retention import Retention
from linecard.numbers import Blocks
from linecard.plugins import OtherPlugin, Plugins
from linecard.settings import load_settings
from linecard.store import Database, blocklist, calls, tables
from linecard.store.blocklist import Blocked
from linecard.tokens import new_id
from linecard.wall import now
from linecard_campaigns.settling import settle
from linecard_campaigns.tables import attempts, campaigns, leads
from linecard_campaigns.views import report_of

OURS, TO, OTHER = "+14155550100", "+14155550123", "+14155550124"


class Failing:
    """A plugin that cannot do its part, once it is broken; it is asked last."""

    is_broken = False

    @linecard.hookimpl(trylast=True)
    async def number_blocked(self, number: str) -> None:
        if self.is_broken:
            raise RuntimeError(number)

    @linecard.hookimpl(trylast=True)
    async def number_forgotten(self, number: str) -> dict[str, int]:
        if self.is_broken:
            raise RuntimeError(number)
        return {}


@pytest.fixture
def failing() -> Failing:
    """The plugin of this test."""
    return Failing()


@pytest.fixture
async def exchange(
    database: Database, database_url: str, failing: Failing
) -> AsyncIterator[Exchange]:
    """A server's parts on this database; nothing of it runs."""
    settings = load_settings(
        {
            "LINECARD_PUBLIC_URL": "http://127.0.0.1:8080",
            "LINECARD_DATABASE_URL": database_url,
            "LINECARD_API_KEY": "k" * 20,
            "LINECARD_SECRET": "s" * 40,
            "LINECARD_RECORDINGS": "off",
        },
        {},
        None,
    )
    plugins = Plugins.discover()
    plugins.add(OtherPlugin("failing", failing, "tests", "0"))
    made = build_exchange(settings, plugins, ())
    await made.database.open()
    async with made.database.write() as conn:
        for table in (tables.blocklist, tables.timeline, tables.outbox, tables.calls):
            await conn.execute(delete(table))
    yield made
    await made.database.close()


async def dialled(database: Database, lead: str, status: CallStatus) -> str:
    """The lead's call, with its attempt."""
    call = Call(
        id=new_id(), provider="acme", account="main", direction=Direction.OUTBOUND, from_=OURS,
        to=TO, number=OURS, agent="echo", profile="any", status=status, created_at=now(),
    )  # fmt: skip
    row = {
        "call_id": call.id, "lead_id": lead, "n": 1, "number": OURS, "provider": "acme",
        "account": "main", "to": TO, "answered": False, "created_at": now(),
    }  # fmt: skip
    async with database.write() as conn:
        await calls.add(conn, call)
        campaign = await conn.execute(select(leads.c.campaign_id).where(leads.c.id == lead))
        await conn.execute(insert(attempts).values(row | {"campaign_id": campaign.scalar_one()}))
        dialling = {"status": "dialing", "call_id": call.id, "turn": 1}
        await conn.execute(update(leads).where(leads.c.id == lead).values(dialling))
    return call.id


async def three(database: Database) -> tuple[str, list[str]]:
    """A lead under way, one that waits in another campaign, and one of somebody else; the call of the first."""
    ids = []
    for to in (TO, TO, OTHER):
        campaign = await add_campaign(database, [OURS], retry={"busy": 5})
        ids += await add_leads(database, campaign, [to])
    return await dialled(database, ids[0], CallStatus.IN_PROGRESS), ids


async def stood(database: Database, ids: list[str]) -> list[tuple[str, str | None]]:
    found = {one["id"]: (one["status"], one["outcome"]) for one in await all_leads(database)}
    return [found[one] for one in ids]


def entry(caller: str, direction: Blocks = Blocks.BOTH) -> Blocked:
    return Blocked(id=new_id(), caller=caller, direction=direction, note=None, created_at=now())


async def test_an_opt_out_stops_the_other_leads_at_once(
    exchange: Exchange, database: Database
) -> None:
    call, ids = await three(database)
    await opting.opt_out(exchange, call)
    assert await stood(database, ids) == [
        ("dialing", "opted-out"),
        ("canceled", "opted-out"),
        ("queued", None),
    ]


async def test_a_dial_that_is_just_being_written_is_the_last_one(
    exchange: Exchange, database: Database
) -> None:
    _, ids = await three(database)

    async def block() -> None:
        async with exchange.database.write() as conn:
            await blocking.block(exchange, conn, entry(TO))

    async with database.write() as conn:
        claimed = update(leads).where(leads.c.id == ids[1])
        await conn.execute(claimed.values(status="dialing"))
        blocks = asyncio.create_task(block())
        await asyncio.sleep(0.3)
        assert not blocks.done(), "it waits for the dial that has the lead"
    await blocks
    assert (await stood(database, ids))[1] == ("dialing", "opted-out")


@pytest.mark.parametrize("written", [TO, "+14155550123*", "+1415555012*"])
async def test_an_entry_of_the_list_stops_whom_it_fits(
    exchange: Exchange, database: Database, written: str
) -> None:
    _, ids = await three(database)
    async with exchange.database.write() as conn:
        await blocking.block(exchange, conn, entry(written))
    last = ("queued", None) if written != "+1415555012*" else ("canceled", "opted-out")
    assert (await stood(database, ids))[1:] == [("canceled", "opted-out"), last]


async def test_whose_calls_are_not_taken_is_still_called(
    exchange: Exchange, database: Database
) -> None:
    _, ids = await three(database)
    async with exchange.database.write() as conn:
        await blocking.block(exchange, conn, entry(TO, Blocks.INBOUND))
    assert (await stood(database, ids))[1] == ("queued", None)


async def test_a_lead_that_opts_out_while_it_is_called_is_never_tried_again(
    exchange: Exchange, database: Database
) -> None:
    call, ids = await three(database)
    async with exchange.database.write() as conn:
        await blocking.block(exchange, conn, entry(TO))
        await blocklist.remove(conn, TO)
        await calls.update(conn, call, status=CallStatus.BUSY, ended_at=now())
    assert (await settle(database, call)).following is None
    assert (await stood(database, ids))[0] == ("failed", "busy")


async def test_a_plugin_that_fails_leaves_nothing_of_a_block(
    exchange: Exchange, database: Database, failing: Failing
) -> None:
    call, ids = await three(database)
    before = await stood(database, ids)
    failing.is_broken = True
    with pytest.raises(RuntimeError):
        await opting.opt_out(exchange, call)
    assert await stood(database, ids) == before
    async with database.read() as conn:
        assert await blocklist.fitting(conn, TO, Direction.OUTBOUND) is None
        kept = await calls.get(conn, call)
    assert kept is not None
    assert kept.outcome is None


async def confided(database: Database, ids: list[str]) -> None:
    """Leads that say who it is, wherever one can."""
    said: dict[str, Any] = {
        "payload": {"name": "Zebulon", "tel": TO},
        "reference": f"r-{TO}",
        "timezone": "America/Chicago",
        "reason": f"called {TO}",
    }
    async with database.write() as conn:
        await conn.execute(update(leads).where(leads.c.id.in_(ids)).values(said))


async def over(database: Database, call: str, outcome: str) -> None:
    async with database.write() as conn:
        changes = {"status": CallStatus.COMPLETED, "outcome": outcome, "ended_at": now()}
        await calls.update(conn, call, **changes, answered_at=now())
    await settle(database, call)


async def test_who_is_forgotten_is_in_no_lead_and_in_every_count(
    exchange: Exchange, database: Database
) -> None:
    call, ids = await three(database)
    await confided(database, ids)
    await over(database, call, f"sold to Zebulon {TO}")
    async with database.write() as conn:
        owner = (
            await conn.execute(select(leads.c.campaign_id).where(leads.c.id == ids[0]))
        ).scalar_one()
        before = await report_of(conn, owner)
    dry = await forget(exchange, Wish(number=TO, dry_run=True))
    assert (dry.erased["leads"], dry.erased["attempts"]) == (2, 1)
    assert (await all_leads(database))[0]["to"] in (TO, OTHER), "a dry run changes nothing"
    report = await forget(exchange, Wish(number=TO))
    assert report.erased == dry.erased
    rows = [*await all_leads(database), *await all_attempts(database)]
    assert "4155550123" not in str(rows)
    assert sum("Zebulon" in str(row) for row in rows) == 1, "somebody else has that name too"
    assert await stood(database, ids) == [
        ("finished", "forgotten"),
        ("canceled", "forgotten"),
        ("queued", None),
    ]
    async with database.read() as conn:
        after = await report_of(conn, owner)
    assert (after.funnel, after.results, after.cost) == (before.funnel, before.results, before.cost)
    assert sum(after.outcomes.values()) == sum(before.outcomes.values())
    again = await forget(exchange, Wish(number=TO))
    assert not any(again.erased.values())


async def test_nobody_is_forgotten_while_a_lead_is_called(
    exchange: Exchange, database: Database
) -> None:
    _, ids = await three(database)
    with pytest.raises(Conflict):
        await forget(exchange, Wish(number=TO))
    assert (await stood(database, ids))[1] == ("queued", None)


async def test_a_plugin_that_fails_leaves_everything_of_a_person(
    exchange: Exchange, database: Database, failing: Failing
) -> None:
    call, ids = await three(database)
    await over(database, call, "sold")
    before = await all_leads(database)
    failing.is_broken = True
    with pytest.raises(RuntimeError):
        await forget(exchange, Wish(number=TO))
    assert sorted(map(str, await all_leads(database))) == sorted(map(str, before))
    assert (await stood(database, ids))[1] == ("queued", None)


async def test_what_is_old_is_erased_and_still_counted(
    exchange: Exchange, database: Database
) -> None:
    campaign = await add_campaign(database, [OURS])
    people = [f"+1415555{n:04}" for n in range(450)]
    ids = await add_leads(database, campaign, people)
    async with database.write() as conn:
        ended = update(leads).where(leads.c.id.in_(ids[:-1]))
        past = now() - timedelta(days=401)
        await conn.execute(ended.values(status="finished", outcome="completed", ended_at=past))
        before = await report_of(conn, campaign)
    await confided_one(database, ids[0])
    await Retention(exchange).sweep(now())
    left = {one["id"]: one for one in await all_leads(database)}
    assert [left[one]["to"] for one in ids[-1:]] == people[-1:], "it is still to be called"
    assert all(left[one]["to"] == f"forgotten-{one}" for one in ids[:-1])
    assert (left[ids[0]]["payload"], left[ids[0]]["reference"]) == ({}, None)
    async with database.read() as conn:
        assert await report_of(conn, campaign) == before
        kept = (await conn.execute(select(campaigns.c.id))).scalars().all()
    assert kept == [campaign]


async def confided_one(database: Database, lead: str) -> None:
    async with database.write() as conn:
        said = {"payload": {"name": "Zebulon"}, "reference": "r"}
        await conn.execute(update(leads).where(leads.c.id == lead).values(said))

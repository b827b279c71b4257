"""A campaign under way gets another plan: what that means for leads which wait already."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from tests.plugins.campaigns.test_gate import World, world

from linecard import CallStatus, now
from linecard_campaigns import campaigns as store
from linecard_campaigns.tables import campaigns, leads
from linecard_campaigns.tickets import Turn

__all__ = ["world"]

MINUTE = timedelta(minutes=1)


def closed_now() -> dict[str, Any]:
    """A window of two minutes, half a day from now."""
    opens = now() + timedelta(hours=12)
    return {"window": f"{opens:%H:%M}-{opens + 2 * MINUTE:%H:%M}", "timezone": "UTC"}


async def replan(world: World, turn: Turn, **changes: Any) -> None:
    async with world.database.write() as conn:
        await store.replan(conn, turn.campaign, changes)
    world.queue.pushed.clear()
    await world.sweeper.feed()


async def test_a_wider_window_calls_at_once_who_waited_for_the_old_one(world: World) -> None:
    turn = await world.lead(**closed_now())
    later = await world.dialler.dial(turn)
    assert isinstance(later, Turn)
    await replan(world, turn, window="00:00-24:00")
    (fresh,) = world.queue.pushed
    assert fresh.due_at is not None
    assert fresh.due_at <= now()
    assert world.queue.dropped == [later.workflow], "its turn of later has nothing to do"
    await world.dialled(fresh)


async def test_a_narrower_window_holds_who_is_due(world: World) -> None:
    turn = await world.lead()
    await replan(world, turn, **closed_now())
    assert world.queue.pushed == [], "its turn is in the queue, and is judged there"
    assert isinstance(await world.dialler.dial(turn), Turn)


async def test_nobody_is_called_before_their_own_time(world: World) -> None:
    turn = await world.lead(**closed_now())
    not_before = now() + timedelta(hours=2)
    async with world.database.write() as conn:
        await conn.execute(update(leads).values(not_before=not_before))
    await world.dialler.dial(turn)
    await replan(world, turn, window="00:00-24:00")
    (fresh,) = world.queue.pushed
    assert fresh.due_at == not_before


async def test_another_back_off_counts_from_the_end_of_the_call(world: World) -> None:
    turn = await world.lead(retry={"busy": {"minutes": 600, "jitter": 0}})
    following = await world.over(await world.dialled(turn), CallStatus.BUSY)
    assert following is not None
    await replan(world, turn, retry={"busy": {"minutes": 10, "jitter": 0}})
    (fresh,) = world.queue.pushed
    assert fresh.due_at is not None
    assert 9 * MINUTE < fresh.due_at - now() <= 10 * MINUTE


async def test_a_lead_with_no_attempts_left_ends(world: World) -> None:
    turn = await world.lead(max_attempts=3, retry={"busy": 600})
    await world.over(await world.dialled(turn), CallStatus.BUSY)
    await replan(world, turn, max_attempts=1)
    (fresh,) = world.queue.pushed
    async with world.database.write() as conn:
        await conn.execute(update(leads).values(due_at=now()))
    assert await world.dialler.dial(fresh) is None
    lead = await world.the_lead()
    assert (lead["status"], lead["outcome"]) == ("failed", "busy")


async def test_a_name_wakes_nobody_and_the_guard_begins_nothing_anew(world: World) -> None:
    turn = await world.lead(**closed_now())
    await world.dialler.dial(turn)
    watched = now() - timedelta(days=1)
    await world.set_campaign(watched_from=watched)
    await replan(world, turn, name="another")
    assert world.queue.pushed == []
    async with world.database.read() as conn:
        kept = (await conn.execute(select(campaigns))).mappings().one()
    assert (kept["name"], kept["watched_from"]) == ("another", watched)


async def test_a_paused_campaign_is_changed_and_stays_paused(world: World) -> None:
    turn = await world.lead(**closed_now())
    await world.dialler.dial(turn)
    await world.set_campaign(status="paused")
    await replan(world, turn, window="00:00-24:00")
    assert world.queue.pushed == []
    await world.set_campaign(status="running")
    await world.sweeper.feed()
    assert len(world.queue.pushed) == 1

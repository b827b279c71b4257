"""What keeps a lead from being dialled at the last instant, and what becomes of it then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update
from tests.plugins.campaigns.rows import add_campaign, add_leads, all_attempts, all_leads

from linecard import Call, CallStatus, DialRequest, Direction, GateRefused, LimitReached
from linecard.numbers import Blocks, Number
from linecard.plugins import Plugins
from linecard.store import Database, blocklist, calls, numbers, timeline
from linecard.store.blocklist import Blocked
from linecard.tokens import new_id
from linecard.wall import now
from linecard_campaigns import dialling
from linecard_campaigns.blocking import number_blocked
from linecard_campaigns.dialling import Dialler
from linecard_campaigns.judging import may_dial
from linecard_campaigns.lines import Pool
from linecard_campaigns.minding import mind
from linecard_campaigns.settling import settle
from linecard_campaigns.standing import standing
from linecard_campaigns.sweeping import Sweeper
from linecard_campaigns.tables import attempts, campaigns, leads
from linecard_campaigns.tickets import Turn

OURS, OTHER = "+14155550100", "+14155550101"
TO = "+14155550123"


class Stub:
    """A server with nothing but a database: its `dial` is the core's transaction, and no carrier."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.limit: LimitReached | None = None
        self.full: set[str] = set()

    async def dial(self, wish: DialRequest) -> Call:
        call = Call(
            id=new_id(),
            provider="acme",
            account="main" if wish.from_ == OURS else "second",
            direction=Direction.OUTBOUND,
            from_=wish.from_,
            to=wish.to,
            number=wish.from_,
            agent=wish.agent or "echo",
            profile="l16-8000",
            status=CallStatus.QUEUED,
            created_at=now(),
            metadata=wish.metadata,
        )
        async with self.database.write() as conn:
            if self.limit is not None:
                raise self.limit
            if wish.from_ in self.full:
                raise LimitReached("channels", "1 of 1 channels are in use")
            veto = await may_dial(call, conn)
            if veto:
                raise GateRefused("to", veto)
            await calls.add(conn, call)
        return call


class Queue:
    """Keeps what is pushed."""

    def __init__(self) -> None:
        self.pushed: list[Turn] = []
        self.canceled: list[str] = []
        self.told: dict[str, tuple[str, float]] = {}
        self.closed: list[str] = []
        self.dropped: list[str] = []

    async def push(self, turns: Any) -> None:
        self.pushed += turns

    async def states(self, workflows: Any) -> Any:
        return self.told

    async def cancel(self, workflow: str) -> None:
        self.canceled.append(workflow)

    async def drop(self, workflows: Any) -> None:
        self.dropped += workflows

    async def close(self, campaign: str) -> None:
        self.closed.append(campaign)


class World:
    """A database, what dials on it, and a queue that only remembers."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.server = Stub(database)
        server: Any = self.server
        self.dialler = Dialler(server, Pool(server))
        self.queue = Queue()
        self.sweeper = Sweeper(database, self.queue, self._opened)

    async def _opened(self, _campaign: str) -> None:
        return None

    async def lead(self, to: str = TO, pool: tuple[str, ...] = (OURS,), **plan: Any) -> Turn:
        """The first turn of a lead of a campaign of its own."""
        campaign = await add_campaign(self.database, pool, **plan)
        await add_leads(self.database, campaign, [to])
        self.queue.pushed.clear()
        await self.sweeper.feed()
        (turn,) = self.queue.pushed
        return turn

    async def dialled(self, turn: Turn) -> str:
        said = await self.dialler.dial(turn)
        assert isinstance(said, str), said
        return said

    async def over(self, call_id: str, status: CallStatus, **changes: Any) -> Turn | None:
        """The call ends so, and its attempt is settled."""
        async with self.database.write() as conn:
            await calls.update(conn, call_id, status=status, ended_at=now(), **changes)
        settled = await settle(self.database, call_id)
        assert settled.is_over
        return settled.following

    async def the_lead(self) -> dict[str, Any]:
        (lead,) = await all_leads(self.database)
        return dict(lead)

    async def set_campaign(self, **values: Any) -> None:
        async with self.database.write() as conn:
            await conn.execute(update(campaigns).values(values))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    database = Database(
        f"sqlite:///{tmp_path}/gate.db", Plugins.discover().ask_all_flat("migrations")
    )
    await database.open()
    async with database.write() as conn:
        for number, account in ((OURS, "main"), (OTHER, "second")):
            ours = Number(
                id=number, number=number, provider="acme", account=account, agent="echo", channels=9,
                max_seconds=60,
            )  # fmt: skip
            await numbers.add(conn, ours)
    yield World(database)
    await database.close()


async def test_a_turn_claims_its_lead_once(world: World) -> None:
    turn = await world.lead()
    call = await world.dialled(turn)
    assert await world.dialled(turn) == call, "after a crash the turn is given its own call"
    (attempt,) = await all_attempts(world.database)
    assert (attempt["call_id"], attempt["n"], attempt["ended_at"]) == (call, 1, None)
    assert (await world.the_lead())["status"] == "dialing"


async def test_an_older_turn_dials_nobody_and_hands_on_to_the_newer_one(world: World) -> None:
    turn = await world.lead()
    async with world.database.write() as conn:
        await conn.execute(update(leads).values(turn=2))
    said = await world.dialler.dial(turn)
    assert isinstance(said, Turn)
    assert said.turn == 2
    assert await all_attempts(world.database) == []


async def test_hours_that_are_closed_give_a_turn_when_they_open(world: World) -> None:
    at = now()
    closed = [
        {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "to": "00:02"}
    ]
    if (at.hour, at.minute) <= (0, 3):
        closed[0] |= {"from": "12:00", "to": "12:02"}
    turn = await world.lead(window=closed, timezone="UTC")
    following = await world.dialler.dial(turn)
    assert isinstance(following, Turn)
    assert following.due_at is not None
    assert at < following.due_at <= at + timedelta(hours=25)
    lead = await world.the_lead()
    assert (lead["status"], lead["turn"]) == ("queued", 2)
    assert "closed at" in lead["reason"]
    assert await all_attempts(world.database) == []


async def test_a_zone_that_nobody_knows_is_closed_and_ends_the_lead(world: World) -> None:
    window = [{"days": ["mon"], "from": "09:00", "to": "17:00"}]
    turn = await world.lead("+88213123456", window=window)
    assert await world.dialler.dial(turn) is None
    lead = await world.the_lead()
    assert lead["status"] == "failed"
    assert "time zone" in lead["reason"]


async def test_caps_count_the_attempts_of_every_campaign(world: World) -> None:
    first = await world.lead()
    await world.over(await world.dialled(first), CallStatus.COMPLETED)
    second = await world.lead(caps=[{"calls": 1, "days": 1}])
    following = await world.dialler.dial(second)
    assert isinstance(following, Turn)
    assert following.due_at is not None
    assert following.due_at > now() + timedelta(hours=23)


async def test_a_budget_that_is_spent_pauses_the_campaign(world: World) -> None:
    turn = await world.lead(budget="0.05", retry={"busy": {"minutes": 0}})
    following = await world.over(await world.dialled(turn), CallStatus.BUSY, cost="0.06")
    assert following is not None
    assert await world.dialler.dial(following) is None
    lead = await world.the_lead()
    assert (lead["status"], lead["parked"]) == ("retry", True)
    async with world.database.read() as conn:
        stands = await standing(conn, turn.lead)
    assert stands is not None
    assert (stands.campaign["status"], "budget" in stands.campaign["reason"]) == ("paused", True)


async def test_a_paused_campaign_parks_and_goes_on_where_it_is_resumed(world: World) -> None:
    turn = await world.lead()
    await world.set_campaign(status="paused")
    assert await world.dialler.dial(turn) is None
    assert (await world.the_lead())["parked"]
    await world.sweeper.feed()
    assert len(world.queue.pushed) == 1, "nothing is fed while it is paused"
    await world.set_campaign(status="running")
    await world.sweeper.feed()
    resumed = world.queue.pushed[-1]
    assert resumed.turn == turn.turn + 1
    assert await world.dialled(resumed)


async def test_a_stopped_campaign_ends_the_lead(world: World) -> None:
    turn = await world.lead()
    await world.set_campaign(status="stopped")
    assert await world.dialler.dial(turn) is None
    assert (await world.the_lead())["status"] == "canceled"


async def test_the_campaign_s_channels_are_counted_from_its_leads(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialling, "TRIES", 1)
    campaign = await add_campaign(world.database, [OURS], channels=1)
    await add_leads(world.database, campaign, [TO, "+14155550124"])
    await world.sweeper.feed()
    first, second = world.queue.pushed
    call = await world.dialled(first)
    refused = await world.dialler.dial(second)
    assert isinstance(refused, Turn)
    await world.over(call, CallStatus.COMPLETED)
    assert await world.dialled(refused)


async def test_a_number_without_a_channel_leaves_it_to_the_next(world: World) -> None:
    turn = await world.lead(pool=(OURS, OTHER))
    world.server.full = {OURS}
    await world.dialled(turn)
    (attempt,) = await all_attempts(world.database)
    assert attempt["number"] == OTHER


async def test_what_stays_reached_for_long_costs_no_attempt_and_no_patience(world: World) -> None:
    turn = await world.lead()
    world.server.limit = LimitReached("LINECARD_DAILY_SPEND", "spent")
    following = await world.dialler.dial(turn)
    assert isinstance(following, Turn)
    assert following.due_at is not None
    assert following.due_at > now() + timedelta(minutes=10)
    assert await all_attempts(world.database) == []


async def refused_by_carrier(
    world: World, call: str, status: int | None, after: float | None
) -> None:
    facts = {"status": status, "code": "", "retry_after": after}
    async with world.database.write() as conn:
        await timeline.append(conn, call, "dial-refused", facts, now())


async def test_a_carrier_that_is_asked_too_often_costs_no_attempt(world: World) -> None:
    call = await world.dialled(await world.lead())
    await refused_by_carrier(world, call, 429, 40.0)
    following = await world.over(call, CallStatus.FAILED)
    assert following is not None
    assert following.due_at is not None
    assert timedelta(seconds=35) < following.due_at - now() <= timedelta(seconds=40)
    assert await all_attempts(world.database) == []
    assert (await world.the_lead())["status"] == "queued"


async def test_a_certain_no_leaves_it_to_another_account_at_once(world: World) -> None:
    turn = await world.lead(pool=(OURS, OTHER), max_attempts=1, retry={"failed": False})
    call = await world.dialled(turn)
    await refused_by_carrier(world, call, 400, None)
    following = await world.over(call, CallStatus.FAILED)
    assert following is not None
    again = await world.dialled(following)
    made = await all_attempts(world.database)
    assert len({one["account"] for one in made}) == 2
    await refused_by_carrier(world, again, 400, None)
    assert await world.over(again, CallStatus.FAILED) is None, "all have refused"
    assert (await world.the_lead())["status"] == "failed"


async def test_an_end_that_says_no_more_is_not_left_to_another(world: World) -> None:
    turn = await world.lead(pool=(OURS, OTHER), max_attempts=1)
    assert await world.over(await world.dialled(turn), CallStatus.FAILED) is None


async def test_who_opts_out_is_called_by_no_other_campaign(world: World) -> None:
    call = await world.dialled(await world.lead())
    campaign = await add_campaign(world.database, [OURS])
    await add_leads(world.database, campaign, [TO])
    async with world.database.write() as conn:
        await blocklist.add(
            conn,
            Blocked(id=new_id(), caller=TO, direction=Blocks.BOTH, note=None, created_at=now()),
        )
        await number_blocked(conn, TO)
    await world.over(call, CallStatus.BUSY)
    assert sorted(one["status"] for one in await all_leads(world.database)) == [
        "canceled",
        "failed",
    ]


async def test_an_unknown_placement_shows_and_is_never_given_a_turn(world: World) -> None:
    call = await world.dialled(await world.lead())
    async with world.database.write() as conn:
        await calls.update(conn, call, status=CallStatus.UNKNOWN)
    assert not (await settle(world.database, call)).is_over
    assert (await world.the_lead())["status"] == "unknown"
    world.queue.pushed.clear()
    await world.sweeper.sweep()
    assert world.queue.pushed == []


async def test_the_sweep_settles_what_nobody_heard_and_frees_its_place(world: World) -> None:
    turn = await world.lead(retry={"busy": {"minutes": 5}})
    call = await world.dialled(turn)
    async with world.database.write() as conn:
        ended = now() - timedelta(minutes=1)
        await calls.update(conn, call, status=CallStatus.BUSY, ended_at=ended)
    world.queue.told = {turn.workflow: ("PENDING", 100.0)}
    world.queue.pushed.clear()
    await world.sweeper.sweep()
    assert [one.turn for one in world.queue.pushed] == [turn.turn + 1]
    assert world.queue.canceled == [turn.workflow]
    (attempt,) = await all_attempts(world.database)
    assert attempt["outcome"] == "busy"


@pytest.mark.parametrize(
    ("state", "woken"),
    [
        (None, True),
        (("SUCCESS", 70.0), True),
        (("ENQUEUED", 7000.0), False),
        (("DELAYED", 7000.0), False),
        (("PENDING", 60.0), False),
        (("PENDING", 3600.0), True),
    ],
)
async def test_a_turn_that_is_in_no_queue_is_given_again(
    world: World, state: tuple[str, float] | None, woken: bool
) -> None:
    turn = await world.lead()
    async with world.database.write() as conn:
        long_ago = now() - timedelta(minutes=20)
        await conn.execute(update(leads).values(due_at=long_ago, updated_at=long_ago))
    world.queue.told = {} if state is None else {turn.workflow: state}
    world.queue.pushed.clear()
    await world.sweeper.sweep()
    assert [one.turn for one in world.queue.pushed] == ([turn.turn + 1] if woken else [])


async def test_a_campaign_whose_leads_are_over_is_finished(world: World) -> None:
    await world.over(await world.dialled(await world.lead()), CallStatus.COMPLETED)
    await world.sweeper.sweep()
    async with world.database.read() as conn:
        stands = await standing(conn, (await world.the_lead())["id"])
    assert stands is not None
    assert stands.campaign["status"] == "finished"
    assert world.queue.closed == [stands.campaign["id"]]


async def test_a_number_whose_calls_are_all_short_pauses_the_campaign(world: World) -> None:
    turn = await world.lead(guard={"calls": 20, "short": 0.5})
    rows = [
        {
            "call_id": f"c{n}", "lead_id": turn.lead, "campaign_id": turn.campaign, "n": n + 2,
            "number": OURS, "provider": "acme", "account": "main", "to": TO, "answered": True,
            "duration": 2, "created_at": now(), "ended_at": now(),
        }
        for n in range(20)
    ]  # fmt: skip
    async with world.database.write() as conn:
        await conn.execute(insert(attempts), rows)
    await mind(world.database)
    async with world.database.read() as conn:
        stands = await standing(conn, turn.lead)
    assert stands is not None
    assert stands.campaign["status"] == "paused"
    assert OURS in stands.campaign["reason"]


async def test_a_lead_that_waits_here_shows_that_it_is_held(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialling, "TRIES", 2)
    turn = await world.lead()
    world.server.limit = LimitReached("LINECARD_MAX_LIVE_CALLS", "none is free", retry_after=0.3)
    waiting = asyncio.create_task(world.dialler.dial(turn))
    async with world.database.write() as conn:
        await conn.execute(update(leads).values(updated_at=now() - timedelta(minutes=20)))
    await asyncio.sleep(0.1)
    await world.dialler.beat()
    assert (await world.the_lead())["updated_at"] > now() - timedelta(minutes=1)
    await waiting
    async with world.database.write() as conn:
        await conn.execute(update(leads).values(updated_at=now() - timedelta(minutes=20)))
    await world.dialler.beat()
    assert (await world.the_lead())["updated_at"] < now() - timedelta(minutes=1)

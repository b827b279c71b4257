"""The rules of a plan at the last instant, in the transaction of the intent: on both databases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from tests.plugins.campaigns.rows import add_campaign, add_leads, all_attempts

from linecard import Call, CallStatus, Direction, Facts, Number
from linecard.store import Database, numbers
from linecard.wall import now
from linecard_campaigns import checks, judging
from linecard_campaigns.clocks import Clocks, differ
from linecard_campaigns.lines import refusals
from linecard_campaigns.minding import mind
from linecard_campaigns.standing import outcomes
from linecard_campaigns.tables import attempts, campaigns, leads
from linecard_campaigns.tickets import Refusal, Turn, ticketed

OURS, OTHER = "+14155550100", "+14155550101"
DELHI = "+911140001000"
LA = "+12135550150"
TOLL_FREE = "+18005550199"
NOON_IN_LA = datetime(2026, 12, 1, 20, tzinfo=UTC)
FACTS = Facts(
    calls_per_second=2,
    above_limit="queued",
    max_call_seconds=3600,
    max_ring_seconds=60,
    most_short=0.2,
    most_unanswered=0.4,
    uncounted=frozenset({"+91"}),
)


@dataclass
class Gate:
    """Asks the gate about leads, one after the other."""

    database: Database
    asked: int = 0

    async def ask(self, lead: str, number: str = OURS) -> Refusal | None:
        """What the gate says of a lead now; where it lets it through the attempt is written."""
        async with self.database.read() as conn:
            row = (await conn.execute(select(leads).where(leads.c.id == lead))).mappings().one()
        turn = Turn(lead=lead, turn=row["turn"], campaign=row["campaign_id"], number=number)
        self.asked += 1
        made = replace(CALL, id=f"call-{self.asked}", to=row["to"], number=number, created_at=now())
        with ticketed(turn) as ticket:
            async with self.database.write() as conn:
                reason = await judging.may_dial(made, conn)
        assert reason == (ticket.refusal.reason if ticket.refusal else None)
        return ticket.refusal

    async def campaign(self, to: list[str], **plan: Any) -> list[str]:
        """The leads of a new campaign."""
        made = await add_campaign(self.database, plan.pop("numbers", [OURS]), **plan)
        return await add_leads(self.database, made, to)


CALL = Call(
    id="call",
    provider="acme",
    account="main",
    direction=Direction.OUTBOUND,
    from_=OURS,
    to=LA,
    number=OURS,
    agent="echo",
    profile="l16",
    status=CallStatus.QUEUED,
    created_at=NOON_IN_LA,
)


@pytest.fixture
def gate(database: Database) -> Gate:
    return Gate(database)


def clocks_show(monkeypatch: pytest.MonkeyPatch, *times: datetime) -> None:
    class Shown:
        def read(self) -> tuple[datetime, ...]:
            return times

    monkeypatch.setattr(checks, "CLOCKS", Shown())


async def test_the_hours_are_those_where_the_person_is(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead, berlin = await gate.campaign([LA, "+493012345678"], window="09:00-20:00")
    clocks_show(monkeypatch, NOON_IN_LA)
    assert await gate.ask(berlin) == Refusal(
        reason="closed at tue 21:00 in Europe/Berlin", until=datetime(2026, 12, 2, 8, tzinfo=UTC)
    )
    assert await gate.ask(lead) is None


async def test_at_the_end_of_the_hours_there_is_no_time_to_dial(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lead,) = await gate.campaign([LA], window="09:00-20:00")
    eight = NOON_IN_LA + timedelta(hours=8)
    clocks_show(monkeypatch, eight - timedelta(seconds=29))
    refusal = await gate.ask(lead)
    assert refusal is not None
    assert refusal.until == NOON_IN_LA + timedelta(hours=21)
    clocks_show(monkeypatch, eight - timedelta(seconds=31))
    assert await gate.ask(lead) is None


@pytest.mark.parametrize("wrong", [timedelta(hours=9), timedelta(hours=-9)])
async def test_both_clocks_count(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, wrong: timedelta
) -> None:
    (lead,) = await gate.campaign([LA], window="09:00-20:00")
    for times in ((NOON_IN_LA, NOON_IN_LA + wrong), (NOON_IN_LA + wrong, NOON_IN_LA)):
        clocks_show(monkeypatch, *times)
        assert await gate.ask(lead) is not None
    assert await all_attempts(gate.database) == []


async def test_a_clock_from_before_the_program_was_made_opens_nothing(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lead,) = await gate.campaign([LA], window="09:00-20:00")
    clocks_show(monkeypatch, datetime(2020, 12, 1, 20, tzinfo=UTC))
    refusal = await gate.ask(lead)
    assert refusal is not None
    assert refusal.reason == "the clock is wrong: it shows 2020-12-01"
    assert refusal.until is not None


async def test_a_number_of_many_zones_is_called_when_all_are_open_or_by_the_leads_own(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lead,) = await gate.campaign([TOLL_FREE], window="09:00-20:00")
    clocks_show(monkeypatch, datetime(2026, 12, 1, 17, tzinfo=UTC))
    assert (await gate.ask(lead)) is not None
    async with gate.database.write() as conn:
        at = update(leads).where(leads.c.id == lead)
        await conn.execute(at.values(timezone="America/New_York"))
    assert await gate.ask(lead) is None


async def test_a_fixed_zone_counts_for_everybody(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lead,) = await gate.campaign([LA], window="09:00-20:00", timezone="Asia/Kolkata")
    clocks_show(monkeypatch, NOON_IN_LA)
    refusal = await gate.ask(lead)
    assert refusal is not None
    assert refusal.reason == "closed at wed 01:30 in Asia/Kolkata"


@pytest.mark.parametrize(
    ("to", "plan"),
    [
        ("+870773111632", {"window": "09:00-20:00"}),
        (TOLL_FREE, {"window": "09:00-10:00"}),
    ],
    ids=["nobody knows where", "never open everywhere"],
)
async def test_whoever_may_never_be_called_does_not_wait(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, to: str, plan: dict[str, Any]
) -> None:
    (lead,) = await gate.campaign([to], **plan)
    clocks_show(monkeypatch, NOON_IN_LA)
    refusal = await gate.ask(lead)
    assert refusal is not None
    assert (refusal.ends, refusal.outcome) == ("failed", "never-open")


async def test_without_hours_no_zone_need_be_known(gate: Gate) -> None:
    (lead,) = await gate.campaign(["+870773111632"])
    assert await gate.ask(lead) is None


async def test_a_cap_counts_the_calls_of_every_campaign(gate: Gate) -> None:
    (first,) = await gate.campaign([LA])
    (second,) = await gate.campaign([LA], caps=[{"calls": 1, "hours": 2}])
    assert await gate.ask(first) is None
    refusal = await gate.ask(second)
    assert refusal is not None
    (attempt,) = await all_attempts(gate.database)
    assert refusal.reason == "1 of 1 calls in 2 hours"
    assert refusal.until == attempt["created_at"] + timedelta(hours=2)
    async with gate.database.write() as conn:
        old = now() - timedelta(hours=2, seconds=1)
        await conn.execute(update(attempts).values(created_at=old))
    assert await gate.ask(second) is None


async def test_a_budget_pauses_the_campaign(gate: Gate) -> None:
    people = [f"+1213555{n:04}" for n in range(100, 104)]
    first, second, third, fourth = await gate.campaign(people, budget="0.05")
    assert await gate.ask(first) is None
    await over(gate, cost="0.02")
    assert await gate.ask(second) is None
    # What is under way may cost as much as the dearest one has: that is 0.04.
    assert await gate.ask(third) is None
    refusal = await gate.ask(fourth)
    assert refusal == Refusal(reason="the budget of 0.05 US dollars is spent: 0.06", pauses=True)
    await over(gate, cost="0.001")
    assert await gate.ask(fourth) is None


async def over(gate: Gate, **facts: Any) -> None:
    """End what is under way."""
    done = update(attempts).where(attempts.c.ended_at.is_(None))
    async with gate.database.write() as conn:
        await conn.execute(done.values(ended_at=now(), answered=True, **facts))


async def past(gate: Gate, lead: str, count: int, begin: int = 0, **facts: Any) -> None:
    """Calls of a number that are over."""
    row = {
        "lead_id": lead,
        "number": OURS,
        "provider": "acme",
        "account": "main",
        "to": LA,
        "ended_at": now(),
        "duration": 60,
        "answered": True,
    }
    rows = [
        {**row, "call_id": f"past-{n}", "n": n, "created_at": now(), **facts}
        for n in range(begin, begin + count)
    ]
    async with gate.database.write() as conn:
        await conn.execute(insert(attempts), rows)


async def paused(gate: Gate) -> dict[str, str | None]:
    """The reasons of campaigns by their name, after a look at their numbers."""
    await mind(gate.database, lambda *_: FACTS)
    async with gate.database.read() as conn:
        found = (await conn.execute(select(campaigns))).mappings().all()
    assert all((one["status"] == "paused") == bool(one["reason"]) for one in found)
    return {one["name"]: one["reason"] for one in found}


async def own(gate: Gate, number: str) -> None:
    """A number of ours."""
    ours = Number(id=number, number=number, provider="acme", account="main", agent="echo")
    async with gate.database.write() as conn:
        if await numbers.get(conn, number) is None:
            await numbers.add(conn, ours)


@pytest.mark.parametrize(
    ("facts", "many", "words"),
    [
        ({"duration": 3}, 41, "lasted at most 6 seconds, more than 20%"),
        ({"answered": False, "duration": None}, 81, "were not answered, more than 40%"),
    ],
)
async def test_a_number_whose_calls_go_wrong_pauses_its_campaigns(
    gate: Gate, facts: dict[str, Any], many: int, words: str
) -> None:
    await own(gate, OURS)
    (lead,) = await gate.campaign([LA], name="one")
    await gate.campaign([LA], name="lenient", guard={"short": 0.5, "unanswered": 0.5})
    await gate.campaign([LA], name="careless", guard=False)
    await gate.campaign([LA], name="another", numbers=[OTHER])
    await past(gate, lead, 200 - many + 1)
    await past(gate, lead, many - 1, begin=200, **facts)
    assert set((await paused(gate)).values()) == {None}
    await past(gate, lead, 1, begin=500, **facts)
    reasons = await paused(gate)
    assert reasons.pop("one") == f"{OURS}: {many} of the last 200 calls {words}"
    assert set(reasons.values()) == {None}
    assert await gate.ask(lead) == checks.PARKED


async def test_some_numbers_are_not_counted_by_the_carrier(gate: Gate) -> None:
    await own(gate, DELHI)
    (lead,) = await gate.campaign([LA], numbers=[DELHI])
    await past(gate, lead, 200, number=DELHI, duration=0)
    assert await paused(gate) == {"test": None}


async def test_who_lets_a_campaign_go_on_has_seen_what_was_before(gate: Gate) -> None:
    await own(gate, OURS)
    (lead,) = await gate.campaign([LA])
    await past(gate, lead, 200, duration=0)
    async with gate.database.write() as conn:
        await conn.execute(update(campaigns).values(watched_from=now()))
    assert await paused(gate) == {"test": None}


async def test_a_certain_no_is_no_attempt_and_forgotten_after_the_next_one(gate: Gate) -> None:
    (lead,) = await gate.campaign([LA])

    async def attempt(n: int, account: str, result: str) -> tuple[set[tuple[str, str]], list[str]]:
        facts = {"account": account, "result": result, "outcome": result, "duration": None}
        await past(gate, lead, 1, begin=n, **facts)
        async with gate.database.read() as conn:
            return await refusals(conn, lead), await outcomes(conn, lead)

    main, second = ("acme", "main"), ("acme", "second")
    assert await attempt(1, "main", "refused") == ({main}, [])
    assert await attempt(2, "second", "refused") == ({main, second}, [])
    assert await attempt(3, "third", "busy") == (set(), ["busy"])
    assert await attempt(4, "second", "refused") == ({second}, ["busy"])
    capped = (await gate.campaign([LA], caps=[{"calls": 2, "days": 1}]))[0]
    assert await gate.ask(capped) is None, "one call and three refusals are one call"


def test_two_clocks_agree_until_somebody_sets_the_one() -> None:
    wall, running = NOON_IN_LA, 5.0

    def shown() -> datetime:
        return wall

    clocks = Clocks(shown, lambda: running)
    wall, running = wall + timedelta(hours=1), running + 3600
    assert clocks.read() == (wall, wall)
    assert not differ(clocks.read())
    wall += timedelta(hours=24)
    assert clocks.read() == (wall, wall - timedelta(hours=24))
    assert differ(clocks.read())

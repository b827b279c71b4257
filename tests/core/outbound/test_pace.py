"""Calls a second, what a carrier's 429 asks for, and what a day may cost: counted from rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from linecard.calls import Call, CallStatus, Direction
from linecard.errors import LimitReached
from linecard.numbers import Number
from linecard.outbound import limits
from linecard.outbound.gate import Gate
from linecard.outbound.resting import Resting
from linecard.settings import AccountLimits, Secret, Settings
from linecard.store import Database, calls
from linecard.testing.laid_out import lay_out
from linecard.wall import now

OURS = "+14155550100"
TO = Gate(frozenset({"US"}), ()).clear_call("+14155550123")
SETTINGS = Settings(
    public_url="http://127.0.0.1",
    api_key=Secret("k" * 16),
    secret=Secret("s" * 32),
    max_calls_per_minute=1000,
)
NUMBER = Number(
    id="n", number=OURS, provider="acme", account="main", agent="echo", channels=50, max_seconds=60
)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(lay_out(tmp_path / "pace.db"))
    yield made
    await made.close()


async def dialled(database: Database, age: float, cost: str | None = None, **more: Any) -> None:
    async with database.write() as conn:
        call = Call(
            id=f"call-{age}-{cost}-{more}",
            provider="acme",
            account="main",
            direction=Direction.OUTBOUND,
            from_=OURS,
            to="+14155550188",
            number=OURS,
            agent="echo",
            profile="l16-8000",
            status=CallStatus.COMPLETED,
            created_at=now() - timedelta(seconds=age),
            cost=cost,
        )
        await calls.add(conn, replace(call, **more))


async def refusal(
    database: Database,
    settings: Settings = SETTINGS,
    pace: float | None = None,
    places: int | None = None,
) -> LimitReached | None:
    async with database.write() as conn:
        try:
            await limits.check(conn, settings, NUMBER, TO, pace, places)
        except LimitReached as error:
            return error
    return None


async def test_a_paced_call_waits_until_the_carrier_has_room_again(database: Database) -> None:
    await dialled(database, 0.6)
    assert await refusal(database, pace=2) is None
    await dialled(database, 0.2)
    refused = await refusal(database, pace=2)
    assert refused is not None
    assert refused.limit == "calls_per_second"
    assert refused.retry_after is not None
    assert 0.2 < refused.retry_after <= 0.45
    assert await refusal(database, pace=None) is None, "others are queued by the carrier"


async def test_a_pace_below_one_and_between_two_figures(database: Database) -> None:
    await dialled(database, 1.5)
    assert await refusal(database, pace=1) is None
    assert await refusal(database, pace=0.5) is not None
    assert await refusal(database, pace=3.3) is None


async def test_only_the_account_s_own_calls_count(database: Database) -> None:
    await dialled(database, 0.1, account="other")
    await dialled(database, 0.1, provider="another")
    assert await refusal(database, pace=1) is None


async def test_an_account_s_own_limit_holds_for_every_call(database: Database) -> None:
    own = MappingProxyType({"acme:main": AccountLimits(max_calls_per_second=1)})
    await dialled(database, 0.3)
    refused = await refusal(database, replace(SETTINGS, limits=own))
    assert refused is not None
    assert refused.limit == 'limits."acme:main".max_calls_per_second'
    wide = MappingProxyType({"acme:main": AccountLimits(max_calls_per_second=20)})
    assert await refusal(database, replace(SETTINGS, limits=wide), pace=1) is None
    none = MappingProxyType({"acme:main": AccountLimits(max_calls_per_second=0)})
    assert await refusal(database, replace(SETTINGS, limits=none)) is not None


async def test_the_spend_of_a_day_is_that_of_calls_with_a_price(database: Database) -> None:
    settings = replace(SETTINGS, daily_spend=Decimal("0.30"))
    await dialled(database, 90_000, "5")
    await dialled(database, 100, "0.1")
    await dialled(database, 50, "0.1999")
    await dialled(database, 40, None)
    assert await refusal(database, settings) is None
    await dialled(database, 30, "0.0001")
    refused = await refusal(database, settings)
    assert refused is not None
    assert (refused.limit, refused.retry_after) == ("LINECARD_DAILY_SPEND", None)
    assert "0.30" in str(refused)
    assert await refusal(database, replace(SETTINGS, daily_spend=Decimal(0))) is not None


def test_an_account_rests_for_as_long_as_its_carrier_asks() -> None:
    resting = Resting()
    resting.rest(("acme", "main"), 100_000)
    resting.check(("acme", "other"))
    with pytest.raises(LimitReached) as caught:
        resting.check(("acme", "main"))
    assert caught.value.retry_after is not None
    assert 500 < caught.value.retry_after <= 600
    resting.rest(("acme", "main"), 0)
    resting.check(("acme", "main"))


@pytest.mark.parametrize(("live", "free"), [(1, True), (2, False), (3, False)])
async def test_nobody_is_dialled_while_every_place_is_taken(
    database: Database, live: int, free: bool
) -> None:
    ways = (Direction.INBOUND, Direction.OUTBOUND, Direction.OUTBOUND)
    for age, way in enumerate(ways[:live], 100):
        await dialled(database, age, direction=way, status=CallStatus.UNKNOWN)
    assert await refusal(database) is None, "without places nothing is counted"
    said = await refusal(database, places=2)
    assert (said is None) == free
    if said is not None:
        assert said.limit == "--pods 2"
        assert f"{live} calls are live" in str(said)
        assert said.retry_after

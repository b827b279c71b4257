"""What calls have cost, at a carrier that prices them some time after their end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from importlib.metadata import EntryPoint
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest
import pytest_asyncio

from linecard import (
    Call,
    CallLookup,
    CallRated,
    CallStatus,
    CarrierUnavailable,
    Direction,
    Facts,
    Found,
    LegEnded,
    hookimpl,
)
from linecard.clock import Clock
from linecard.exchange import inbox
from linecard.exchange.context import Exchange
from linecard.exchange.lifecycle import build_costs, build_exchange
from linecard.outbound.costs import Costs
from linecard.plugins import Plugins
from linecard.settings import load_settings
from linecard.store import calls, timeline
from linecard.store.unpriced import GIVEN_UP
from linecard.testing.laid_out import lay_out
from linecard.tokens import new_id
from linecard.wall import now
from tests.calls.acme import Acme
from tests.calls.telephone import CUSTOMER, OURS, telephone

LATE = 20


class Late(Acme):
    """Knows the price of a call when `prices` has it; `asked` are the look-ups, by the call's id."""

    prices: ClassVar[dict[str, CallLookup]] = {}
    broken: ClassVar[set[str]] = set()
    asked: ClassVar[list[str]] = []
    late: ClassVar[int] = LATE

    @staticmethod
    @hookimpl
    def facts() -> Facts:
        return replace(Acme.facts(), cost_seconds=Late.late)

    @hookimpl
    async def find_call(self, ids: Mapping[str, str]) -> CallLookup:
        Late.asked.append(ids["sid"])
        if ids["sid"] in Late.broken:
            raise CarrierUnavailable("late", "no answer")
        return Late.prices.get(ids["sid"], CallLookup(found=Found.ENDED))


class Prompt(Late):
    """Prices a call at once."""

    @staticmethod
    @hookimpl
    def facts() -> Facts:
        return Acme.facts()


class HandClock(Clock):
    """Stands still until it is moved."""

    at = 1000.0

    def now(self) -> float:
        return self.at


def plugins() -> Plugins:
    classes = (("late", "Late"), ("prompt", "Prompt"))
    return Plugins.discover(
        EntryPoint(name, f"tests.calls.test_costs:{cls}", "linecard") for name, cls in classes
    )


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    for kept in (Late.prices, Late.broken, Late.asked):
        kept.clear()


@pytest_asyncio.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    found = plugins()
    environment = {
        "LINECARD_PUBLIC_URL": "http://127.0.0.1:1",
        "LINECARD_DATABASE_URL": lay_out(tmp_path / "linecard.db"),
        "LINECARD_API_KEY": "k" * 16,
        "LINECARD_SECRET": "s" * 32,
        "LATE_KEY": "k",
        "PROMPT_KEY": "k",
    }
    classes = {name: one.cls for name, one in found.providers.items()}
    made = build_exchange(load_settings(environment, classes, None), found, (), HandClock())
    await made.database.open()
    yield made
    await made.ticker.close()
    await made.database.close()


def costs_of(exchange: Exchange) -> Costs:
    """The costs as a server that has just started keeps them."""
    return build_costs(exchange)


async def ended(exchange: Exchange, ago: float = 0, **fields: Any) -> Call:
    """A call that was answered and is over."""
    at = now() - timedelta(seconds=ago)
    call = Call(
        id=new_id(),
        provider="late",
        account="main",
        direction=Direction.OUTBOUND,
        from_=OURS,
        to=CUSTOMER,
        number=OURS,
        agent="echo",
        profile="narrow",
        status=CallStatus.COMPLETED,
        created_at=at - timedelta(seconds=60),
        answered_at=at - timedelta(seconds=50),
        ended_at=at,
        duration=50,
    )
    call = replace(call, **{"carrier_ids": {"sid": call.id}, **fields})
    async with exchange.database.write() as conn:
        await calls.add(conn, call)
    return call


def rated(
    call: Call, cost: str | None = "0.0130", price: str = "", currency: str = ""
) -> CallLookup:
    event = CallRated(key=f"rated:{call.id}", cost=cost, price=price, currency=currency)
    return CallLookup(found=Found.ENDED, rated=event)


async def cost(exchange: Exchange, call: Call) -> str | None:
    async with exchange.database.read() as conn:
        found = await calls.get(conn, call.id)
    assert found is not None
    return found.cost


async def lines(exchange: Exchange, call: Call) -> list[str]:
    async with exchange.database.read() as conn:
        return [line.name for line in await timeline.of_call(conn, call.id)]


async def pass_time(exchange: Exchange, costs: Costs, seconds: int) -> list[int]:
    """Let the clock run with a sweep every second; the seconds at which somebody was asked about."""
    clock = exchange.clock
    assert isinstance(clock, HandClock)
    asked: list[int] = []
    for second in range(1, seconds + 1):
        clock.at += 1
        before = len(Late.asked)
        await costs.sweep()
        asked += [second] * (len(Late.asked) - before)
    return asked


async def test_a_call_is_priced_once_its_carrier_knows(exchange: Exchange) -> None:
    call, costs = await ended(exchange), costs_of(exchange)
    await costs.sweep()
    assert Late.asked == []
    Late.prices[call.id] = rated(call)
    (at,) = await pass_time(exchange, costs, 4 * LATE)
    # The wall's clock has run on a little since the call ended, and a call just seen is not asked late.
    assert LATE / 2 <= at <= LATE + 1
    assert await cost(exchange, call) == "0.0130"
    assert await lines(exchange, call) == ["call-rated"]


async def test_a_price_in_the_end_of_a_look_up_counts_too(exchange: Exchange) -> None:
    call = await ended(exchange, ago=LATE)
    end = LegEnded(key="x", status=CallStatus.COMPLETED, cost="0.0200")
    Late.prices[call.id] = CallLookup(found=Found.ENDED, ended=end)
    await costs_of(exchange).sweep()
    assert await cost(exchange, call) == "0.0200"
    assert await lines(exchange, call) == ["call-rated"]


async def test_what_else_a_look_up_tells_is_kept(exchange: Exchange) -> None:
    call = await ended(exchange, ago=LATE)
    leg = CallRated(key="leg", leg="target:1", cost="0.0100")
    Late.prices[call.id] = CallLookup(found=Found.ENDED, further=(leg,))
    await costs_of(exchange).sweep()
    assert await lines(exchange, call) == ["call-rated"]
    Late.prices[call.id] = replace(rated(call), further=(leg,))
    await costs_of(exchange).sweep()
    assert await lines(exchange, call) == ["call-rated", "call-rated"]
    assert await cost(exchange, call) == "0.0130"


@pytest.mark.slow
async def test_an_unpriced_call_is_asked_about_ever_more_rarely_and_given_up(
    exchange: Exchange,
) -> None:
    call, costs = await ended(exchange), costs_of(exchange)
    await costs.sweep()
    asked = await pass_time(exchange, costs, 35 * LATE)
    gaps = [after - before for before, after in pairwise(asked)]
    assert gaps == [2 * LATE, 4 * LATE, 8 * LATE, 16 * LATE]
    assert await lines(exchange, call) == [GIVEN_UP]
    await costs_of(exchange).sweep()
    assert len(Late.asked) == 5
    assert await cost(exchange, call) is None


async def test_a_new_server_goes_on_where_the_old_one_was(exchange: Exchange) -> None:
    call = await ended(exchange, ago=4 * LATE)
    restarted = costs_of(exchange)
    await restarted.sweep()
    assert Late.asked == [call.id]
    Late.prices[call.id] = rated(call)
    await pass_time(exchange, restarted, 4 * LATE)
    assert Late.asked == [call.id] * 2
    assert await cost(exchange, call) == "0.0130"


async def test_a_call_too_old_for_all_turns_is_asked_about_once(exchange: Exchange) -> None:
    call = await ended(exchange, ago=86_400)
    costs = costs_of(exchange)
    await costs.sweep()
    assert await pass_time(exchange, costs, 10) == []
    assert Late.asked == [call.id]
    assert await lines(exchange, call) == [GIVEN_UP]


async def test_who_is_not_asked_about(exchange: Exchange) -> None:
    await ended(exchange, ago=LATE, cost="0")
    await ended(exchange, ago=LATE, provider="prompt")
    unanswered = {"answered_at": None, "duration": 0}
    await ended(exchange, ago=LATE, status=CallStatus.BUSY, **unanswered)
    await ended(exchange, ago=LATE, status=CallStatus.IN_PROGRESS, ended_at=None)
    await ended(exchange, ago=5 * 86_400)
    await costs_of(exchange).sweep()
    assert Late.asked == []


async def test_a_price_that_comes_by_itself_is_not_asked_for(exchange: Exchange) -> None:
    call, costs = await ended(exchange), costs_of(exchange)
    await costs.sweep()
    await inbox.apply(exchange, call, [CallRated(key="callback", cost="0.5")])
    assert await pass_time(exchange, costs, 2 * LATE) == []
    assert await cost(exchange, call) == "0.5"


async def test_a_price_in_another_currency_is_kept_as_it_stands(exchange: Exchange) -> None:
    call, costs = await ended(exchange, ago=LATE), costs_of(exchange)
    Late.prices[call.id] = rated(call, None, price="1.20", currency="INR")
    await costs.sweep()
    for again in (costs, costs_of(exchange)):
        await pass_time(exchange, again, 3 * LATE)
    assert len(Late.asked) == 1
    assert await cost(exchange, call) is None
    async with exchange.database.read() as conn:
        (line,) = await timeline.of_call(conn, call.id)
    assert (line.facts["price"], line.facts["currency"]) == ("1.20", "INR")


async def test_a_rating_of_another_leg_does_not_stop_the_asking(exchange: Exchange) -> None:
    call = await ended(exchange, ago=LATE)
    await inbox.apply(exchange, call, [CallRated(key="b", leg="target:1", cost="0.02")])
    await costs_of(exchange).sweep()
    assert Late.asked == [call.id]


async def test_a_look_up_that_fails_is_a_try_and_the_others_have_theirs(exchange: Exchange) -> None:
    first = await ended(exchange, ago=LATE + 2)
    second = await ended(exchange, ago=LATE)
    Late.broken.add(first.id)
    Late.prices[second.id] = rated(second)
    costs = costs_of(exchange)
    await costs.sweep()
    assert Late.asked == [first.id]
    await costs.sweep()
    assert Late.asked == [first.id, second.id]
    assert await cost(exchange, second) == "0.0130"
    Late.broken.clear()
    Late.prices[first.id] = rated(first)
    await pass_time(exchange, costs, 2 * LATE)
    assert await cost(exchange, first) == "0.0130"


async def test_a_running_server_prices_its_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Late, "late", 1)
    found = Plugins.discover(
        [
            EntryPoint("plivo", "linecard_plivo:Plivo", "linecard"),
            EntryPoint("late", "tests.calls.test_costs:Late", "linecard"),
        ]
    )
    async with telephone(tmp_path, plugins=found, variables={"LATE_KEY": "k"}) as world:
        call = await ended(world.exchange)
        Late.prices[call.id] = rated(call)
        shown = await world.until(call.id, lambda call: call["cost"] is not None)
    assert shown["cost"] == "0.0130"
    assert [event["name"] for event in shown["events"]] == ["call-rated"]

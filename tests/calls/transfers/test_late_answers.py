"""Consultations of which the carrier tells late: what a target has done goes before any timer of ours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from linecard.events import TransferResult
from linecard.exchange import consulting
from linecard.simulator.ledger import What
from linecard.simulator.phone import NO_ANSWER
from linecard.store import calls, transfers
from linecard.store.transfers import Transfer
from linecard.transfers import TransferState
from tests.calls.lines import OURS, PREFIX
from tests.calls.telephone import Telephone
from tests.calls.transfers.agents import PLANS, Plan
from tests.calls.transfers.cases import BRIDGED
from tests.calls.transfers.cues import Legs, Sign
from tests.calls.transfers.people import answers, rings, talks
from tests.calls.transfers.playing import PLACES, STAYS, transferring
from tests.calls.transfers.ways import WAYS

CONSULTING = pytest.mark.parametrize("carrier", ["plivo", "twilio"])
WARM = WAYS["warm"]
DIALS = {"plivo": r"POST .*/Call/$", "twilio": r"POST .*/Participants\.json"}
"""The request that rings a consulted target."""
LATE = 10.0
RINGS = 5
"""Seconds, the fewest that a carrier takes: with two answers so late, their time is over before anybody could answer."""


@CONSULTING
async def test_the_time_of_a_target_is_counted_from_when_the_carrier_rings_it(
    tmp_path: Path, carrier: str
) -> None:
    async with transferring(tmp_path, carrier) as world:
        faults = world.carrier.faults
        faults.rest, faults.slow_answer, faults.seconds = DIALS[carrier], 1.0, LATE
        ours, prefix = OURS[carrier], PREFIX[carrier]
        caller, first, second = (f"{prefix}{next(PLACES)}" for _ in range(3))
        legs = Legs(world.carrier.ledger, caller, (first, second))
        world.carrier.phones[first] = NO_ANSWER
        world.carrier.phones[second] = talks(WARM, legs.cue(Sign(1, What.BRIDGED)), 3.0)
        plan = PLANS[caller] = Plan(to=(first, second), wish=WARM.wish(timeout=RINGS))
        await world.carrier.call_in(caller, ours, STAYS)
        await world.eventually(lambda: plan.result != "none", within=40)
        assert faults.happened["slow_answer"] == 2
        assert plan.result == BRIDGED
        await world.eventually(lambda: world.carrier.ledger.live_legs() == (), within=40)


@CONSULTING
async def test_a_consultation_that_has_gone_on_is_not_given_up_by_who_saw_it_before(
    tmp_path: Path, carrier: str
) -> None:
    async with transferring(tmp_path, carrier) as world:
        ours, prefix = OURS[carrier], PREFIX[carrier]
        caller, human = (f"{prefix}{next(PLACES)}" for _ in range(2))
        world.carrier.phones[human] = answers(WARM)
        plan = PLANS[caller] = Plan(to=(human,), wish=WARM.wish())
        await world.carrier.call_in(caller, ours, STAYS)
        await world.eventually(lambda: plan.result == BRIDGED, within=40)
        seen = replace(await _transfer(world), state=TransferState.CONSULTING)
        async with world.exchange.database.read() as conn:
            call = await calls.get(conn, seen.call)
        assert call is not None
        await consulting.come_to_nothing(world.exchange, call, seen, TransferResult.NO_ANSWER)
        assert len(world.carrier.ledger.live_legs()) == 2, "caller and target go on talking"
        after = await _transfer(world)
        assert (after.state, after.result) == (TransferState.BRIDGED, BRIDGED)
        assert after.legs == seen.legs


@CONSULTING
async def test_the_end_of_a_target_that_we_let_go_is_not_what_the_transfer_came_to(
    tmp_path: Path, carrier: str
) -> None:
    async with transferring(tmp_path, carrier) as world:
        caller, human = (f"{PREFIX[carrier]}{next(PLACES)}" for _ in range(2))
        legs = Legs(world.carrier.ledger, caller, (human,))
        world.carrier.phones[human] = rings(WARM, 40.0)
        plan = PLANS[caller] = Plan(to=(human,), wish=WARM.wish(timeout=45))
        await world.carrier.call_in(caller, OURS[carrier], STAYS)
        await world.eventually(lambda: legs.has(What.RINGING), within=40)
        await world.eventually(lambda: _is_known(world), within=40)
        seen = await _transfer(world)
        async with world.exchange.database.read() as conn:
            call = await calls.get(conn, seen.call)
        assert call is not None
        await consulting.come_to_nothing(world.exchange, call, seen, TransferResult.NO_ANSWER)
        await world.eventually(lambda: plan.result != "none", within=40)
        await world.eventually(lambda: world.carrier.ledger.live_legs() == (), within=40)
        assert (plan.result, (await _transfer(world)).result) == ("no-answer", "no-answer")


async def _is_known(world: Telephone) -> bool:
    """Whether the carrier has told the id of the target's leg."""
    return all((await _transfer(world)).legs.values())


async def _transfer(world: Telephone) -> Transfer:
    call = await world.only_call()
    async with world.exchange.database.read() as conn:
        (transfer,) = await transfers.of_call(conn, call["id"])
    return transfer

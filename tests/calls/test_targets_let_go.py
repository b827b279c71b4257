"""Targets of a consultation whose caller has gone: ended for certain, whatever fails or dies meanwhile."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

import linecard
from linecard.events import LegEnded
from linecard.exchange import following, lifecycle
from linecard.simulator import SimulatedCarrier
from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import HangUp, Wait
from linecard.testing.telephone import set_up
from tests.calls import faulty
from tests.calls.killed import endangered
from tests.calls.lines import OURS, PREFIX
from tests.calls.telephone import Telephone, names, telephone
from tests.calls.test_every_transfer import WARM, transferring
from tests.calls.transferring import PLANS, Plan

CONSULTING = pytest.mark.parametrize("provider", ["plivo", "twilio"])
ENDS = {"plivo": r"^DELETE .*/(Call|Request)/", "twilio": r"^POST .*/Calls/CA"}
RINGS = Phone(ring_seconds=500)
RING_SECONDS = 120
"""So long the carrier rings by itself: a target that is not let go is live until then."""
PLACES = count(1000)


def target_leg(carrier: SimulatedCarrier, target: str) -> str:
    """The leg of a target."""
    dialled = carrier.ledger.all(What.DIALLED)
    wanted = target.lstrip("+")
    (leg,) = [one.facts["leg"] for one in dialled if str(one.facts["to"]).lstrip("+") == wanted]
    return str(leg)


def ended_by(carrier: SimulatedCarrier, leg: str) -> list[object]:
    """Who has ended a leg, as the carrier has it: we, or its own patience; nothing while it lives."""
    return [one.facts["source"] for one in carrier.ledger.all(What.HUNG_UP, leg=leg)]


async def leaves_while_it_rings(world: Telephone) -> tuple[str, str]:
    """A caller hangs up while the target of a consultation rings; our call, and the target's leg."""
    prefix = PREFIX[world.carrier.name]
    caller, target = f"{prefix}{next(PLACES)}", f"{prefix}{next(PLACES)}"
    world.carrier.phones[target] = RINGS
    PLANS[caller] = Plan(to=(target,), wish=WARM | {"timeout": RING_SECONDS})
    gone = Phone(script=(Wait(6), HangUp()))
    sid = await world.carrier.call_in(caller, OURS[world.carrier.name], gone)
    await world.eventually(lambda: world.carrier.ledger.dials(target) == 1)
    await world.carrier.ledger.until(What.HUNG_UP, sid)
    (call,) = (await world.api.get("/api/calls")).json()["items"]
    await world.ended(call["id"])
    return str(call["id"]), target_leg(world.carrier, target)


@CONSULTING
async def test_an_end_that_fails_is_tried_until_it_is_done(tmp_path: Path, provider: str) -> None:
    async with transferring(tmp_path, provider) as world:
        with faulty.fault(world, ENDS[provider], error_before=1):
            call, leg = await leaves_while_it_rings(world)
            await world.until(call, lambda one: "target-not-released" in names(one))
            assert world.carrier.ledger.live_legs() == (leg,)
        await world.eventually(lambda: world.carrier.ledger.live_legs() == ())
        assert ended_by(world.carrier, leg) == ["API Request"]


@CONSULTING
async def test_targets_are_let_go_where_nobody_was_left_to_do_it_at_once(
    tmp_path: Path, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a crash right behind the end of the caller: it is written, and nothing followed."""
    others = {kind: what for kind, what in following.FOLLOWERS.items() if kind is not LegEnded}
    monkeypatch.setattr(lifecycle, "FOLLOWERS", others)
    async with transferring(tmp_path, provider) as world:
        _, leg = await leaves_while_it_rings(world)
        await world.eventually(lambda: world.carrier.ledger.live_legs() == ())
        assert ended_by(world.carrier, leg) == ["API Request"]


@pytest.mark.slow
@pytest.mark.timeout(240)
@CONSULTING
async def test_a_server_that_was_killed_before_it_could_lets_the_target_go_when_it_is_back(
    tmp_path: Path, provider: str
) -> None:
    async with endangered(tmp_path, provider) as at:
        target = at.phone(RINGS)
        with faulty.fault(at, ENDS[provider], error_before=1):
            async with at.serving() as server:
                await at.set_up()
                leaves = Phone(ring_seconds=0.2, script=(Wait(8),), hangs_up=True)
                plan = {"mode": "warm", "to": target, "timeout": str(RING_SECONDS)}
                await at.dial("consults", leaves, metadata=plan)
                await at.until(lambda: at.has("consults", "target-not-released"))
                await at.kill(server)
        leg = target_leg(at.carrier, target)
        assert at.carrier.ledger.live_legs() == (leg,)
        async with at.serving():
            await at.until(lambda: at.carrier.ledger.live_legs() == (), within=150)
        assert ended_by(at.carrier, leg) == ["API Request"]


@linecard.agent
async def circles(call: linecard.LiveCall) -> None:
    """Tries to send the caller to itself, and to the number that it has called."""
    refused = []
    for to in (call.from_ or "", call.to, call.number):
        for mode in ("cold", "warm"):
            try:
                await call.transfer(to, mode=mode)
            except linecard.LinecardError as error:
                refused.append(f"{mode} {type(error).__name__}")
    call.outcome = ", ".join(refused)


@pytest.mark.parametrize("provider", ["plivo", "twilio", "exotel"])
async def test_nobody_is_sent_round_in_a_circle(tmp_path: Path, provider: str) -> None:
    agents = ("circles=tests.calls.test_targets_let_go:circles",)
    gate = {"allowed_countries": "US,IN", "transfer_allow": "+1415*,+91*"}
    async with telephone(tmp_path, provider, agents=agents, **gate) as world:
        ours, caller = OURS[provider], f"{PREFIX[provider]}0999"
        await world.register(number=ours, agent="circles")
        await set_up(world.api, world.carrier, ours)
        await world.carrier.call_in(caller, ours, Phone(script=(Wait(900),)))
        call = await world.ended((await world.only_call())["id"])
        both = ["cold GateRefused", "warm GateRefused"]
        # Where a warm transfer is not possible at all, that is its result.
        assert call["outcome"].split(", ") == (both[:1] if provider == "exotel" else both) * 3
        assert "transfer-asked" not in names(call)
        assert world.carrier.ledger.dials(caller) == world.carrier.ledger.dials(ours) == 0
        assert world.carrier.ledger.live_legs() == ()

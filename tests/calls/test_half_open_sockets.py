"""Media sockets whose other end is gone without a word: found, closed on our side, and the call ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import linecard
from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from tests.calls.proxy import Lost, Proxy, proxied
from tests.calls.telephone import CUSTOMER, Telephone, names
from tests.calls.test_silent_streams import LATE

STAYS = Phone(ring_seconds=0.1, script=(Wait(3000),))
CAN_HANG_UP = ("plivo", "twilio")
PROVIDERS = (*CAN_HANG_UP, pytest.param("exotel", marks=pytest.mark.slow))
"""At Exotel nothing ends a call but its stream, which there must find out by itself that we are gone."""
LANES = ("lean", pytest.param("asgi", marks=pytest.mark.slow))
CLOSED_WITHIN = {"plivo": 15.0, "twilio": 15.0, "exotel": 60.0}
"""After 15 s the carrier is asked; a stream that is the call itself is closed only with the call, after 60."""
AGENTS = ("tests.calls.test_half_open_sockets:floods",)


@linecard.agent
async def floods(call: linecard.LiveCall) -> None:
    """Says as much as is taken, and listens for ever."""
    while True:
        await call.send(bytes(320 * 50))


async def talking(world: Telephone, agent: str = "echo") -> dict[str, Any]:
    world.carrier.phones[CUSTOMER] = STAYS
    await world.register(agent=agent)
    placed = await world.dial()
    return await world.until(placed["id"], lambda one: "agent-started" in names(one))


async def gone_at_both_ends(world: Telephone, proxy: Proxy, call: dict[str, Any]) -> dict[str, Any]:
    """The call once it is over, with nothing left of it anywhere."""
    ended = await world.until(call["id"], lambda one: one["ended_at"] is not None, within=90)
    assert world.carrier.ledger.live_legs() == ()
    await world.eventually(lambda: call["id"] not in world.exchange.lives)
    await world.eventually(lambda: not any(way.is_open_at_ours for way in proxy.media))
    claims = [one for one in names(ended) if one == "stream-started"]
    await world.until(call["id"], lambda one: names(one).count("stream-ended") == len(claims))
    return ended


@pytest.mark.slow
@pytest.mark.parametrize("lane", ["lean", "asgi"])
@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("lost", [Lost.BOTH, Lost.TO_US])
async def test_a_way_on_which_nothing_arrives_is_found_and_the_call_is_ended(
    tmp_path: Path, provider: str, lost: Lost, lane: str
) -> None:
    async with proxied(tmp_path, provider, media_lane=lane) as (world, proxy):
        call = await talking(world)
        (way,) = proxy.media
        way.lost = lost
        began = world.exchange.clock.now()
        call = await world.until(call["id"], lambda one: "stream-ended" in names(one))
        took = world.exchange.clock.now() - began
        assert 0 < took <= CLOSED_WITHIN[provider] + LATE
        assert "stream-silent" in names(call)
        assert call["ended_at"] is None or lost is Lost.TO_US
        await world.eventually(lambda: not way.is_open_at_ours)
        if lost is Lost.BOTH:
            ended = await gone_at_both_ends(world, proxy, call)
            assert ended["status"] == "completed"
            return
        await world.api.post(f"/api/calls/{call['id']}/hangup")
        await gone_at_both_ends(world, proxy, call)


@pytest.mark.slow
@pytest.mark.parametrize("lane", ["lean", "asgi"])
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_way_on_which_only_we_are_not_heard_ends_with_our_hang_up(
    tmp_path: Path, provider: str, lane: str
) -> None:
    """Audio arrives, so that nothing says it; a pong that is missing ends no call."""
    async with proxied(tmp_path, provider, media_lane=lane) as (world, proxy):
        call = await talking(world)
        (way,) = proxy.media
        way.lost = Lost.FROM_US
        await world.exchange.clock.sleep(30)
        assert way.is_open_at_ours
        await world.api.post(f"/api/calls/{call['id']}/hangup")
        ended = await gone_at_both_ends(world, proxy, call)
        assert "stream-silent" not in names(ended)


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("provider", ["plivo", "twilio", "exotel"])
async def test_a_reset_ends_one_stream_once_and_leaves_no_leg(
    tmp_path: Path, provider: str, lane: str
) -> None:
    async with proxied(tmp_path, provider, media_lane=lane) as (world, proxy):
        call = await talking(world)
        proxy.media[0].reset()
        await world.until(call["id"], lambda one: "stream-ended" in names(one))
        if provider in CAN_HANG_UP:
            call = await world.until(
                call["id"], lambda one: names(one).count("stream-started") == 2
            )
            assert names(call).count("agent-started") == 1
            await world.api.post(f"/api/calls/{call['id']}/hangup")
        await gone_at_both_ends(world, proxy, call)


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("provider", ["plivo", "twilio", "exotel"])
async def test_a_peer_that_never_answers_our_close_is_left(
    tmp_path: Path, provider: str, lane: str
) -> None:
    async with proxied(tmp_path, provider, media_lane=lane) as (world, proxy):
        call = await talking(world)
        (way,) = proxy.media
        way.lost = Lost.TO_US
        await world.api.post(f"/api/calls/{call['id']}/hangup")
        await gone_at_both_ends(world, proxy, call)
        assert way.carrier is not None


@pytest.mark.parametrize("lane", ["lean", "asgi"])
async def test_a_peer_that_takes_nothing_more_is_cut_off_with_all_that_was_to_be_sent(
    tmp_path: Path, lane: str
) -> None:
    async with proxied(tmp_path, "plivo", AGENTS, media_lane=lane) as (world, proxy):
        call = await talking(world, "floods")
        (way,) = proxy.media
        way.hold()
        way.lost = Lost.TO_US
        await world.carrier.ledger.until(What.STREAM_OPENED)
        await world.until(call["id"], lambda one: "stream-ended" in names(one), within=60)
        await world.eventually(lambda: not way.is_open_at_ours, within=30)
        await gone_at_both_ends(world, proxy, call)

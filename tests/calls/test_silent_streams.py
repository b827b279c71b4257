"""Streams on which no audio arrives: told, asked about, renewed once, ended; by the call's own clock."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import linecard
from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from linecard.store import calls
from tests.calls.faulty import fault
from tests.calls.telephone import CUSTOMER, SPEED, Telephone, names, telephone

STAYS = Phone(ring_seconds=0.1, script=(Wait(900),))
LATE = 20.0
"""What a busy machine may add, in seconds of the call's clock."""


@linecard.agent
async def listener(call: linecard.LiveCall) -> None:
    """Keeps what it hears of silences in its outcome."""
    heard: list[str] = []
    async for event in call:
        if isinstance(event, linecard.StreamSilent):
            heard.append("stream")
        elif isinstance(event, linecard.CallerSilent):
            heard.append(f"caller {event.seconds}")
        else:
            continue
        call.outcome = ", ".join(heard)


AGENT = ("listener=tests.calls.test_silent_streams:listener",)


async def talking(world: Telephone) -> dict[str, Any]:
    world.carrier.phones[CUSTOMER] = STAYS
    await world.register(agent="listener")
    placed = await world.dial()
    return await world.until(placed["id"], lambda call: "stream-started" in names(call))


def moment(call: dict[str, Any], name: str, nth: int = 0) -> float:
    """When something happened, in seconds of the call's clock."""
    at = [event["at"] for event in call["events"] if event["name"] == name][nth]
    return datetime.fromisoformat(at).timestamp() * SPEED


@pytest.mark.parametrize("provider", ["plivo", "twilio", "exotel"])
async def test_a_stream_without_audio_is_told_renewed_once_and_ended(
    tmp_path: Path, provider: str
) -> None:
    async with telephone(tmp_path, provider, AGENT) as world:
        with fault(world, socket_lost_frame=1):
            call = await talking(world)
            call = await world.ended(call["id"])
        began = moment(call, "stream-started")
        assert 4 <= moment(call, "stream-silent") - began <= 5 + LATE
        assert 60 <= moment(call, "hang-up-asked") - began + 1 <= 61 + LATE
        assert call["end_reason"] == "no audio arrived"
        assert call["outcome"].startswith("stream")
        assert world.carrier.ledger.live_legs() == ()
        renewed = [event for event in call["events"] if event["name"] == "stream-renewed"]
        assert len(renewed) <= 1
        if renewed:
            assert 14 <= moment(call, "stream-renewed") - began <= 15 + LATE
            assert names(call).count("stream-started") == 2


async def test_audio_that_comes_on_the_new_stream_lets_the_call_go_on(tmp_path: Path) -> None:
    async with telephone(tmp_path, "plivo", AGENT) as world:
        with fault(world, socket_lost_frame=1):
            call = await talking(world)
            await world.until(call["id"], lambda one: "stream-renewed" in names(one))
        await world.until(call["id"], lambda one: names(one).count("stream-started") == 2)
        await world.exchange.clock.sleep(50)
        call = await world.call(call["id"])
        assert call["status"] == "in-progress"
        assert "caller 5" in call["outcome"]
        assert world.carrier.ledger.live_legs()


async def test_a_call_that_is_gone_at_the_carrier_is_closed_within_the_quarter_minute(
    tmp_path: Path,
) -> None:
    async with telephone(tmp_path, "plivo", AGENT) as world:
        call = await talking(world)
        with fault(world, "^POST .*(Hangup|hangup)", callback_drop=1, socket_lost_frame=1):
            await _end_behind_our_back(world, call)
            call = await world.ended(call["id"])
        assert call["status"] == "completed"


async def _end_behind_our_back(world: Telephone, call: dict[str, Any]) -> None:
    """The carrier's leg goes; neither callback nor socket tells it in time."""
    uuid = call["carrier_ids"]["call_uuid"]
    relay = world.exchange.plugins.relay("plivo", "main")
    async with world.exchange.database.read() as conn:
        known = await calls.get(conn, call["id"])
    assert known is not None
    await relay.hooks.hang_up(known)
    await world.carrier.ledger.until(What.HUNG_UP, uuid)

from __future__ import annotations

import asyncio

import pytest
from tests.core.live.world import World, soon, turns, world

from linecard import (
    CallEnded,
    CallOver,
    CarrierRefused,
    Conflict,
    GateRefused,
    StreamResumed,
    TransferEnded,
    TransferResult,
    UnsupportedByProvider,
)
from linecard.transfers import TransferWish

HUMAN = "+14155550177"
SECOND = 16_000


def wish(to: str | list[str], mode: str, ring_seconds: int) -> TransferWish:
    targets = (to,) if isinstance(to, str) else tuple(to)
    return TransferWish(targets=targets, mode=mode, ring_seconds=ring_seconds)


FAILURES = [
    TransferResult.BUSY,
    TransferResult.NO_ANSWER,
    TransferResult.DECLINED,
    TransferResult.VOICEMAIL,
    TransferResult.FAILED,
]


async def _left(one: World) -> asyncio.Task[TransferResult]:
    """A transfer whose stream has been left."""
    asking = asyncio.create_task(one.live.transfer(HUMAN, mode="warm", timeout=20))
    await soon(lambda: "shut" in one.control.names())
    return asking


async def test_a_bridged_transfer_hands_the_caller_over() -> None:
    async with world() as one:
        one.attach()
        asking = await _left(one)
        await turns()
        assert not asking.done()
        one.live.leg_bridged()
        assert await asking is TransferResult.BRIDGED
        assert one.live.handed_over
        assert one.control.log == [
            ("transfer", "c1", (HUMAN,), "warm", 20),
            ("shut", "transfer"),
        ]
        with pytest.raises(CallOver, match="handed over"):
            await one.live.send(b"\0\0")
        one.live.transfer_ended(TransferResult.BRIDGED)
        one.live.finish("completed")
        assert [event async for event in one.live] == [CallEnded("completed")]


async def test_a_caller_who_comes_back_is_the_agents_again() -> None:
    async with world() as one:
        one.attach()
        asking = await _left(one)
        one.live.leg_bridged()
        await asking
        socket = one.attach()
        assert not one.live.handed_over
        await one.live.send(b"\1\0" * 160)
        assert socket.frames() == b"\1\0" * 160


async def test_a_result_of_bridged_alone_is_enough() -> None:
    async with world() as one:
        one.attach()
        asking = await _left(one)
        one.live.transfer_ended(TransferResult.BRIDGED)
        assert await asking is TransferResult.BRIDGED
        assert one.live.handed_over


@pytest.mark.parametrize("result", FAILURES)
async def test_after_a_failure_the_caller_is_back_with_the_same_agent(
    result: TransferResult,
) -> None:
    async with world() as one:
        one.attach()
        asking = await _left(one)
        one.live.transfer_ended(result)
        await turns()
        assert not asking.done()
        socket = one.attach()
        assert await asking is result
        assert not one.live.handed_over
        await one.live.send(b"\1\0" * 160)
        assert socket.frames() == b"\1\0" * 160


async def test_a_caller_who_does_not_come_back_is_waited_for_ten_seconds() -> None:
    async with world() as one:
        one.attach()
        asking = await _left(one)
        began = one.clock.now()
        one.live.transfer_ended(TransferResult.BUSY)
        assert await asking is TransferResult.BUSY
        assert one.clock.now() - began >= 10


async def test_a_caller_who_is_back_without_a_result_means_failed() -> None:
    async with world() as one:
        one.attach()
        asking = await _left(one)
        one.attach()
        assert await asking is TransferResult.FAILED


async def test_the_result_may_come_after_the_new_stream() -> None:
    async with world() as one:
        one.attach()
        asking = await _left(one)
        one.attach()
        await turns()
        one.live.transfer_ended(TransferResult.DECLINED)
        assert await asking is TransferResult.DECLINED


async def test_the_caller_hears_what_was_said_before_the_stream_is_left() -> None:
    async with world() as one:
        socket = one.attach()
        began = one.clock.now()
        await one.live.send(bytes(SECOND * 2))
        await _left_and_over(one)
        assert one.clock.now() - began >= 2
        assert len(socket.frames()) == SECOND * 2


async def test_of_a_long_text_three_seconds() -> None:
    async with world() as one:
        socket = one.attach()
        await one.live.send(bytes(SECOND * 25))
        await _left_and_over(one)
        assert SECOND * 3 <= len(socket.frames()) < SECOND * 15


async def _left_and_over(one: World) -> None:
    asking = await _left(one)
    one.live.finish("hung up")
    with pytest.raises(CallOver):
        await asking


async def test_a_caller_who_hangs_up_while_it_rings_ends_the_call() -> None:
    async with world() as one:
        one.attach()
        asking = await _left(one)
        one.live.finish("hung up")
        with pytest.raises(CallOver, match="hung up"):
            await asking


async def test_a_stream_that_the_carrier_ends_itself_is_no_loss() -> None:
    async with world() as one:
        socket = one.attach()
        await one.live.send(bytes(SECOND))
        asking = asyncio.create_task(one.live.transfer(HUMAN))
        await turns()
        socket.session.lost("the carrier went on")
        await turns()
        one.live.transfer_ended(TransferResult.BUSY)
        one.attach()
        assert await asking is TransferResult.BUSY
        assert await anext(one.live) == StreamResumed()


async def test_a_failure_before_the_stream_was_left_leaves_it_open() -> None:
    async with world() as one:
        socket = one.attach()
        await one.live.send(bytes(SECOND * 2))
        asking = asyncio.create_task(one.live.transfer(HUMAN))
        await turns()
        one.live.transfer_ended(TransferResult.BUSY)
        assert await asking is TransferResult.BUSY
        assert socket.session.is_open


@pytest.mark.parametrize(
    "refusal",
    [
        GateRefused("to", "not on the list"),
        CarrierRefused("acme", "no"),
        Conflict("transferred already"),
    ],
)
async def test_a_refusal_is_raised_and_nothing_is_closed(refusal: Exception) -> None:
    async with world() as one:
        socket = one.attach()
        one.control.refusals["transfer"] = refusal
        with pytest.raises(type(refusal)):
            await one.live.transfer(HUMAN)
        assert socket.session.is_open
        await one.live.send(b"\0\0" * 160)
        del one.control.refusals["transfer"]
        asking = await _left(one)
        one.live.leg_bridged()
        assert await asking is TransferResult.BRIDGED


async def test_a_provider_that_cannot_is_a_result() -> None:
    async with world() as one:
        socket = one.attach()
        one.control.refusals["transfer"] = UnsupportedByProvider("acme", "transfer")
        assert await one.live.transfer([HUMAN, "sip:a@b.example"]) is TransferResult.UNSUPPORTED
        assert one.control.log == [("transfer", "c1", (HUMAN, "sip:a@b.example"), "cold", 25)]
        assert socket.session.is_open
        with pytest.raises(UnsupportedByProvider):
            await one.live.begin_transfer(wish(HUMAN, "cold", 25))


async def test_a_second_transfer_is_a_conflict() -> None:
    async with world() as one:
        one.attach()
        asking = await _left(one)
        with pytest.raises(Conflict, match="c1"):
            await one.live.begin_transfer(wish(HUMAN, "cold", 25))
        one.live.leg_bridged()
        assert await asking is TransferResult.BRIDGED


async def test_a_transfer_from_outside_is_told_to_the_agent() -> None:
    async with world() as one:
        one.attach()
        await one.live.begin_transfer(wish([HUMAN], "warm", 20))
        speaking = asyncio.create_task(one.live.send(bytes(SECOND)))
        await soon(lambda: "shut" in one.control.names())
        speaking.cancel()
        waiting = asyncio.create_task(one.live.send(b"\1\0" * 160))
        await one.clock.sleep(15)
        assert not waiting.done()
        one.live.transfer_ended(TransferResult.NO_ANSWER)
        socket = one.attach()
        await waiting
        assert socket.frames() == b"\1\0" * 160
        events = [await anext(one.live), await anext(one.live)]
        assert set(events) == {StreamResumed(), TransferEnded(TransferResult.NO_ANSWER)}


async def test_an_agent_that_ends_meanwhile_does_not_end_the_transfer() -> None:
    async with world() as one:
        one.attach()
        await one.live.begin_transfer(wish([HUMAN], "warm", 20))
        finishing = asyncio.create_task(one.live.agent_finished("completed"))
        await soon(lambda: "shut" in one.control.names())
        await turns()
        assert not finishing.done()
        one.live.leg_bridged()
        await finishing
        assert one.live.handed_over
        assert one.control.log[-1] == ("agent_finished", "c1", "completed")


async def test_a_late_result_is_an_event() -> None:
    async with world() as one:
        one.attach()
        one.live.transfer_ended(TransferResult.BUSY)
        assert await anext(one.live) == TransferEnded(TransferResult.BUSY)


async def test_an_agent_cancelled_while_it_waits_leaves_no_transfer_behind() -> None:
    async with world() as one:
        one.attach()
        asking = await _left(one)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        one.attach()
        again = asyncio.create_task(one.live.transfer(HUMAN))
        await soon(lambda: one.control.names().count("shut") == 2)
        one.live.leg_bridged()
        assert await again is TransferResult.BRIDGED

from __future__ import annotations

import asyncio
import io
import os
import wave
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.core.live.world import soon, turns, world
from tests.core.media.lines import Wire

from linecard import (
    AudioReceived,
    CallEnded,
    CallOver,
    CarrierUnavailable,
    DigitPressed,
    InvalidField,
    MarkReached,
    StreamLost,
    StreamResumed,
)
from linecard.live import call as live_call

SECOND = 16_000


def _wav(pcm: bytes, rate: int = 8000) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm)
    return out.getvalue()


async def test_it_says_whose_call_it_is() -> None:
    async with world() as one:
        live = one.live
        assert (live.id, live.from_, live.to) == ("c1", "+14155550123", "+14155550100")
        assert (live.direction, live.number, live.provider) == ("inbound", live.to, "acme")
        assert live.metadata == {"order": 17}
        assert not live.streaming
        one.attach(rate=16000)
        assert live.streaming
        assert live.rate == 16000


async def test_what_is_sent_arrives_sample_for_sample() -> None:
    async with world() as one:
        socket, said = one.attach(), os.urandom(SECOND * 3)
        await one.live.send(said)
        assert await one.live.played()
        assert socket.frames() == said


async def test_sending_waits_while_half_a_minute_is_queued() -> None:
    async with world() as one:
        socket = one.attach()
        sending = asyncio.create_task(one.live.send(bytes(SECOND * 35)))
        await turns()
        assert not sending.done()
        await sending
        assert len(socket.frames()) >= SECOND * 4
        assert not socket.session.counters.unsent_ms


async def test_sending_ends_when_the_call_does() -> None:
    async with world() as one:
        one.attach()
        sending = asyncio.create_task(one.live.send(bytes(SECOND * 100)))
        await turns()
        one.live.finish("hung up")
        with pytest.raises(CallOver, match="hung up"):
            await sending


async def test_sending_waits_for_a_stream_and_goes_on_with_the_next() -> None:
    async with world() as one:
        sending = asyncio.create_task(one.live.send(b"\1\0" * 800))
        await turns()
        socket = one.attach()
        await sending
        assert socket.frames() == b"\1\0" * 800
        socket.session.lost("gone")
        again = asyncio.create_task(one.live.send(b"\2\0" * 800))
        await turns()
        assert one.attach().sent == []
        await again


async def test_a_call_without_a_stream_is_over_for_its_agent() -> None:
    async with world() as one:
        began = one.clock.now()
        with pytest.raises(CallOver, match="no audio stream for 10 s"):
            await one.live.send(b"\0\0")
        assert one.clock.now() - began >= 10


async def test_send_nowait_drops_and_counts() -> None:
    async with world() as one:
        one.live.send_nowait(bytes(SECOND))
        assert one.live.unsent_ms == 1000
        socket = one.attach()
        for _ in range(40):
            one.live.send_nowait(bytes(SECOND))
        assert socket.session.counters.unsent_ms["queue full"] > 9000


async def test_it_plays_pcm_wav_bytes_and_wav_files(tmp_path: Path) -> None:
    async with world() as one:
        socket, pcm = one.attach(), b"\7\0" * 1600
        path = tmp_path / "hello.wav"
        path.write_bytes(_wav(pcm))
        await one.live.play(pcm)
        await one.live.play(_wav(pcm))
        await one.live.play(path)
        await one.live.play(str(path))
        await one.live.played()
        assert socket.frames() == pcm * 4
        with pytest.raises(OSError, match="missing"):
            await one.live.play(tmp_path / "missing.wav")


async def test_played_is_false_after_a_clear_or_a_lost_stream() -> None:
    async with world() as one:
        socket = one.attach()
        for interrupt in (one.live.clear, lambda: socket.session.lost("gone")):
            await one.live.send(bytes(SECOND))
            waiting = asyncio.create_task(one.live.played())
            await turns()
            interrupt()
            assert await waiting is False
        assert await one.live.played() is False


async def test_played_never_hangs_when_the_carrier_says_nothing() -> None:
    async with world() as one:
        one.attach(Wire(has_marks=True))
        await one.live.send(bytes(SECOND))
        assert await asyncio.wait_for(one.live.played(), 10) is False


async def test_a_mark_is_reported_when_it_was_heard() -> None:
    async with world() as one:
        socket = one.attach(Wire(has_marks=True))
        one.live.mark("lost")
        await one.live.clear()
        await one.live.send(bytes(320))
        await one.live.mark("said")
        names = [said[1] for said in socket.sent if said[0] == "mark"]
        for name in names:
            socket.session.receive(f'["played", "{name}"]')
        assert await anext(one.live) == MarkReached("said")


async def test_clear_needs_no_await() -> None:
    async with world() as one:
        socket = one.attach()
        await one.live.send(bytes(SECOND))
        one.live.clear()
        assert socket.sent[-1] == ["clear"]


async def test_keys_are_gathered_and_seen_by_others() -> None:
    async with world() as one:
        socket = one.attach()
        gathering = asyncio.create_task(one.live.gather(4))
        await turns()
        socket.presses("12")
        await turns()
        socket.presses("34")
        assert await gathering == "1234"
        assert [await anext(one.live) for _ in range(4)] == [DigitPressed(key) for key in "1234"]


async def test_gathering_ends_on_its_key_or_when_no_key_comes() -> None:
    async with world() as one:
        socket = one.attach()
        gathering = asyncio.create_task(one.live.gather(9, seconds=3))
        await turns()
        socket.presses("12#3")
        assert await gathering == "12"
        gathering = asyncio.create_task(one.live.gather(9, seconds=3))
        await turns()
        socket.presses("7")
        assert await gathering == "7"
        assert await one.live.gather(seconds=0.1) == ""


async def test_every_key_gives_new_time() -> None:
    async with world() as one:
        socket = one.attach()
        began = one.clock.now()
        gathering = asyncio.create_task(one.live.gather(4, seconds=8))
        for key in "123":
            await one.clock.sleep(3)
            socket.presses(key)
        assert await gathering == "123"
        assert one.clock.now() - began >= 17


async def test_gathering_ends_with_the_call() -> None:
    async with world() as one:
        one.attach()
        gathering = asyncio.create_task(one.live.gather(seconds=100))
        await turns()
        one.live.finish("hung up")
        with pytest.raises(CallOver):
            await gathering


async def test_digits_go_by_stream_tones_or_the_carriers_api() -> None:
    async with world() as one:
        await one.live.send_digits("1")
        socket = one.attach()
        await one.live.send_digits("2a")
        assert socket.sent == [["digits", "2A"]]
        one.attach(Wire(has_marks=False, has_digits=False))
        await one.live.send_digits("3")
        assert [entry for entry in one.control.log if entry[0] != "shut"] == [
            ("send_digits", "c1", "1"),
            ("note", "c1", "digits-sent", {"how": "stream", "count": 2}),
            ("note", "c1", "digits-sent", {"how": "tones", "count": 1}),
        ]
        with pytest.raises(InvalidField):
            await one.live.send_digits("hello")


async def test_recording_is_the_controls() -> None:
    async with world() as one:
        await one.live.record()
        await one.live.record("pause")
        assert one.control.log == [("record", "c1", "start"), ("record", "c1", "pause")]
        with pytest.raises(InvalidField, match="action"):
            await one.live.record("rewind")


async def test_the_outcome_is_kept_also_after_the_end() -> None:
    async with world() as one:
        one.live.outcome = "booked"
        one.live.finish("over")
        one.live.outcome = "paid"
        await soon(lambda: len(one.control.log) == 2)
        assert one.control.log == [("set_outcome", "c1", "booked"), ("set_outcome", "c1", "paid")]
        assert one.live.outcome == "paid"


async def test_an_outcome_that_cannot_be_kept_is_logged() -> None:
    async with world() as one:
        one.control.refusals["set_outcome"] = RuntimeError("disk full")
        with capture_logs() as logs:
            one.live.outcome = "booked"
            await soon(lambda: logs)
        assert logs[0]["log_level"] == "error"
        assert "c1" in logs[0]["what"]


async def test_iteration_ends_after_the_calls_end() -> None:
    async with world() as one:
        socket = one.attach()
        socket.speaks(b"\1\0")
        socket.presses("5")
        one.live.finish("hung up")
        one.live.finish("again")
        seen = [event async for event in one.live]
        assert seen == [AudioReceived(b"\1\0"), DigitPressed("5"), CallEnded("hung up")]
        assert [event async for event in one.live] == []
        assert one.control.log == [("shut", "hung up")]


async def test_it_outlives_its_streams() -> None:
    async with world() as one:
        first = one.attach()
        first.session.lost("reset")
        assert not one.live.streaming
        second = one.attach()
        assert one.live.streaming
        first.session.lost("again")
        assert one.live.streaming
        third = one.attach()
        assert not second.session.is_open
        assert third.session.is_open
        one.live.finish("over")
        assert [event async for event in one.live] == [
            StreamLost(),
            StreamResumed(),
            StreamResumed(),
            CallEnded("over"),
        ]


async def test_a_stream_that_comes_after_the_end_is_closed() -> None:
    async with world() as one:
        one.live.finish("over")
        assert not one.attach().session.is_open


async def test_hanging_up_goes_by_the_control_first_and_lets_the_caller_hear_the_rest() -> None:
    async with world() as one:
        socket = one.attach()
        began = one.clock.now()
        await one.live.send(bytes(SECOND * 2))
        await one.live.hang_up()
        assert one.clock.now() - began >= 2
        assert len(socket.frames()) == SECOND * 2
        assert one.control.names() == ["hang_up", "shut"]
        await one.live.hang_up()
        assert one.control.names() == ["hang_up", "shut"]
        with pytest.raises(CallOver, match="hung up by the agent"):
            await one.live.send(b"\0\0")


async def test_the_rest_is_three_seconds_at_most() -> None:
    async with world() as one:
        socket = one.attach()
        await one.live.send(bytes(SECOND * 25))
        await one.live.hang_up()
        assert len(socket.frames()) < SECOND * 15


async def test_hanging_up_now_waits_for_nothing() -> None:
    async with world() as one:
        socket = one.attach()
        await one.live.send(bytes(SECOND * 2))
        await one.live.hang_up(now=True, reason="enough")
        assert len(socket.frames()) < SECOND
        assert one.control.log == [("hang_up", "c1", "enough"), ("shut", "enough")]


async def test_a_hang_up_that_fails_ends_the_stream_and_says_so() -> None:
    async with world() as one:
        one.attach()
        one.control.refusals["hang_up"] = CarrierUnavailable("acme", "no answer")
        with capture_logs(), pytest.raises(CarrierUnavailable):
            await one.live.hang_up(now=True)
        assert one.control.names() == ["hang_up", "shut"]
        assert one.live.is_over


async def test_a_hang_up_that_takes_long_ends_the_stream_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_call, "HANG_UP_SECONDS", 0.01)
    async with world() as one:
        one.attach()
        one.control.hang_up_takes = 0.3
        hanging = asyncio.create_task(one.live.hang_up(now=True))
        await soon(lambda: one.live.is_over)
        assert not hanging.done()
        await hanging


async def test_facts_of_the_stream_are_kept_on_the_calls_record() -> None:
    async with world() as one:
        socket = one.attach()
        socket.session.receive('["fault"]')
        await soon(lambda: one.control.log)
        assert one.control.log == [("note", "c1", "stream-fault", {"reason": "a fault"})]


async def test_after_the_end_every_command_says_so() -> None:
    async with world() as one:
        one.attach()
        one.live.finish("hung up")
        live = one.live
        for command in (
            lambda: live.send(b"\0\0"),
            lambda: live.play(b"\0\0"),
            lambda: live.played(),
            lambda: live.gather(),
            lambda: live.send_digits("1"),
            lambda: live.transfer("+14155550177"),
            lambda: live.record(),
        ):
            with pytest.raises(CallOver, match="c1 is over"):
                await command()
        for act in (lambda: live.send_nowait(b"\0\0"), lambda: live.mark("x"), live.clear):
            with pytest.raises(CallOver):
                act()
        assert one.control.log == [("shut", "hung up")]

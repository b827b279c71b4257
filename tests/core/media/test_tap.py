from __future__ import annotations

import io
import os
import wave
from typing import Any

import numpy as np
import pytest
from tests.core.media.lines import FRAME, PCMU, START, Line, Wire, media, profile

from linecard import AudioFormat, Encoding, StreamFormat
from linecard.media import g711
from linecard.media.tap import CallTap

L16 = StreamFormat(AudioFormat(Encoding.L16, 8000), AudioFormat(Encoding.L16, 8000))


def _pcm(value: int, seconds: float = 0.02) -> bytes:
    return bytes(np.full(int(8000 * seconds), value, "<i2").tobytes())


def _read(file: io.BytesIO) -> tuple[Any, Any]:
    with wave.open(io.BytesIO(file.getvalue())) as wav:
        assert (wav.getnchannels(), wav.getframerate(), wav.getsampwidth()) == (2, 8000, 2)
        both = np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _feed(call: CallTap, arrivals: list[float]) -> None:
    for number, moment in enumerate(arrivals):
        call.caller(_pcm(number + 1), moment)
        call.advance(moment)


def test_both_sides_stand_where_they_were_heard() -> None:
    file = io.BytesIO()
    call = CallTap(file, 8000, 100.0)
    tap = call.stream(L16)
    for frame in range(100):
        now = 100.0 + frame * 0.02
        tap.caller(_pcm(7), now)
        if frame == 10:
            tap.agent(_pcm(9), 101.0)
        tap.advance(now)
    call.close(102.0)
    left, right = _read(file)
    assert len(left) == 16_000
    assert set(left) == {7}
    assert np.flatnonzero(right).tolist() == list(range(8000, 8160))


def test_jitter_and_a_stall_leave_no_hole_and_lose_nothing() -> None:
    file = io.BytesIO()
    call = CallTap(file, 8000, 0.0)
    steady = [frame * 0.02 for frame in range(400)]
    late = [max(moment, 4.5) if 3.0 < moment < 4.5 else moment for moment in steady]
    _feed(call, [moment + (0.015 if frame % 3 else 0.0) for frame, moment in enumerate(late)])
    call.close(8.0)
    left, _ = _read(file)
    assert [value for value in left if value] == [f + 1 for f in range(400) for _ in range(160)]
    assert np.flatnonzero(np.diff(left) > 1).size == 0


def test_frames_that_never_came_are_silence_after_a_while() -> None:
    file = io.BytesIO()
    call = CallTap(file, 8000, 0.0)
    _feed(call, [frame * 0.02 + (1.0 if frame > 50 else 0.0) for frame in range(400)])
    call.close(9.0)
    left, _ = _read(file)
    assert len(left) == 9 * 8000
    last = np.flatnonzero(left == 400)[0]
    assert abs(last - (399 * 160 + 8000)) <= 160


def test_a_long_break_is_as_long_in_the_file() -> None:
    file = io.BytesIO()
    call = CallTap(file, 8000, 0.0)
    _feed(call, [frame * 0.02 + (20.0 if frame >= 100 else 0.0) for frame in range(200)])
    call.close(24.0)
    left, _ = _read(file)
    assert np.flatnonzero(left == 101)[0] == (100 * 0.02 + 20.0) * 8000


def test_what_a_barge_in_threw_away_is_not_in_it() -> None:
    file = io.BytesIO()
    call = CallTap(file, 8000, START)
    line = Line(profile(lead_ms=400), tap=call.stream(L16))
    line.run(0.5)
    line.session.queue(_pcm(5, 3.0))
    line.run(0.26)
    line.session.clear()
    line.session.queue(_pcm(6, 0.1))
    line.run(1)
    call.close(line.clock.now())
    _, right = _read(file)
    assert np.flatnonzero(right == 5).tolist() == list(range(4000, 4000 + 2080))
    assert np.flatnonzero(right == 6).tolist() == list(range(6080, 6880))


def test_without_a_clear_message_the_caller_hears_the_rest() -> None:
    file = io.BytesIO()
    call = CallTap(file, 8000, START)
    line = Line(profile(lead_ms=100), Wire(has_clear=False), tap=call.stream(L16))
    line.session.queue(_pcm(5, 3.0))
    line.session.clear()
    line.run(1)
    call.close(line.clock.now())
    _, right = _read(file)
    assert np.count_nonzero(right == 5) == 800


def test_the_agents_side_is_sample_for_sample_what_it_said() -> None:
    file, said = io.BytesIO(), os.urandom(FRAME * 200)
    call = CallTap(file, 8000, START + 0.00003)
    line = Line(tap=call.stream(L16))
    for at in range(0, len(said), FRAME):
        line.session.queue(said[at : at + FRAME])
        line.session.receive(media(bytes(FRAME)))
        line.run(0.02)
    call.close(line.clock.now())
    _, right = _read(file)
    assert right.tobytes().find(said) >= 0


@pytest.mark.parametrize("part", [0.5, 0.499999, 0.25, 0.0])
def test_the_rounding_of_times_opens_no_gap(part: float) -> None:
    file, said = io.BytesIO(), b"\1\0" * 160 * 1000
    call = CallTap(file, 8000, START - part / 8000)
    for frame in range(1000):
        call.agent(said[:FRAME], START + frame * FRAME / 16_000)
    call.close(START + 20)
    _, right = _read(file)
    assert right.tobytes().find(said) >= 0


@pytest.mark.parametrize("rate", [None, 16000])
def test_it_is_written_as_the_line_carries_it(rate: int | None) -> None:
    file, codes = io.BytesIO(), bytes(range(128, 208)) * 2
    call = CallTap(file, 8000, START)
    line = Line(profile(PCMU), rate=rate, tap=call.stream(PCMU))
    line.session.receive(media(codes))
    call.close(START + 0.02)
    left, _ = _read(file)
    assert left.tobytes() == g711.decode_pcmu(codes)


def test_memory_is_bounded_whatever_arrives() -> None:
    file = io.BytesIO()
    call = CallTap(file, 8000, 0.0)
    for second in range(30):
        for _ in range(100):
            call.caller(_pcm(1), float(second))
        call.agent(_pcm(2, 1.0), float(second))
        call.advance(float(second))
        assert len(call._caller._samples) + len(call._agent._samples) < 8 * 16_000
    assert call.dropped_ms > 20_000

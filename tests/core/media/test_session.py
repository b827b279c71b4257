from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.media.lines import FRAME, PCMU, Line, Wire, media, profile

from linecard.media import g711
from linecard.media.marks import MarkEnd


def _noise(size: int) -> bytes:
    return os.urandom(size)


@settings(deadline=None, max_examples=60)
@given(st.binary(min_size=2, max_size=6000), st.lists(st.integers(1, 1500), min_size=1, max_size=8))
def test_any_chunking_becomes_exact_frames_in_order(sound: bytes, sizes: list[int]) -> None:
    line, at, turn = Line(), 0, 0
    while at < len(sound):
        size = sizes[turn % len(sizes)]
        line.session.queue(sound[at : at + size])
        at, turn = at + size, turn + 1
    line.run(2)
    frames = line.frames()
    assert {len(frame) for frame in frames} == {FRAME}
    whole = sound[: len(sound) - len(sound) % 2]
    padded = whole + bytes(-len(whole) % FRAME)
    assert b"".join(frames) == padded


def test_audio_is_sent_no_more_than_the_lead_ahead() -> None:
    line = Line(profile(lead_ms=200))
    line.session.queue(_noise(FRAME * 100))
    assert len(line.frames()) == 10
    line.run(0.5)
    assert 34 <= len(line.frames()) <= 36
    line.run(3)
    assert len(line.frames()) == 100
    assert line.session.counters.underruns == 0


def test_a_long_call_does_not_drift() -> None:
    line = Line(profile(lead_ms=100))
    for _ in range(3000):
        line.session.queue(bytes(FRAME))
        line.run(0.02)
    assert len(line.frames()) == 3000
    assert line.session.unheard_seconds <= 0.1


def test_audio_that_comes_late_is_an_underrun_and_a_pause_is_none() -> None:
    line = Line()
    line.session.queue(bytes(FRAME))
    line.run(0.2)
    line.session.queue(bytes(FRAME))
    assert line.session.counters.underruns == 1
    line.run(5)
    line.session.queue(bytes(FRAME))
    assert line.session.counters.underruns == 1


def test_clear_silences_at_once_and_nothing_older_is_sent() -> None:
    line = Line(profile(lead_ms=100))
    old, new = b"\x11" * FRAME * 50, b"\x22" * FRAME * 3
    line.session.queue(old)
    line.session.clear()
    line.session.queue(new)
    line.run(1)
    kinds = line.kinds()
    at = kinds.index("clear")
    assert all(b"\x22" in frame for frame in line.frames()[kinds[:at].count("play") :])
    assert len(line.frames()) == 5 + 3


def test_marks_end_as_heard_cleared_or_unknown() -> None:
    line = Line()
    line.session.queue(bytes(FRAME))
    for name in ("first", "second"):
        line.session.mark(name)
    line.session.receive('["played", "first"]')
    line.session.clear()
    line.session.receive('["played", "second"]')
    line.session.mark("third")
    line.run(5)
    assert line.ear.marks == [
        ("first", MarkEnd.HEARD),
        ("second", MarkEnd.CLEARED),
        ("third", MarkEnd.UNKNOWN),
    ]
    assert line.session.counters.dropped["stale mark"] == 1


def test_a_mark_stands_behind_the_audio_before_it() -> None:
    line = Line(profile(lead_ms=40))
    line.session.queue(bytes(FRAME * 5 + 10))
    line.session.mark("end")
    line.run(1)
    assert line.kinds() == ["play"] * 6 + ["mark"]


def test_without_marks_the_clock_says_what_was_heard() -> None:
    line = Line(wire=Wire(has_marks=False))
    line.session.queue(bytes(FRAME * 10))
    line.session.mark("end")
    line.run(0.1)
    assert line.ear.marks == []
    line.run(0.2)
    assert line.ear.marks == [("end", MarkEnd.HEARD)]


def test_digits_go_over_the_socket_or_as_tones() -> None:
    assert Line().session.send_digits("12") == "socket"
    line = Line(wire=Wire(has_digits=False))
    assert line.session.send_digits("12") == "tones"
    line.run(1)
    assert len(b"".join(line.frames())) == 2 * 8000 * 4 // 10


def test_the_callers_audio_and_keys_are_heard() -> None:
    line, sound = Line(), _noise(FRAME * 3)
    for at in range(0, len(sound), FRAME):
        line.session.receive(media(sound[at : at + FRAME]))
    line.session.receive('["digit", "5"]')
    assert bytes(line.ear.audio) == sound
    assert line.ear.digits == ["5"]


def test_mu_law_is_decoded_and_encoded() -> None:
    line = Line(profile(PCMU))
    codes = bytes(range(160))
    line.session.receive(media(codes))
    assert bytes(line.ear.audio) == g711.decode_pcmu(codes)
    line.session.queue(g711.decode_pcmu(codes))
    assert line.frames()[0] == codes.replace(b"\x7f", b"\xff")


@pytest.mark.parametrize("message", ["", "[]", "{", b"\xff", "null"])
def test_a_broken_message_is_counted_and_closes_nothing(message: str | bytes) -> None:
    line = Line()

    class Deaf(Wire):
        def receive(self, message: str | bytes):  # type: ignore[no-untyped-def]
            return Wire.receive(self, "{")

    line.session._protocol = Deaf()
    for _ in range(1000):
        line.session.receive(message)
    assert line.session.counters.dropped["not JSON"] == 1000
    assert line.closed == []


def test_a_closed_session_sends_nothing_and_ends_its_marks() -> None:
    line = Line()
    line.session.queue(bytes(FRAME))
    line.session.mark("end")
    sent = len(line.sent)
    line.session.close("over")
    line.session.queue(bytes(FRAME))
    line.session.mark("after")
    line.run(1)
    assert len(line.sent) == sent
    assert line.closed == ["over"]
    assert line.ear.marks == [("end", MarkEnd.UNKNOWN), ("after", MarkEnd.UNKNOWN)]


async def test_room_is_waited_for_and_given() -> None:
    import asyncio

    line = Line()
    line.session.queue(bytes(16_000 * 31))
    assert not line.session.has_room
    waiting = asyncio.create_task(line.session.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    line.run(3)
    await asyncio.wait_for(waiting, 1)

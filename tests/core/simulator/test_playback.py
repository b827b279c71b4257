"""The carrier's buffer: what is played is what came, to the byte."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from linecard.simulator.playback import Playback

FRAME = bytes(10)


def buffer(capacity: int = 1000) -> Playback:
    return Playback(FRAME, bytes_per_second=100, capacity=capacity)


def test_frames_come_out_as_they_went_in() -> None:
    playback = buffer()
    playback.push(bytes(range(25)))
    assert [playback.play() for _ in range(3)] == [
        bytes(range(10)),
        bytes(range(10, 20)),
        bytes(range(20, 25)) + bytes(5),
    ]
    assert playback.played == bytes(range(25))


def test_a_mark_is_reached_only_when_all_before_it_was_played() -> None:
    playback = buffer()
    playback.push(b"x" * 15)
    playback.mark("middle")
    playback.push(b"y" * 5)
    playback.mark("end")
    assert playback.reached() == []
    playback.play()
    assert playback.reached() == []
    playback.play()
    assert playback.reached() == ["middle", "end"]
    assert playback.reached() == []


def test_a_mark_on_an_empty_buffer_is_reached_at_once() -> None:
    playback = buffer()
    playback.mark("now")
    assert playback.reached() == ["now"]


def test_clear_drops_the_rest_and_its_marks() -> None:
    playback = buffer()
    playback.push(b"a" * 15)
    playback.mark("lost")
    playback.play()
    dropped = playback.clear()
    assert (dropped.position, dropped.audio, dropped.marks) == (10, b"a" * 5, ("lost",))
    playback.push(b"b" * 10)
    playback.play()
    assert playback.played == b"a" * 10 + b"b" * 10
    assert playback.reached() == []


def test_what_does_not_fit_is_counted_and_not_played() -> None:
    playback = buffer(capacity=20)
    assert playback.push(b"a" * 20)
    assert not playback.push(b"b")
    assert playback.overflowed == 1
    assert playback.fill == 1.0
    playback.play()
    assert playback.push(b"c" * 10)
    assert playback.taken == 30


def test_a_short_gap_is_an_underrun_and_a_pause_is_none() -> None:
    playback = buffer()
    playback.push(b"a" * 10)
    playback.play()
    playback.play()
    playback.push(b"b" * 10)
    assert playback.underruns == 1
    playback.play()
    for _ in range(10):
        playback.play()
    playback.push(b"c" * 10)
    assert playback.underruns == 1
    assert [gap.length for gap in playback.gaps] == [10, 100]


def test_silence_after_a_clear_is_no_underrun() -> None:
    playback = buffer()
    playback.push(b"a" * 20)
    playback.play()
    playback.clear()
    playback.play()
    playback.push(b"b" * 10)
    assert playback.underruns == 0
    assert len(playback.gaps) == 1


@given(st.lists(st.one_of(st.none(), st.binary(min_size=1, max_size=35)), max_size=60))
def test_heard_is_played_with_the_gaps_put_back(steps: list[bytes | None]) -> None:
    playback = Playback(FRAME, bytes_per_second=100, capacity=10_000)
    heard, sent = b"", b""
    for step in steps:
        if step is None:
            heard += playback.play()
        else:
            playback.push(step)
            sent += step
    while playback.waiting:
        heard += playback.play()
    assert playback.played == sent
    whole = playback.with_gaps()
    assert heard[: len(whole)] == whole
    assert not any(heard[len(whole) :])

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.media.lines import FRAME, L16, PCMU, Line, Wire, media, profile

from linecard import ChunkRule, MediaReceived, StreamEvent
from linecard.media import g711
from linecard.media.codec import Codec
from linecard.media.marks import MarkEnd

EXACT = ChunkRule(320, 3200, 100_000)


@settings(deadline=None, max_examples=60)
@given(
    st.binary(min_size=2, max_size=6000),
    st.lists(st.integers(1, 1500), min_size=1, max_size=8),
    st.sampled_from([None, EXACT]),
)
def test_any_chunking_becomes_exact_chunks_in_order(
    sound: bytes, sizes: list[int], rule: ChunkRule | None
) -> None:
    line, at, turn = Line(profile(chunk=rule)), 0, 0
    while at < len(sound):
        size = sizes[turn % len(sizes)]
        line.session.queue(sound[at : at + size])
        at, turn = at + size, turn + 1
    line.run(2)
    chunk = rule.smallest if rule else FRAME
    assert {len(frame) for frame in line.frames()} <= {chunk}
    whole = sound[: len(sound) & ~1]
    assert b"".join(line.frames()) == whole + bytes(-len(whole) % chunk)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.binary(min_size=1, max_size=900), min_size=1, max_size=30), st.data())
def test_any_timing_loses_and_doubles_nothing(pieces: list[bytes], data: st.DataObject) -> None:
    """Padding may stand between pieces that come apart, but what was said is all there in order."""
    line = Line(profile(PCMU, lead_ms=data.draw(st.sampled_from([40, 200, 400]))))
    for piece in pieces:
        line.session.queue(piece)
        line.run(data.draw(st.sampled_from([0, 0.02, 0.04])))
    line.session.flush()
    line.run(12)
    whole = b"".join(pieces)
    expected = Codec(PCMU).encode(whole[: len(whole) & ~1])
    heard = b"".join(line.frames())
    assert {len(frame) for frame in line.frames()} <= {160}
    assert _is_with_padding(heard, expected, line.session.counters.padded)


def _is_with_padding(heard: bytes, expected: bytes, padded: int) -> bool:
    """Whether `heard` is `expected` with silence in between, no more than a frame for each padding."""
    place = 0
    for byte in heard:
        if place < len(expected) and byte == expected[place]:
            place += 1
        elif byte != 0xFF:
            return False
    return place == len(expected) and len(heard) - len(expected) < 160 * max(1, padded)


def test_a_frame_that_fits_is_sent_at_once_and_uncopied() -> None:
    played: list[bytes] = []

    class Same(Wire):
        def play(self, audio: bytes) -> str:
            played.append(audio)
            return super().play(audio)

    line, frame = Line(wire=Same()), os.urandom(FRAME)
    line.session.queue(frame)
    assert played[0] is frame


def test_a_mark_fills_up_the_last_chunk_and_stands_behind_it() -> None:
    line = Line(profile(lead_ms=40))
    line.session.queue(os.urandom(FRAME * 5 + 10))
    line.mark("end")
    line.run(1)
    assert line.kinds() == ["play"] * 6 + ["mark"]
    assert line.frames()[-1][10:] == bytes(FRAME - 10)


def test_padding_waits_until_the_utterance_is_over() -> None:
    line = Line(profile(lead_ms=200))
    line.session.queue(os.urandom(FRAME * 10 + 100))
    line.run(0.1)
    assert len(line.frames()) == 10
    line.session.queue(os.urandom(FRAME - 100))
    line.run(0.3)
    assert len(line.frames()) == 11
    assert line.session.counters.padded == 0
    line.session.queue(os.urandom(100))
    line.run(0.04)
    assert len(line.frames()) == 11
    line.run(0.1)
    assert len(line.frames()) == 12


def test_padding_is_the_codecs_own_silence() -> None:
    line = Line(profile(PCMU))
    line.session.queue(os.urandom(20))
    line.session.flush()
    assert line.frames()[0][10:] == b"\xff" * 150


def test_another_rate_says_everything_to_its_end() -> None:
    line = Line(rate=16000)
    line.session.queue(b"\x00\x10" * 3200)
    line.mark("end")
    line.run(1)
    assert {len(frame) for frame in line.frames()} == {FRAME}
    assert len(line.frames()) == 11
    assert line.frames()[-1] != bytes(FRAME)


def test_clear_silences_at_once_and_nothing_older_is_sent() -> None:
    line = Line(profile(lead_ms=100))
    line.session.queue(b"\x11" * (FRAME * 50 + 7))
    line.session.clear()
    line.session.queue(b"\x22" * FRAME * 3)
    line.run(1)
    kinds = line.kinds()
    before = kinds[: kinds.index("clear")].count("play")
    assert before == 5
    assert line.frames()[before:] == [b"\x22" * FRAME] * 3
    assert line.session.counters.unsent_ms["cleared"] == 900


def test_after_a_clear_new_audio_is_sent_without_waiting_for_the_old() -> None:
    line = Line(profile(lead_ms=100))
    line.session.queue(bytes(FRAME * 50))
    line.session.clear()
    line.session.queue(bytes(FRAME * 50))
    assert line.kinds() == ["play"] * 5 + ["clear"] + ["play"] * 5


@pytest.mark.parametrize("rate", [8000, 16000])
def test_after_a_clear_no_half_sample_and_no_filter_holds_the_old(rate: int) -> None:
    line = Line(rate=rate)
    line.session.queue(b"\x77" * (FRAME * 4 + 1))
    line.session.clear()
    before = len(line.frames())
    line.session.queue(bytes(FRAME * 4))
    line.run(1)
    assert line.frames()[before:]
    assert set(line.frames()[before:]) == {bytes(FRAME)}


def test_a_clear_makes_room() -> None:
    line = Line()
    line.session.queue(bytes(16_000 * 40))
    assert not line.session.offer(bytes(16_000))
    line.session.clear()
    assert line.session.offer(bytes(16_000 * 29))


def test_a_carrier_without_clear_plays_what_it_has() -> None:
    line = Line(profile(lead_ms=100), Wire(has_clear=False))
    line.session.queue(bytes(FRAME * 50))
    line.session.clear()
    line.session.queue(bytes(FRAME * 50))
    assert line.kinds() == ["play"] * 5
    line.run(0.02)
    assert line.kinds() == ["play"] * 6


def test_marks_end_as_heard_cleared_or_unknown() -> None:
    line = Line()
    line.session.queue(bytes(FRAME))
    for name in ("first", "second"):
        line.mark(name)
    line.answer(line.wires()[0])
    line.session.clear()
    line.answer(line.wires()[1])
    line.mark("third")
    line.run(3.3)
    assert line.ends == [("first", MarkEnd.HEARD), ("second", MarkEnd.CLEARED)]
    line.run(0.2)
    assert line.ends[2:] == [("third", MarkEnd.UNKNOWN)]
    line.answer(line.wires()[2])
    assert len(line.ends) == 3
    assert line.session.counters.dropped["stale mark"] == 2
    assert line.session.counters.marks_unknown == 1


def test_a_later_mark_says_that_the_earlier_were_heard() -> None:
    line = Line()
    for name in ("first", "second", "third"):
        line.mark(name)
    line.answer(line.wires()[1])
    assert line.ends == [("first", MarkEnd.HEARD), ("second", MarkEnd.HEARD)]


def test_the_mark_of_long_audio_has_its_time() -> None:
    line = Line(profile(lead_ms=100))
    line.session.queue(bytes(FRAME * 50 * 20))
    line.mark("end")
    line.run(22)
    assert line.ends == []
    line.answer(line.wires()[0])
    assert line.ends == [("end", MarkEnd.HEARD)]


def test_without_marks_the_clock_says_what_was_heard() -> None:
    line = Line(wire=Wire(has_marks=False))
    line.session.queue(bytes(FRAME * 10))
    line.mark("end")
    line.run(0.18)
    assert line.ends == []
    line.run(0.04)
    assert line.ends == [("end", MarkEnd.HEARD)]


def test_keys_go_over_the_socket_where_it_has_a_message_for_them() -> None:
    line = Line()
    assert line.session.press("1A")
    assert line.sent[-1][1] == ["digits", "1A"]
    line = Line(wire=Wire(has_digits=False))
    assert not line.session.press("12")
    assert line.sent == []


def test_the_queue_holds_half_a_minute_and_counts_what_it_drops() -> None:
    line = Line(profile(lead_ms=100))
    second = bytes(16_000)
    for _ in range(40):
        line.session.queue(second)
    assert not line.session.offer(second)
    counters = line.session.counters
    assert counters.queue_peak_ms == 30_000
    assert counters.unsent_ms["queue full"] == 40_000 - 30_000 - 100 - 20
    assert line.ear.rooms == 0
    line.run(0.02)
    assert line.ear.rooms == 1
    line.run(2)
    assert line.session.offer(second)


def test_an_hour_of_audio_at_once_stays_within_its_bound() -> None:
    line = Line()
    line.session.queue(bytes(16_000 * 3600))
    line.run(60)
    assert len(line.frames()) == (30 + 0) * 50
    assert line.session.counters.unsent_ms["queue full"] == 3_570_000


def test_a_full_carrier_is_waited_for_but_not_for_ever() -> None:
    line = Line()
    line.session.receive('["full"]')
    line.session.queue(bytes(FRAME * 5))
    line.run(1)
    assert line.frames() == []
    line.session.receive('["ready"]')
    assert len(line.frames()) == 5
    line.session.receive('["full"]')
    line.session.queue(bytes(FRAME * 5))
    line.run(4.9)
    assert len(line.frames()) == 5
    line.run(0.2)
    assert len(line.frames()) == 10


def test_the_callers_audio_and_keys_are_heard() -> None:
    line, sound = Line(), os.urandom(FRAME * 3)
    for at in range(0, len(sound), FRAME):
        line.session.receive(media(sound[at : at + FRAME]))
    line.session.receive('["digit", "5"]')
    assert bytes(line.ear.audio) == sound
    assert line.ear.digits == ["5"]
    assert line.session.counters.frames_in == 3


def test_mu_law_is_decoded_and_encoded() -> None:
    line, codes = Line(profile(PCMU)), bytes(range(160))
    line.session.receive(media(codes))
    assert bytes(line.ear.audio) == g711.decode_pcmu(codes)
    line.session.queue(g711.decode_pcmu(codes))
    assert line.frames()[0] == codes.replace(b"\x7f", b"\xff")


@pytest.mark.parametrize("message", ["", "[]", "{", b"\xff", "null", '["media", "AAAA"'])
def test_broken_messages_are_counted_and_close_nothing(message: str | bytes) -> None:
    line = Line()
    for _ in range(1000):
        line.session.receive(message)
    assert line.session.counters.dropped == {"not JSON": 1000}
    line.session.receive(media(b"\1\0"))
    assert bytes(line.ear.audio) == b"\1\0"
    assert line.closed == []


def test_a_reader_that_raises_closes_nothing() -> None:
    class Broken(Wire):
        def receive(self, message: str | bytes) -> list[StreamEvent]:
            raise KeyError(message)

    line = Line(wire=Broken())
    line.session.receive("x")
    line.session.receive("y")
    assert line.session.counters.dropped == {"the reader failed": 2}
    assert line.session.is_open


def test_reasons_are_bounded() -> None:
    line = Line()
    for number in range(200):
        line.session.counters.drop(f"reason {number}")
    assert len(line.session.counters.dropped) == 65
    assert line.session.counters.dropped["other"] == 136


def test_a_second_start_is_out_of_place() -> None:
    line = Line()
    line.session.receive('["start"]')
    assert line.session.counters.dropped == {"StreamStarted out of place": 1}


def test_what_was_on_its_way_when_the_stream_ended_is_not_lost() -> None:
    line = Line()
    line.session.close("hung up")
    line.session.take([MediaReceived(bytes(320))])
    assert line.session.counters.dropped == {}
    assert line.session.counters.frames_in == 0


def test_a_fault_is_a_fact_and_a_stop_is_the_end() -> None:
    line = Line()
    line.session.receive('["fault"]')
    assert line.ear.facts == [("stream-fault", {"reason": "a fault"})]
    assert line.session.is_open
    line.session.receive('["stop"]')
    assert line.ear.lost == line.closed == ["as told"]


def test_a_closed_session_sends_nothing_hears_nothing_and_ends_its_marks() -> None:
    line = Line(profile(lead_ms=20))
    line.session.queue(bytes(FRAME * 5))
    line.mark("end")
    sent = len(line.sent)
    line.session.close("over")
    line.session.queue(bytes(FRAME))
    line.session.clear()
    line.session.flush()
    line.mark("after")
    line.session.receive(media(b"\0\0"))
    line.session.close("again")
    line.session.lost("and gone")
    line.run(1)
    assert len(line.sent) == sent
    assert line.closed == line.ear.lost == ["over"]
    assert line.ends == [("end", MarkEnd.UNKNOWN), ("after", MarkEnd.UNKNOWN)]
    assert line.session.counters.unsent_ms["stream ended"] == 80
    assert not line.ear.audio


def test_a_lost_socket_is_not_closed_again() -> None:
    line = Line()
    line.session.lost("gone")
    line.session.close("ours")
    assert line.closed == []
    assert line.ear.lost == ["gone"]


def test_a_send_that_fails_ends_the_stream_once() -> None:
    line = Line()

    def broken(_message: str | bytes) -> None:
        raise ConnectionError("the pipe is broken")

    line.session._send_message = broken
    line.session.queue(bytes(FRAME * 5))
    assert line.ear.lost == line.closed == ["sending failed: the pipe is broken"]


def test_audio_before_anybody_listens_is_counted() -> None:
    line = Line()
    line.session._in.listener = None
    line.session.receive(media(b"\0\0"))
    assert line.session.counters.dropped == {"nobody listens": 1}


def test_the_wire_names_of_marks_are_their_own() -> None:
    line = Line()
    for _ in range(3):
        line.mark("same")
    assert len(set(line.wires())) == 3
    line.session.receive(json.dumps(["played", "same"]))
    assert line.ends == []


def test_agents_may_send_any_bytes_like_audio() -> None:
    line = Line(profile(L16))
    line.session.queue(bytearray(b"\x11" * FRAME))  # type: ignore[arg-type]
    line.session.queue(memoryview(b"\x22" * FRAME))  # type: ignore[arg-type]
    assert line.frames() == [b"\x11" * FRAME, b"\x22" * FRAME]

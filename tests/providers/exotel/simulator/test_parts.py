"""Small parts of the simulated Exotel: numbers, times, flows, chunks, bodies."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linecard import parse_multipart
from linecard_exotel.simulator.addresses import Address
from linecard_exotel.simulator.bodies import as_json, as_multipart, as_pairs
from linecard_exotel.simulator.flows import Connect, Passthru, Voicebot, build_flow
from linecard_exotel.simulator.messages import chunk_fault
from linecard_exotel.simulator.moments import EPOCH, created, stamp, unix
from linecard_exotel.simulator.numbering import e164, is_number, national
from linecard_exotel.simulator.playback import ChunkedPlayback
from linecard_exotel.simulator.shapes import MEDIA_FORMATS

HOST = "https://app.example/exotel"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("09441233609", "+919441233609"),
        ("9441233609", "+919441233609"),
        ("919441233609", "+919441233609"),
        ("+919441233609", "+919441233609"),
        ("+14155550123", "+14155550123"),
        ("0014155550123", "+14155550123"),
    ],
)
def test_numbers(written: str, number: str) -> None:
    assert e164(written) == number
    assert e164(national(number)) == number


@pytest.mark.parametrize("text", ["", "12", "sip:a@b", "+", "٠٩٤٤١٢٣٣٦٠٩"])
def test_what_is_no_number(text: str) -> None:
    assert not is_number(text)


def test_times_are_indias() -> None:
    moment = 1756103828.0
    assert stamp(0) == EPOCH
    assert stamp(moment) == "2025-08-25 12:07:08"
    assert created(moment) == "Mon, 25 Aug 2025 12:07:08"
    assert unix(stamp(moment)) == moment


def address(kind: str) -> str:
    return f"{HOST}/{kind}?a=main&k={kind}"


def test_the_flow_that_the_steps_describe() -> None:
    flow = build_flow(
        [address(kind) for kind in ("answer", "next", "dial", "return")], records=True
    )
    assert isinstance(flow, Voicebot)
    assert flow.records
    assert isinstance(flow.next, Passthru)
    assert flow.next.b is None
    connect = flow.next.a
    assert isinstance(connect, Connect)
    back = connect.unanswered
    assert back == Voicebot(Address(address("return")), True, None)


def test_a_flow_of_one_applet_and_no_flow() -> None:
    assert build_flow([address("answer")], records=False) == Voicebot(
        Address(address("answer")), False, None
    )
    assert build_flow([address("next"), address("dial"), address("return")], records=False) is None
    assert build_flow([], records=False) is None


def test_userinfo_becomes_basic_auth() -> None:
    parsed = Address.parse("https://a%40b:c:d@app.example/x?k=answer")
    assert parsed.url == "https://app.example/x?k=answer"
    assert parsed.headers == {"Authorization": "Basic YUBiOmM6ZA=="}


@pytest.mark.parametrize(
    ("size", "fits"),
    [(0, False), (2880, False), (3200, True), (3210, False), (99_840, True), (100_000, False)],
)
def test_chunk_rules(size: int, fits: bool) -> None:
    assert (chunk_fault(bytes(size)) is None) is fits


def test_every_media_format_fits_its_rate() -> None:
    for encoding, made in MEDIA_FORMATS.items():
        written = made(8000)
        assert written["encoding"] == encoding
        assert str(written["sample_rate"]).removesuffix("Hz") == "8000"


def test_bodies_say_the_same() -> None:
    facts = {"CallSid": "x", "To": None, "Legs": [{"Status": "completed", "OnCallDuration": 3}]}
    pairs = as_pairs(facts)
    assert pairs == (
        ("CallSid", "x"),
        ("To", ""),
        ("Legs[0][Status]", "completed"),
        ("Legs[0][OnCallDuration]", "3"),
    )
    assert parse_multipart(*as_multipart(pairs, "form-data-boundary-1")) == pairs
    assert json.loads(as_json(facts)[0]) == facts


FRAME = 320
ACTS = st.lists(st.one_of(st.integers(1, 5), st.just("play"), st.just("clear")), max_size=60)


@given(ACTS)
def test_a_clear_never_splits_a_chunk(acts: list[int | str]) -> None:
    """Each chunk is played whole or not at all, and marks are reached or dropped, once."""
    playback = ChunkedPlayback(bytes(FRAME), 16_000, 1_000_000)
    chunks: list[bytes] = []
    reached: list[str] = []
    for act in acts:
        if act == "play":
            playback.play()
            reached += playback.reached()
        elif act == "clear":
            playback.clear()
        else:
            number = len(chunks) + 1
            chunks.append(number.to_bytes(2, "big") * (int(act) * FRAME // 2))
            playback.push(chunks[-1])
            playback.mark(str(number))
    while playback.waiting:
        playback.play()
    reached += playback.reached()
    dropped = [mark for one in playback.dropped for mark in one.marks]
    assert sorted(reached + dropped, key=int) == [str(n + 1) for n in range(len(chunks))]
    assert bytes(playback.played) == b"".join(chunks[int(mark) - 1] for mark in reached)

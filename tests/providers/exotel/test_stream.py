"""The media socket's messages, both directions."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linecard import (
    BufferCleared,
    DigitReceived,
    Encoding,
    MarkPlayed,
    MediaReceived,
    MessageDropped,
    StreamEvent,
    StreamProfile,
    StreamStarted,
    StreamStopped,
)
from linecard_exotel.codecs import encoding_of, rate_of
from linecard_exotel.facts import CONNECT, LEGS, PROFILES, VOICEBOT
from linecard_exotel.stream import ExotelStream

SID = "acme1"
# The messages of Exotel's own pages, with this account's id.
START: dict[str, Any] = {
    "event": "start",
    "sequence_number": "1",
    "stream_sid": "MZxx",
    "start": {
        "stream_sid": "MZxx",
        "call_sid": "CAxx",
        "account_sid": SID,
        "from": "+919876543210",
        "to": "+918047491899",
        "custom_parameters": {"key1": "value1"},
        "media_format": {"encoding": "audio/x-raw", "sample_rate": "8000", "bit_rate": "16"},
    },
}


def opened(profile: StreamProfile = VOICEBOT) -> ExotelStream:
    stream = ExotelStream(profile, SID)
    one(stream, START if profile is not LEGS else started({"encoding": "mulaw"}))
    return stream


def started(media_format: object, **more: Any) -> dict[str, Any]:
    return START | {"start": START["start"] | {"media_format": media_format} | more}


def one(stream: ExotelStream, message: object) -> StreamEvent:
    (event,) = stream.receive(json.dumps(message))
    return event


def media(audio: bytes, **more: Any) -> dict[str, Any]:
    inside = {"chunk": "2", "timestamp": "200", "payload": base64.b64encode(audio).decode()}
    return {"event": "media", "sequence_number": "3", "stream_sid": "MZxx", "media": inside | more}


# What Exotel says


def test_the_order_of_exotels_pages() -> None:
    stream = ExotelStream(VOICEBOT, SID)
    assert stream.receive('{"event":"connected"}') == ()
    assert one(stream, START) == StreamStarted("MZxx", {"call_sid": "CAxx"}, "L16", 8000)
    assert one(stream, media(b"\1\2" * 160)) == MediaReceived(b"\1\2" * 160, 2)
    dtmf = {"event": "dtmf", "stream_sid": "MZxx", "dtmf": {"digit": "5", "duration": "100"}}
    assert one(stream, dtmf) == DigitReceived("5")
    mark = {"event": "mark", "stream_sid": "MZxx", "mark": {"name": "my-label"}}
    assert one(stream, mark) == MarkPlayed("my-label")
    stop = {"call_sid": "CAxx", "account_sid": SID, "reason": "callended"}
    assert one(stream, {"event": "stop", "stream_sid": "MZxx", "stop": stop}) == StreamStopped(
        "callended"
    )


def test_camel_case_and_numbers() -> None:
    stream = ExotelStream(VOICEBOT, SID)
    begun = {
        "streamSid": "MZxx",
        "callSid": "CAxx",
        "accountSid": SID,
        "mediaFormat": {"encoding": "raw", "sampleRate": 8000, "bitRate": 128},
        "custom_parameters": "a=1,b=2",
    }
    said = one(stream, {"event": "start", "sequenceNumber": 1, "streamSid": "MZxx", "start": begun})
    assert said == StreamStarted("MZxx", {"call_sid": "CAxx"}, "L16", 8000)
    frame = media(b"\0\0", chunk=7) | {"streamSid": "MZxx"}
    del frame["stream_sid"]
    assert one(stream, frame) == MediaReceived(b"\0\0", 7)


def test_the_streams_id_may_stand_at_the_top_alone() -> None:
    begun = {"call_sid": "CAxx", "account_sid": SID}
    said = one(ExotelStream(VOICEBOT, SID), {"event": "start", "stream_sid": "M", "start": begun})
    assert said == StreamStarted("M", {"call_sid": "CAxx"}, None, None)


@pytest.mark.parametrize("account", ["another", "", None, 5])
def test_a_start_of_another_account_is_dropped(account: object) -> None:
    stream = ExotelStream(VOICEBOT, SID)
    said = one(stream, started(None, account_sid=account))
    assert said == MessageDropped("start of another account")
    assert one(stream, media(b"\0\0")) == MessageDropped("before start")
    assert isinstance(one(stream, START), StreamStarted)


def test_a_start_without_ids_and_a_second_one() -> None:
    stream = ExotelStream(VOICEBOT, SID)
    assert one(stream, started(None, call_sid="")) == MessageDropped("start without its ids")
    assert isinstance(one(stream, START), StreamStarted)
    assert one(stream, START) == MessageDropped("second start")


def test_messages_that_are_of_no_use() -> None:
    stream = opened()
    assert one(stream, media(b"")) == MessageDropped("no audio")
    assert one(stream, media(b"\0\0\0")) == MessageDropped("half a sample")
    other = media(b"\0\0") | {"stream_sid": "other"}
    assert one(stream, other) == MessageDropped("another stream")
    key = {"event": "dtmf", "stream_sid": "MZxx", "dtmf": {"digit": "x"}}
    assert one(stream, key) == MessageDropped("not a key")
    assert stream.receive(b"\0") == (MessageDropped("binary message"),)
    for text in ("", "{", "[]", "null", '{"event":"new"}', '{"event":' * 10_000):
        assert stream.receive(text) == (MessageDropped("unreadable message"),)


def test_half_a_sample_is_a_whole_one_in_mu_law() -> None:
    assert one(opened(LEGS), media(b"\0\0\0")) == MediaReceived(b"\0\0\0", 2)


@pytest.mark.parametrize(
    ("word", "bits", "rate", "codec"),
    [
        ("raw", None, 8000, Encoding.L16),
        ("raw/slin", "16", 8000, Encoding.L16),
        ("audio/x-raw", "128kbps", 8000, Encoding.L16),
        ("base64", "128", 8000, Encoding.L16),
        ("base64", "128000", 8000, Encoding.L16),
        ("base64", None, 8000, None),
        ("base64", "256kbps", 16000, Encoding.L16),
        ("audio/x-mulaw;rate=8000", None, None, Encoding.PCMU),
        ("mulaw", "64kbps", 8000, Encoding.PCMU),
        ("PCMU", 64, None, Encoding.PCMU),
        ("base64", "64", 8000, Encoding.PCMU),
        ("mulaw", "128kbps", 8000, None),
        ("raw", "64", 8000, None),
        ("opus", "7", 8000, None),
        (None, None, None, None),
        (5, {"a": 1}, 8000, None),
    ],
)
def test_a_codec_is_believed_where_the_words_agree(
    word: object, bits: object, rate: int | None, codec: Encoding | None
) -> None:
    assert encoding_of(word, bits, rate) is codec


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("8000", 8000),
        (8000, 8000),
        ("8000Hz", 8000),
        ("16000 Hz", 16000),
        (24000.0, 24000),
        ("44100", None),
        ("", None),
        (None, None),
        ("9" * 400, None),
        ([], None),
    ],
)
def test_rates(text: object, rate: int | None) -> None:
    assert rate_of(text) == rate


def test_the_start_corrects_the_profile() -> None:
    stream = ExotelStream(CONNECT, SID)
    said = one(stream, started({"encoding": "mulaw", "sample_rate": 8000, "bit_rate": "64kbps"}))
    assert said == StreamStarted("MZxx", {"call_sid": "CAxx"}, "PCMU", 8000)
    assert one(stream, media(b"\0")) == MediaReceived(b"\0", 2)


# What we say


def test_audio_goes_out_with_its_place_in_the_stream() -> None:
    stream = opened()
    audio = bytes(range(256)) * 12 + bytes(128)
    first, second = json.loads(stream.play(audio)), json.loads(stream.play(audio[:320]))
    assert first == {
        "event": "media",
        "stream_sid": "MZxx",
        "sequence_number": "1",
        "media": {
            "chunk": "1",
            "timestamp": "0",
            "payload": base64.b64encode(audio).decode(),
        },
    }
    assert second["sequence_number"] == second["media"]["chunk"] == "2"
    assert second["media"]["timestamp"] == "200", "3,200 bytes are 200 ms at 8 kHz"


def test_a_message_larger_than_exotel_takes() -> None:
    stream = opened()
    assert len(json.loads(stream.play(bytes(99_840)))["media"]["payload"]) == 133_120
    with pytest.raises(ValueError, match="100160 bytes"):
        stream.play(bytes(100_160))


def test_marks_clear_and_keys() -> None:
    stream = opened()
    marked, cleared = stream.mark('a "quoted" name'), stream.clear()
    assert marked is not None
    assert cleared is not None
    assert json.loads(marked) == {
        "event": "mark",
        "stream_sid": "MZxx",
        "mark": {"name": 'a "quoted" name'},
    }
    assert json.loads(cleared) == {"event": "clear", "stream_sid": "MZxx"}
    assert stream.send_digits("1") is None


def test_a_mark_after_our_clear_was_not_heard() -> None:
    stream = opened()
    stream.mark("a")
    stream.clear()
    stream.mark("b")
    mark = {"event": "mark", "stream_sid": "MZxx", "mark": {"name": "a"}}
    assert one(stream, mark) == MessageDropped("stale mark")
    mark["mark"] = {"name": "b"}
    assert one(stream, mark) == MarkPlayed("b")
    assert one(stream, {"event": "clear", "stream_sid": "MZxx"}) == BufferCleared()


def test_before_the_start_there_is_nothing_to_ask() -> None:
    stream = ExotelStream(VOICEBOT, SID)
    assert stream.clear() is None
    assert stream.mark("a") is None


TEXTS = st.text('a1:"{}[]/ \0\u00fc\U0001f600', max_size=12)
THINGS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
EVENTS = st.sampled_from(["connected", "start", "media", "dtmf", "mark", "clear", "stop", "new"])
FIELDS = st.sampled_from(["stream_sid", "streamSid", "start", "media", "dtmf", "mark", "stop"])


@given(event=EVENTS, fields=st.dictionaries(FIELDS, THINGS), is_open=st.booleans())
def test_nothing_that_is_sent_raises(event: str, fields: dict[str, Any], is_open: bool) -> None:
    stream = opened() if is_open else ExotelStream(VOICEBOT, SID)
    for said in stream.receive(json.dumps({"event": event} | fields)):
        assert isinstance(said, StreamEvent)


@given(start=st.dictionaries(st.sampled_from([*START["start"], "mediaFormat"]), THINGS))
def test_no_start_raises(start: dict[str, Any]) -> None:
    message = START | {"start": START["start"] | start}
    said = ExotelStream(VOICEBOT, SID).receive(json.dumps(message))
    assert all(isinstance(event, StreamStarted | MessageDropped) for event in said)


@given(message=st.text(max_size=60) | st.binary(max_size=60))
def test_noise_is_dropped(message: str | bytes) -> None:
    said = opened().receive(message)
    assert all(isinstance(event, MessageDropped) for event in said)


# The profiles


def test_profiles() -> None:
    assert [profile.name for profile in PROFILES] == ["voicebot", "connect", "legs"]
    assert [str(profile.format.inbound) for profile in PROFILES] == [
        "L16/8000",
        "L16/8000",
        "PCMU/8000",
    ]
    for profile in PROFILES:
        rule = profile.chunk
        assert (rule.multiple, rule.smallest, rule.largest) == (320, 3_200, 99_840)
        assert rule.largest % rule.multiple == 0
        assert profile.format.inbound.byte_order == "little"
    assert [profile.lead_ms for profile in PROFILES] == [400, 400, 800], "two chunks each"
    assert VOICEBOT.outbound_needs == ("flow_id",)
    assert (CONNECT.at_dial, CONNECT.inbound, CONNECT.lacks) == (
        True,
        False,
        frozenset({"transfer"}),
    )

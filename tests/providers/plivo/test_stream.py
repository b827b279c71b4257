"""Plivo's media messages: what is read, what is written, and everything that must be survived."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linecard import (
    BufferCleared,
    DigitReceived,
    MarkPlayed,
    MediaReceived,
    MessageDropped,
    StreamEvent,
    StreamFailed,
    StreamStarted,
    StreamStopped,
)
from linecard_plivo.facts import PROFILES, profile
from linecard_plivo.stream import PlivoStream

STREAM = "20170ada-f610-433b-8758-c02a2aab3662"
CALL = "9834029e-58b6-11e1-b8b7-a5bd0e4e126f"
AUDIO = bytes(range(256)) + bytes(64)


def start(**more: Any) -> dict[str, Any]:
    return {
        "event": "start",
        "sequenceNumber": 1,
        "start": {
            "callId": CALL,
            "streamId": STREAM,
            "accountId": "MAXXXXXXXXXXXXXXXXXX",
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-l16", "sampleRate": 8000},
        },
        "extra_headers": "userId=12345;sessionId=abc-xyz",
        **more,
    }


def media(payload: bytes | str = AUDIO, **more: Any) -> dict[str, Any]:
    encoded = b64encode(payload).decode() if isinstance(payload, bytes) else payload
    return {
        "event": "media",
        "sequenceNumber": 42,
        "streamId": STREAM,
        "media": {
            "track": "inbound",
            "timestamp": "1705312200000",
            "chunk": 41,
            "payload": encoded,
            **more.pop("inside", {}),
        },
        "extra_headers": "userId=12345;sessionId=abc-xyz",
        **more,
    }


def said(stream: PlivoStream, message: object) -> StreamEvent:
    text = message if isinstance(message, (str, bytes)) else json.dumps(message)
    (event,) = stream.receive(text)
    return event


def started(name: str = "l16-8000") -> PlivoStream:
    stream = PlivoStream(profile(name))
    assert isinstance(said(stream, start()), StreamStarted)
    return stream


def test_the_start() -> None:
    event = said(PlivoStream(PROFILES[0]), start())
    assert event == StreamStarted(
        stream=STREAM, carrier_ids={"call_uuid": CALL}, encoding="L16", rate=8000
    )


@pytest.mark.parametrize(
    ("said_format", "encoding", "rate"),
    [
        ({"encoding": "audio/x-mulaw", "sampleRate": "8000"}, "PCMU", 8000),
        ({"encoding": "audio/x-l16;rate=16000", "sampleRate": 16000}, "L16", 16000),
        ({"encoding": "Audio/X-L16"}, "L16", None),
        ({"encoding": "audio/opus", "sampleRate": 48000}, "audio/opus", 48000),
        ({}, None, None),
        (None, None, None),
    ],
)
def test_the_format_that_start_names(
    said_format: object, encoding: str | None, rate: int | None
) -> None:
    message = start()
    message["start"]["mediaFormat"] = said_format
    event = said(PlivoStream(PROFILES[0]), message)
    assert isinstance(event, StreamStarted)
    assert (event.encoding, event.rate) == (encoding, rate)


def test_a_start_with_the_least_it_can_have() -> None:
    bare = {"event": "start", "start": {"callId": CALL, "streamId": STREAM}}
    assert isinstance(said(PlivoStream(PROFILES[0]), bare), StreamStarted)


@pytest.mark.parametrize(
    "headers",
    ["k=v;k2=v2", "k=v,k2=v2", '{"k":"v"}', "{k: v}", "", None, {"k": "v"}, [1, 2], 7],
)
def test_extra_headers_in_every_shape(headers: object) -> None:
    stream = PlivoStream(PROFILES[0])
    assert isinstance(said(stream, start(extra_headers=headers)), StreamStarted)
    assert said(stream, media(extra_headers=headers)) == MediaReceived(AUDIO, 41)


@pytest.mark.parametrize(
    ("chunk", "number"),
    [(41, 41), ("41", 41), ("x", None), (None, None), (41.0, 41), ([], None), ({}, None)],
)
@pytest.mark.parametrize("sequence", [42, "42", None, [], {}])
def test_counts_as_numbers_or_strings(sequence: object, number: int | None, chunk: object) -> None:
    message = media(sequenceNumber=sequence, inside={"chunk": chunk})
    assert said(started(), message) == MediaReceived(AUDIO, number)


def test_media_without_what_is_not_needed() -> None:
    bare = {"event": "media", "media": {"payload": b64encode(AUDIO).decode()}}
    assert said(started(), bare) == MediaReceived(AUDIO, None)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (media(streamId="another"), "another stream"),
        (media(inside={"track": "outbound"}), "another track"),
        (media(b""), "no audio"),
        (media(b"\0" * 321), "half a sample"),
        (media("not base64!"), "unreadable message"),
        (media("AAA"), "unreadable message"),
        (media(media=None), "unreadable message"),
        (media(inside={"track": 1}), "unreadable message"),
        (start(), "second start"),
        ({"event": "dtmf", "streamId": STREAM, "dtmf": {"digit": "12"}}, "not a key"),
        ({"event": "dtmf", "streamId": STREAM, "dtmf": {"digit": ""}}, "not a key"),
        ({"event": "dtmf", "streamId": "another", "dtmf": {"digit": "1"}}, "another stream"),
        ({"event": "connected"}, "unreadable message"),
        ({}, "unreadable message"),
        (b'{"event":"stop"}', "binary message"),
    ],
)
def test_what_is_dropped(message: object, reason: str) -> None:
    stream = started()
    assert said(stream, message) == MessageDropped(reason)
    assert said(stream, media()) == MediaReceived(AUDIO, 41)


@pytest.mark.parametrize(
    "message", [media(), {"event": "stop"}, {"event": "playedStream", "name": "m"}]
)
def test_nothing_counts_before_the_start(message: object) -> None:
    stream = PlivoStream(PROFILES[0])
    assert said(stream, message) == MessageDropped("before start")
    assert isinstance(said(stream, start()), StreamStarted)


def test_an_odd_number_of_bytes_is_whole_samples_of_pcmu() -> None:
    assert said(PlivoStream(profile("pcmu-8000")), start()) == StreamStarted(
        STREAM, {"call_uuid": CALL}, "L16", 8000
    )
    stream = PlivoStream(profile("pcmu-8000"))
    message = start()
    message["start"]["mediaFormat"] = {"encoding": "audio/x-mulaw", "sampleRate": 8000}
    said(stream, message)
    assert said(stream, media(b"\xff" * 161)) == MediaReceived(b"\xff" * 161, 41)


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ({"event": "dtmf", "streamId": STREAM, "dtmf": {"digit": "5"}}, DigitReceived("5")),
        ({"event": "dtmf", "streamId": STREAM, "dtmf": {"digit": "a"}}, DigitReceived("A")),
        ({"event": "playedStream", "streamId": STREAM, "name": "m"}, MarkPlayed("m")),
        ({"event": "played", "streamId": STREAM, "name": "m"}, MarkPlayed("m")),
        ({"event": "clearedAudio", "streamId": STREAM}, BufferCleared()),
        ({"event": "stop", "reason": "call ended"}, StreamStopped("call ended")),
        ({"event": "stop"}, StreamStopped("")),
        ({"event": "error", "reason": "buffer_overflow"}, StreamFailed("buffer_overflow")),
        (
            {"event": "playFailed", "reason": "invalid_content_type"},
            StreamFailed("invalid_content_type"),
        ),
        ({"event": "error"}, StreamFailed("the carrier gives no reason")),
    ],
)
def test_the_other_messages(message: object, event: StreamEvent) -> None:
    assert said(started(), message) == event


def test_a_mark_that_our_clear_has_cancelled_was_not_heard() -> None:
    stream = started()
    for name in ("a", "b"):
        stream.mark(name)
    assert said(stream, {"event": "playedStream", "streamId": STREAM, "name": "a"}) == MarkPlayed(
        "a"
    )
    stream.clear()
    stream.mark("c")
    stale = {"event": "playedStream", "streamId": STREAM, "name": "b"}
    assert said(stream, stale) == MessageDropped("stale mark")
    assert said(stream, {"event": "playedStream", "streamId": STREAM, "name": "c"}) == MarkPlayed(
        "c"
    )


@pytest.mark.parametrize(
    ("name", "content_type", "rate"),
    [
        ("l16-8000", "audio/x-l16", 8000),
        ("l16-16000", "audio/x-l16", 16000),
        ("pcmu-8000", "audio/x-mulaw", 8000),
    ],
)
def test_playing(name: str, content_type: str, rate: int) -> None:
    message = json.loads(PlivoStream(profile(name)).play(AUDIO))
    assert b64decode(message["media"].pop("payload"), validate=True) == AUDIO
    assert message == {
        "event": "playAudio",
        "media": {"contentType": content_type, "sampleRate": rate},
    }


def test_playing_follows_the_format_that_start_has_named() -> None:
    stream = PlivoStream(profile("pcmu-8000"))
    said(stream, start())
    assert json.loads(stream.play(AUDIO))["media"]["contentType"] == "audio/x-l16"


@pytest.mark.parametrize("each", PROFILES, ids=lambda each: each.name)
def test_the_largest_chunk_stays_under_16_kb_of_base64(each: Any) -> None:
    stream = PlivoStream(each)
    payload = json.loads(stream.play(bytes(each.chunk.largest)))["media"]["payload"]
    frame = each.format.outbound.frame_bytes
    assert 16 * 1024 - frame * 4 // 3 - 4 < len(payload) <= 16 * 1024
    assert each.chunk.largest % frame == 0
    assert each.lead_ms == 400
    with pytest.raises(ValueError, match="more than Plivo takes"):
        stream.play(bytes(16 * 1024))


def test_controls_carry_the_stream() -> None:
    stream = started()
    assert json.loads(stream.clear() or "") == {"event": "clearAudio", "streamId": STREAM}
    assert json.loads(stream.mark('say "hi"') or "") == {
        "event": "checkpoint",
        "streamId": STREAM,
        "name": 'say "hi"',
    }
    assert json.loads(stream.send_digits("12#")) == {"event": "sendDTMF", "dtmf": "12#"}


def test_controls_before_the_start_are_none() -> None:
    stream = PlivoStream(PROFILES[0])
    assert stream.clear() is None
    assert stream.mark("m") is None


HOSTILE = [
    "null",
    "[]",
    "7",
    "NaN",
    '""',
    "",
    "{",
    "[" * 100_000,
    '{"event":"media","x":' + "[" * 100_000,
    '{"event":"media","media":' * 50_000,
    '{"event":"media","media":{"payload":"AAAA","chunk":' + "9" * 5_000 + "}}",
    '{"event":"media","media":{"payload":"AAAA","chunk":1e999}}',
    '{"event":"playedStream","name":"\\ud800"}',
    '{"event":"playedStream","name":"\ud800"}',
    '{"event":"media","media":{"payload":"é"}}',
    '{"event":"media","media":{"payload":7}}',
    '{"event":["media"]}',
    '{"event":null}',
    '{"event":"start","start":{"callId":"","streamId":""}}',
    '{"event":"start","start":{"callId":7,"streamId":null}}',
    '{"event":"error","reason":{"a":1}}',
    '{"media":{"payload":"AAAA"}}',
    '\x00{"event":"stop"}',
]


@pytest.mark.parametrize(
    "text", HOSTILE, ids=lambda text: text[:30].encode("unicode_escape").decode()
)
def test_hostile_messages_are_dropped(text: str) -> None:
    stream = started()
    assert said(stream, text) == MessageDropped("unreadable message")
    assert said(stream, text.encode("utf-8", "surrogatepass")) == MessageDropped("binary message")
    assert said(stream, media()) == MediaReceived(AUDIO, 41)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
events = st.sampled_from(
    [
        "start",
        "media",
        "dtmf",
        "playedStream",
        "played",
        "clearedAudio",
        "stop",
        "error",
        "playFailed",
    ]
)
messages = st.fixed_dictionaries(
    {"event": events | json_values},
    optional=dict.fromkeys(
        ("streamId", "sequenceNumber", "start", "media", "dtmf", "name", "reason"), json_values
    ),
)


@given(st.text(st.characters(codec=None)) | st.binary() | messages.map(json.dumps))
@example('{"event":"stop"}')
def test_whatever_comes_is_an_event(message: str | bytes) -> None:
    for stream in (PlivoStream(PROFILES[0]), started()):
        (event,) = stream.receive(message)
        assert isinstance(event, StreamEvent)


@given(st.integers(0, 100_000), st.integers(0, 7))
def test_a_flipped_bit_never_changes_whose_audio_it_is(position: int, bit: int) -> None:
    raw = bytearray(json.dumps(media()).encode())
    raw[position % len(raw)] ^= 1 << bit
    event = said(started(), raw.decode("utf-8", "replace"))
    assert isinstance(event, (MediaReceived, MessageDropped))

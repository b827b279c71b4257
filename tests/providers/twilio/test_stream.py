"""Twilio's media messages: what is read, what is written, and everything that must be survived."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linecard import (
    DigitReceived,
    MarkPlayed,
    MediaReceived,
    MessageDropped,
    StreamEvent,
    StreamStarted,
    StreamStopped,
)
from linecard_twilio.facts import PROFILES
from linecard_twilio.stream import TwilioStream

ACCOUNT = "AC" + "0" * 32
CALL = "CA" + "1" * 32
STREAM = "MZ" + "2" * 32
AUDIO = bytes(range(160))
CONNECTED = {"event": "connected", "protocol": "Call", "version": "1.0.0"}


def start(**inside: Any) -> dict[str, Any]:
    return {
        "event": "start",
        "sequenceNumber": "1",
        "start": {
            "accountSid": ACCOUNT,
            "streamSid": STREAM,
            "callSid": CALL,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"call": "c1"},
            **inside,
        },
        "streamSid": inside.get("streamSid", STREAM),
    }


def media(payload: bytes | str = AUDIO, stream: str = STREAM, **inside: Any) -> dict[str, Any]:
    encoded = b64encode(payload).decode() if isinstance(payload, bytes) else payload
    return {
        "event": "media",
        "sequenceNumber": "3",
        "media": {
            "track": "inbound",
            "chunk": "1",
            "timestamp": "5",
            "payload": encoded,
            **inside,
        },
        "streamSid": stream,
    }


def dtmf(digit: object, stream: str = STREAM) -> dict[str, Any]:
    inside = {"track": "inbound_track", "digit": digit}
    return {"event": "dtmf", "streamSid": stream, "sequenceNumber": "5", "dtmf": inside}


def mark(name: object, stream: str = STREAM) -> dict[str, Any]:
    return {
        "event": "mark",
        "sequenceNumber": "4",
        "streamSid": stream,
        "mark": {"name": name},
    }


STOP = {
    "event": "stop",
    "sequenceNumber": "5",
    "stop": {"accountSid": ACCOUNT, "callSid": CALL},
    "streamSid": STREAM,
}


def fresh() -> TwilioStream:
    return TwilioStream(PROFILES[0], ACCOUNT)


def said(stream: TwilioStream, message: object) -> StreamEvent:
    (event,) = stream.receive(json.dumps(message))
    return event


def running() -> TwilioStream:
    stream = fresh()
    assert isinstance(said(stream, start()), StreamStarted)
    return stream


def test_a_stream_from_the_handshake_to_its_end() -> None:
    stream = fresh()
    assert stream.receive(json.dumps(CONNECTED)) == ()
    assert said(stream, start()) == StreamStarted(
        stream=STREAM, carrier_ids={"call_sid": CALL}, encoding="PCMU", rate=8000
    )
    assert said(stream, media()) == MediaReceived(AUDIO, 1)
    assert said(stream, dtmf("5")) == DigitReceived("5")
    assert said(stream, STOP) == StreamStopped()


@pytest.mark.parametrize(
    ("format_", "encoding", "rate"),
    [
        (None, None, None),
        ({}, None, None),
        ({"encoding": "audio/x-l16", "sampleRate": "16000"}, "audio/x-l16", 16000),
        ({"encoding": "AUDIO/X-MULAW;rate=8000", "sampleRate": 8000.0}, "PCMU", 8000),
    ],
)
def test_the_codec_is_what_the_start_says(
    format_: object, encoding: str | None, rate: int | None
) -> None:
    event = said(fresh(), start(mediaFormat=format_))
    assert isinstance(event, StreamStarted)
    assert (event.encoding, event.rate) == (encoding, rate)


def test_another_accounts_stream_is_never_started() -> None:
    stream = fresh()
    assert said(stream, start(accountSid="AC" + "9" * 32)) == MessageDropped("another account")
    assert said(stream, media()) == MessageDropped("before start")
    assert stream.clear() is None
    assert isinstance(said(stream, start()), StreamStarted)


def test_two_stream_ids_in_one_start_are_none() -> None:
    message = start() | {"streamSid": "MZ" + "9" * 32}
    assert said(fresh(), message) == MessageDropped("two stream ids in a start")


@pytest.mark.parametrize(
    "message", [media(), dtmf("1"), mark("a"), STOP], ids=["media", "dtmf", "mark", "stop"]
)
def test_nothing_counts_before_the_start_or_of_another_stream(message: dict[str, Any]) -> None:
    assert said(fresh(), message) == MessageDropped("before start")
    foreign = message | {"streamSid": "MZ" + "9" * 32}
    assert said(running(), foreign) == MessageDropped("another stream")
    nameless = {name: value for name, value in message.items() if name != "streamSid"}
    assert said(running(), nameless) == MessageDropped("another stream")


def test_what_comes_twice_is_dropped() -> None:
    stream = running()
    assert said(stream, start()) == MessageDropped("second start")
    assert said(stream, CONNECTED) == MessageDropped("connected again")


@pytest.mark.parametrize("track", ["outbound", "", "inbound_track"])
def test_only_the_caller_is_heard(track: str) -> None:
    assert said(running(), media(track=track)) == MessageDropped("another track")


@pytest.mark.parametrize("chunk", ["7", 7, 7.0])
def test_chunks_are_numbered_by_strings(chunk: object) -> None:
    assert said(running(), media(chunk=chunk)) == MediaReceived(AUDIO, 7)


@pytest.mark.parametrize("chunk", [None, "", "x", "9" * 30, "-1", [], {}])
def test_a_chunk_that_is_no_number_costs_no_audio(chunk: object) -> None:
    assert said(running(), media(chunk=chunk)) == MediaReceived(AUDIO, None)


@pytest.mark.parametrize("digit", list("0123456789*#ABCDabcd"))
def test_every_key(digit: str) -> None:
    assert said(running(), dtmf(digit)) == DigitReceived(digit.upper())


@pytest.mark.parametrize("digit", ["", "E", "12", "٣", "w"])
def test_what_is_no_key_is_dropped(digit: str) -> None:
    assert said(running(), dtmf(digit)) == MessageDropped("not a key")


def sent(message: str | bytes | None) -> dict[str, Any]:
    assert isinstance(message, str)
    return dict(json.loads(message))


@pytest.mark.parametrize("audio", [AUDIO, bytes(320), b"\x00"])
def test_audio_goes_out_with_these_fields_and_no_other(audio: bytes) -> None:
    message = sent(running().play(audio))
    assert b64decode(message["media"].pop("payload")) == audio
    assert message == {"event": "media", "streamSid": STREAM, "media": {}}


def test_clear_and_mark_go_out_with_these_fields_and_no_other() -> None:
    stream = running()
    assert sent(stream.mark("a")) == {
        "event": "mark",
        "streamSid": STREAM,
        "mark": {"name": "a"},
    }
    assert sent(stream.clear()) == {"event": "clear", "streamSid": STREAM}
    stream.send_digits("1")  # takes no keys, and says so by giving nothing


def test_nothing_goes_out_before_the_start() -> None:
    stream = fresh()
    assert (stream.clear(), stream.mark("a")) == (None, None)
    with pytest.raises(ValueError, match="before its start"):
        stream.play(AUDIO)


def test_too_much_audio_at_once_is_our_own_fault() -> None:
    with pytest.raises(ValueError, match="too many"):
        running().play(bytes(PROFILES[0].chunk.largest + 1))


def test_a_mark_that_was_reached_was_heard() -> None:
    stream = running()
    stream.mark("a")
    stream.mark("b")
    assert said(stream, mark("a")) == MarkPlayed("a")
    assert said(stream, mark("b")) == MarkPlayed("b")
    assert said(stream, mark("b")) == MessageDropped("unknown mark")


def test_marks_that_come_back_after_our_clear_were_not_heard() -> None:
    stream = running()
    stream.mark("a")
    stream.mark("b")
    assert said(stream, mark("a")) == MarkPlayed("a")
    stream.clear()
    stream.mark("c")
    assert said(stream, mark("b")) == MessageDropped("stale mark")
    assert said(stream, mark("c")) == MarkPlayed("c")


def test_one_name_used_again_after_a_clear_is_stale_once() -> None:
    stream = running()
    stream.mark("a")
    stream.clear()
    stream.mark("a")
    assert said(stream, mark("a")) == MessageDropped("stale mark")
    assert said(stream, mark("a")) == MarkPlayed("a")


def test_the_profile_is_whole_frames_and_a_lead_of_400_ms() -> None:
    (profile,) = PROFILES
    assert (profile.name, profile.lead_ms) == ("pcmu-8000", 400)
    assert (profile.chunk.multiple, profile.chunk.smallest) == (160, 160)
    assert str(profile.format.inbound) == str(profile.format.outbound) == "PCMU/8000"


@pytest.mark.parametrize(
    "message",
    [
        "",
        "null",
        "[]",
        "{}",
        "1",
        '"start"',
        '{"event":"start"}',
        '{"event":"start","start":{}}',
        '{"event":"start","start":{"accountSid":"A","streamSid":"","callSid":"C"}}',
        '{"event":"media"}',
        '{"event":"media","media":{"payload":"!!!"}}',
        '{"event":"media","media":{"payload":1}}',
        '{"event":"unheard-of"}',
        '{"event":1}',
        "{" * 100_000,
        "[" * 100_000,
        '{"event":"mark","mark":{"name":1}}',
        '{"event":"dtmf","dtmf":{"digit":5}}',
        "\ud800",
        "NaN",
        "9" * 5000,
    ],
)
def test_what_cannot_be_read_is_dropped(message: str) -> None:
    for stream in (fresh(), running()):
        (event,) = stream.receive(message)
        assert isinstance(event, MessageDropped)


def test_binary_messages_are_none_of_twilios() -> None:
    assert running().receive(json.dumps(media()).encode()) == (MessageDropped("binary message"),)


def test_silence_of_no_length_is_dropped() -> None:
    assert said(running(), media("")) == MessageDropped("no audio")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=8), inside),
    max_leaves=8,
)
messages = st.fixed_dictionaries(
    {"event": st.sampled_from(["connected", "start", "media", "dtmf", "mark", "stop"])},
    optional=dict.fromkeys(("start", "media", "dtmf", "mark", "stop", "streamSid"), json_values),
)


@given(st.lists(messages | json_values, max_size=8))
@example([start(), start(streamSid=5), media(payload="A"), mark(None)])
def test_nothing_that_comes_raises(given_: list[object]) -> None:
    stream = running()
    for message in given_:
        assert all(isinstance(e, StreamEvent) for e in stream.receive(json.dumps(message)))


@given(st.text() | st.binary())
def test_no_text_and_no_bytes_raise(message: str | bytes) -> None:
    assert all(isinstance(event, StreamEvent) for event in fresh().receive(message))

"""The media socket: codecs by direction, frames in their order again, marks that were not heard."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from itertools import permutations

import pytest

from linecard import (
    Encoding,
    MarkPlayed,
    MediaReceived,
    MessageDropped,
    StreamEvent,
    StreamFailed,
    StreamStarted,
)
from linecard.media.codec import corrected
from linecard_telnyx.facts import PROFILES
from linecard_telnyx.stream import TelnyxStream

ID = "32DE0DEA"


def start(encoding: str = "PCMA") -> str:
    begun = {
        "call_control_id": "v3:1",
        "call_session_id": "s",
        "media_format": {"encoding": encoding, "sample_rate": 8000, "channels": 1},
    }
    return json.dumps({"event": "start", "stream_id": ID, "start": begun})


def media(chunk: int) -> str:
    payload = b64encode(bytes([chunk]) * 160).decode()
    said = {"track": "inbound", "chunk": str(chunk), "payload": payload}
    return json.dumps({"event": "media", "stream_id": ID, "media": said})


def opened() -> TelnyxStream:
    stream = TelnyxStream()
    stream.receive(start())
    return stream


def heard(stream: TelnyxStream, *chunks: int) -> list[int]:
    events: list[StreamEvent] = []
    for chunk in chunks:
        events += stream.receive(media(chunk))
    return [one.payload[0] for one in events if isinstance(one, MediaReceived)]


def test_connected_says_nothing_and_start_says_what_comes_in() -> None:
    stream = TelnyxStream()
    assert stream.receive('{"event":"connected","version":"1.0.0"}') == ()
    (started,) = stream.receive(start())
    assert isinstance(started, StreamStarted)
    line = corrected(PROFILES[0].format, started)
    assert (line.inbound.encoding, line.outbound.encoding) == (Encoding.PCMA, Encoding.PCMU)


@pytest.mark.parametrize("order", list(permutations((2, 3, 4))))
def test_frames_in_any_order_are_heard_in_theirs(order: tuple[int, ...]) -> None:
    assert heard(opened(), 1, *order, 5) == [1, 2, 3, 4, 5]


def test_a_lost_frame_is_waited_for_three_frames_long_and_then_no_more() -> None:
    stream = opened()
    assert heard(stream, 1, 3, 4, 5) == [1]
    assert heard(stream, 6) == [3, 4, 5, 6]
    assert stream.receive(media(2)) == (MessageDropped("late audio"),)
    assert heard(stream, 7) == [7]


def test_a_frame_that_comes_twice_is_heard_once() -> None:
    assert heard(opened(), 1, 1, 2, 4, 4, 3) == [1, 2, 3, 4]


def test_marks_that_a_clear_brings_back_were_not_heard() -> None:
    stream = opened()
    stream.mark("a")
    stream.clear()
    stream.mark("b")
    back = {
        name: json.dumps({"event": "mark", "stream_id": ID, "mark": {"name": name}})
        for name in "ab"
    }
    assert stream.receive(back["a"]) == (MessageDropped("stale mark"),)
    assert stream.receive(back["b"]) == (MarkPlayed("b"),)


def test_what_we_send_names_no_stream() -> None:
    stream = opened()
    said = json.loads(stream.play(b"\x7f" * 160))
    assert (said["event"], b64decode(said["media"]["payload"])) == ("media", b"\x7f" * 160)
    assert json.loads(stream.clear()) == {"event": "clear"}
    assert stream.send_digits("1") is None


def test_an_error_tells_its_reason() -> None:
    fault = {"event": "error", "payload": {"title": "malformed_frame", "detail": "bad base64"}}
    assert opened().receive(json.dumps(fault)) == (StreamFailed("bad base64"),)

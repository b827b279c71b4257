"""The media socket: handshakes, shapes, chunk rules, marks, its end, and what goes wrong on it."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from linecard.simulator.ledger import What
from linecard.simulator.mediasocket import OPEN_SECONDS
from linecard.simulator.phone import Phone, cut_short
from linecard.simulator.script import Press, Speak, Wait
from linecard_exotel.simulator import Quirks

from .conftest import OURS, THEIRS, Stage, closes_at_once, stays

QUIET = bytes(3200)


async def ended(on_stage: Stage, **fields: Any) -> str:
    """A call to a stream that is over."""
    sid = await on_stage.call(**fields)
    await on_stage.exotel.ledger.until(What.HUNG_UP, sid)
    return sid


async def hears_some(talk: Any) -> None:
    """Hear half a second, then close."""
    await talk.until("start")
    await talk.until("media", lambda message: len(talk.heard) >= 8000)
    await talk.socket.close()


async def test_connected_start_media_in_order(on_stage: Stage) -> None:
    on_stage.app.parts = [hears_some]
    await ended(on_stage)
    first, second, third, *_ = on_stage.app.talks[0].messages
    assert first == {"event": "connected"}
    assert list(second) == ["event", "sequence_number", "stream_sid", "start"]
    assert second["sequence_number"] == "1"
    assert second["start"]["stream_sid"] == second["stream_sid"]
    assert second["start"]["media_format"] == {
        "encoding": "audio/x-raw",
        "sample_rate": "8000",
        "bit_rate": "16",
    }
    assert list(third["media"]) == ["chunk", "timestamp", "payload"]
    assert third["media"]["chunk"] == "1"
    assert third["media"]["timestamp"] == "20"
    assert len(base64.b64decode(third["media"]["payload"])) == 320


async def test_parameters_are_in_the_address_and_in_start(on_stage: Stage) -> None:
    on_stage.app.parts = [hears_some]
    url = f"{on_stage.app.socket_url}?sample-rate=16000&run=42&bare"
    await ended(on_stage, StreamUrl=url)
    (path, _), talk = on_stage.app.handshakes[0], on_stage.app.talks[0]
    assert path == "/ws/token?sample-rate=16000&run=42&bare"
    start = talk.start["start"]
    assert start["custom_parameters"] == {"sample-rate": "16000", "run": "42", "bare": ""}
    assert start["media_format"]["sample_rate"] == "16000"
    assert len(base64.b64decode(talk.of("media")[0]["media"]["payload"])) == 640


async def test_basic_auth_comes_from_the_address(on_stage: Stage) -> None:
    url = on_stage.app.socket_url.replace("://", "://user:word@")
    await ended(on_stage, StreamUrl=url)
    (_, headers) = on_stage.app.handshakes[0]
    assert headers["authorization"] == "Basic " + base64.b64encode(b"user:word").decode()
    opened = on_stage.exotel.ledger.all(What.STREAM_OPENED)[0]
    assert "word" not in str(opened.facts["url"])


async def test_a_failed_handshake_is_tried_once_more(on_stage: Stage) -> None:
    on_stage.app.parts = [1000, closes_at_once]
    sid = await ended(on_stage)
    assert len(on_stage.app.handshakes) == 2
    assert on_stage.exotel.ledger.all(What.STREAM_OPENED, sid)


async def test_two_failed_handshakes_end_a_stream(on_stage: Stage) -> None:
    on_stage.app.parts = [1000]
    sid = await ended(on_stage)
    assert len(on_stage.app.handshakes) == 2
    assert len(on_stage.exotel.ledger.all(What.STREAM_REFUSED, sid)) == 2
    assert not on_stage.exotel.ledger.all(What.STREAM_OPENED, sid)


def test_the_handshake_is_given_ten_seconds() -> None:
    assert OPEN_SECONDS == 10


async def test_no_connection_at_all(on_stage: Stage) -> None:
    on_stage.exotel.faults.socket_refused = 1
    on_stage.set_up("answer", "next")
    sid = await on_stage.exotel.call_in(THEIRS, OURS, Phone())
    await on_stage.exotel.ledger.until(What.HUNG_UP, sid)
    fields = on_stage.app.at("/next")[0].fields
    assert fields["Stream[Status]"] == "failed"
    assert fields["Stream[DisconnectedBy]"] == "NA"
    assert on_stage.exotel.faults.happened["socket_refused"] == 2


class TestCamel:
    @pytest.fixture
    def quirks(self) -> Quirks:
        return Quirks(keys="camel", numbers_as_text=False, media_format="raw", parameters="text")

    async def test_camel_keys_and_numbers(self, on_stage_with: Stage) -> None:
        on_stage_with.app.parts = [hears_some]
        await ended(on_stage_with, StreamUrl=f"{on_stage_with.app.socket_url}?a_b=1&c=2")
        talk = on_stage_with.app.talks[0]
        start = talk.start
        assert start["sequenceNumber"] == 1
        assert start["streamSid"] == start["start"]["streamSid"]
        assert {"callSid", "accountSid", "customParameters", "mediaFormat"} <= set(start["start"])
        assert start["start"]["mediaFormat"] == {
            "encoding": "raw",
            "sampleRate": 8000,
            "bitRate": "128kbps",
        }
        assert start["start"]["customParameters"] == "a_b=1,c=2"
        assert talk.of("media")[0]["media"]["chunk"] == 1
        assert isinstance(talk.of("media")[0]["media"]["timestamp"], str)


class TestBoth:
    @pytest.fixture
    def quirks(self) -> Quirks:
        return Quirks(
            keys="both",
            media_format="raw/slin",
            frame_ms=100,
            media_before_start=True,
            greets_with_protocol=True,
        )

    async def test_long_frames_and_media_before_start(self, on_stage_with: Stage) -> None:
        on_stage_with.app.parts = [hears_some]
        await ended(on_stage_with)
        talk = on_stage_with.app.talks[0]
        assert [one["event"] for one in talk.messages[:3]] == ["connected", "media", "start"]
        assert {"protocol", "version"} <= set(talk.messages[0])
        assert talk.start["stream_sid"] == talk.start["streamSid"]
        assert talk.start["start"]["media_format"]["sample_rate"] == "8000Hz"
        (first, second, *_) = talk.of("media")
        assert len(base64.b64decode(second["media"]["payload"])) == 1600
        assert (first["media"]["timestamp"], second["media"]["timestamp"]) == ("100", "200")


class TestMulaw:
    @pytest.fixture
    def quirks(self) -> Quirks:
        return Quirks(mulaw=True)

    async def test_mulaw_both_ways(self, on_stage_with: Stage) -> None:
        sound = bytes(range(160))

        async def part(talk: Any) -> None:
            await talk.until("start")
            await talk.play(sound)
            await talk.mark("end")
            await talk.until("mark")
            await talk.socket.close()

        on_stage_with.app.parts = [part]
        sid = await ended(on_stage_with)
        talk = on_stage_with.app.talks[0]
        assert talk.start["start"]["media_format"]["encoding"] == "audio/x-mulaw"
        assert talk.start["start"]["media_format"]["bit_rate"] == "64"
        assert set(base64.b64decode(talk.of("media")[0]["media"]["payload"])) == {0xFF}
        assert bytes(on_stage_with.exotel.playbacks(sid)[0].played) == sound


@pytest.mark.parametrize("size", [320, 3199, 3300, 100_160])
async def test_a_chunk_outside_the_rules_closes_the_socket(on_stage: Stage, size: int) -> None:
    async def part(talk: Any) -> None:
        await talk.until("start")
        await talk.play(bytes(size), chunk=size)
        assert await talk.closed == 1008

    on_stage.app.parts = [part]
    sid = await ended(on_stage)
    (error,) = on_stage.exotel.ledger.all(What.STREAM_ERROR, sid)
    assert str(size) in str(error.facts["detail"])
    assert not on_stage.exotel.playbacks(sid)[0].taken
    assert (await on_stage.app.talks[0].until("stop"))["stop"]["reason"] == "stopped"


@pytest.mark.parametrize("size", [3200, 3520, 99_840])
async def test_a_chunk_within_the_rules_is_played(on_stage: Stage, size: int) -> None:
    async def part(talk: Any) -> None:
        await talk.until("start")
        await talk.play(bytes(size), chunk=size)
        await talk.mark("end")
        await talk.until("mark")
        await talk.socket.close()

    on_stage.app.parts = [part]
    sid = await ended(on_stage)
    assert not on_stage.exotel.ledger.all(What.STREAM_ERROR, sid)
    assert len(on_stage.exotel.playbacks(sid)[0].played) == size


class TestLenient:
    @pytest.fixture
    def quirks(self) -> Quirks:
        return Quirks(strict_chunks=False)

    async def test_a_short_chunk_is_flagged_and_played(self, on_stage_with: Stage) -> None:
        async def part(talk: Any) -> None:
            await talk.until("start")
            await talk.play(bytes(320))
            await talk.mark("end")
            await talk.until("mark")
            await talk.socket.close()

        on_stage_with.app.parts = [part]
        sid = await ended(on_stage_with)
        assert len(on_stage_with.exotel.ledger.all(What.STREAM_ERROR, sid)) == 1
        assert len(on_stage_with.exotel.playbacks(sid)[0].played) == 320


@pytest.mark.parametrize("returns_marks", [False, True])
async def test_clear_drops_what_has_not_been_started(on_stage: Stage, returns_marks: bool) -> None:
    on_stage.exotel.quirks.clear_returns_marks = returns_marks
    long = 99_840

    async def part(talk: Any) -> None:
        await talk.until("start")
        await talk.play(QUIET)
        await talk.mark("first")
        await talk.play(bytes(96_000), chunk=96_000)
        await talk.mark("second")
        await talk.play(bytes(long), chunk=long)
        await talk.mark("third")
        await talk.until("mark")
        # By now the second chunk has begun: it plays to its end, and its mark is reached.
        await talk.until("media", lambda message: len(talk.heard) > 9600)
        await talk.say("clear")
        await talk.until("mark", lambda message: message["mark"]["name"] == "second")
        await talk.socket.close()

    on_stage.app.parts = [part]
    sid = await ended(on_stage)
    (playback,) = on_stage.exotel.playbacks(sid)
    assert len(playback.played) == 99_200
    (cleared,) = on_stage.exotel.ledger.all(What.CLEARED, sid)
    assert cleared.facts["bytes"] == long
    assert cleared.facts["marks"] == ("third",)
    (dropped,) = playback.dropped
    assert dropped.position == 99_200
    told = {one["mark"]["name"] for one in on_stage.app.talks[0].of("mark")}
    assert told == {"first", "second"} | ({"third"} if returns_marks else set())


async def test_clear_of_nothing(on_stage: Stage) -> None:
    async def part(talk: Any) -> None:
        await talk.until("start")
        await talk.say("clear")
        await talk.play(QUIET)
        await talk.mark("end")
        await talk.until("mark")
        await talk.socket.close()

    on_stage.app.parts = [part]
    sid = await ended(on_stage)
    assert on_stage.exotel.ledger.all(What.CLEARED, sid)[0].facts["bytes"] == 0
    assert len(on_stage.exotel.playbacks(sid)[0].played) == 3200


async def test_keys_are_messages(on_stage: Stage) -> None:
    async def part(talk: Any) -> None:
        await talk.until("dtmf")
        await talk.socket.close()

    on_stage.exotel.phones[THEIRS] = Phone(script=(Wait(4), Press("5"), Wait(60)))
    on_stage.app.parts = [part]
    await ended(on_stage)
    (key,) = on_stage.app.talks[0].of("dtmf")
    assert key["dtmf"] == {"digit": "5", "duration": "100"}


BAD = {
    "not json": "{",
    "no event": "{}",
    "unknown event": '{"event":"hangup","stream_sid":"SID"}',
    "digits": '{"event":"dtmf","stream_sid":"SID","dtmf":{"digit":"1"}}',
    "no stream_sid": '{"event":"clear"}',
    "another stream": '{"event":"clear","stream_sid":"x"}',
    "no media": '{"event":"media","stream_sid":"SID"}',
    "no payload": '{"event":"media","stream_sid":"SID","media":{}}',
    "not base64": '{"event":"media","stream_sid":"SID","media":{"payload":"@@"}}',
    "mark without name": '{"event":"mark","stream_sid":"SID","mark":{}}',
}


async def test_every_bad_message_is_noted_and_plays_nothing(on_stage: Stage) -> None:
    async def part(talk: Any) -> None:
        await talk.until("start")
        for message in BAD.values():
            await talk.socket.send_text(message.replace("SID", talk.sid))
        await talk.socket.send_bytes(b"\0\0")
        await talk.play(QUIET)
        await talk.mark("end")
        await talk.until("mark")
        await talk.socket.close()

    on_stage.app.parts = [part]
    sid = await ended(on_stage)
    assert len(on_stage.exotel.ledger.all(What.STREAM_ERROR, sid)) == len(BAD) + 1
    assert bytes(on_stage.exotel.playbacks(sid)[0].played) == QUIET


async def test_the_hour_is_the_longest_stream(on_stage: Stage) -> None:
    assert on_stage.exotel.quirks.stream_limit == 3600
    on_stage.exotel.quirks.stream_limit = 2
    on_stage.app.parts = [stays]
    sid = await ended(on_stage)
    (closed,) = on_stage.exotel.ledger.all(What.STREAM_CLOSED, sid)
    assert "limit" in str(closed.facts["why"])
    stop = (await on_stage.app.talks[0].until("stop"))["stop"]
    assert stop == {"call_sid": sid, "account_sid": on_stage.sid, "reason": "stopped"}


async def test_no_more_streams_than_the_account_has(on_stage: Stage) -> None:
    on_stage.exotel.quirks.throttle_limit = 0
    sid = await ended(on_stage)
    assert not on_stage.app.handshakes
    assert not on_stage.exotel.ledger.all(What.STREAM_OPENED, sid)


async def test_the_buffer_overflows(on_stage: Stage) -> None:
    on_stage.exotel.quirks.buffer_seconds = 1

    async def part(talk: Any) -> None:
        await talk.until("start")
        await talk.play(bytes(64_000))
        await talk.mark("end")
        await talk.until("mark")
        await talk.socket.close()

    on_stage.app.parts = [part]
    sid = await ended(on_stage)
    (playback,) = on_stage.exotel.playbacks(sid)
    assert playback.overflowed
    assert playback.taken + playback.overflowed == 64_000


async def test_no_start(on_stage: Stage) -> None:
    on_stage.exotel.faults.socket_no_start = 1

    async def part(talk: Any) -> None:
        await talk.until("media")
        assert not talk.start
        await talk.socket.close()

    on_stage.app.parts = [part]
    await ended(on_stage)
    assert on_stage.app.talks[0].of("connected")


async def test_a_reset_ends_a_stream(on_stage: Stage) -> None:
    on_stage.exotel.faults.socket_reset = 1
    on_stage.set_up("answer", "next")
    on_stage.app.parts = [stays]
    sid = await on_stage.exotel.call_in(THEIRS, OURS, Phone())
    await on_stage.exotel.ledger.until(What.HUNG_UP, sid)
    fields = on_stage.app.at("/next")[0].fields
    assert fields["Stream[Status]"] == "failed"
    assert fields["Stream[Error]"] == "the socket was closed with 1006"
    assert fields["Stream[DisconnectedBy]"] == "NA"


async def test_frames_of_another_stream(on_stage: Stage) -> None:
    on_stage.exotel.faults.socket_wrong_id = 1
    on_stage.app.parts = [hears_some]
    await ended(on_stage)
    talk = on_stage.app.talks[0]
    assert talk.of("media")[0]["stream_sid"] != talk.sid


async def test_the_second_voicebot_is_a_stream_of_its_own(on_stage: Stage) -> None:
    on_stage.set_up("answer", "dial", "return")
    on_stage.app.answers["/dial"] = {"destination": {"numbers": []}}
    sid = await on_stage.exotel.call_in(THEIRS, OURS, cut_short(Phone(), 30))
    await on_stage.exotel.ledger.until(What.HUNG_UP, sid)
    first, second = on_stage.app.talks
    assert first.sid != second.sid
    assert first.start["start"]["call_sid"] == second.start["start"]["call_sid"] == sid


async def test_the_caller_is_heard_in_long_frames(on_stage: Stage, spoken: bytes) -> None:
    on_stage.exotel.quirks.frame_ms = 100
    on_stage.exotel.phones[THEIRS] = Phone(script=(Wait(4), Speak(spoken), Wait(60)))

    async def part(talk: Any) -> None:
        await talk.until("media", lambda message: spoken in bytes(talk.heard))
        await talk.socket.close()

    on_stage.app.parts = [part]
    sid = await ended(on_stage)
    assert on_stage.exotel.ledger.all(What.STREAM_CLOSED, sid)[0].facts["unsent"] == 0

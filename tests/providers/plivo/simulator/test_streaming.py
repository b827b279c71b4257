"""The media socket: handshakes, refusals, its end, and what the application does wrong."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard_plivo.simulator import Quirks

from .conftest import OURS, THEIRS, Stage

QUIET = bytes(320)


def status(app: Any) -> str:
    return f'statusCallbackUrl="{app.url}/stream"'


async def closing(talk: Any) -> None:
    await talk.until("start")
    await talk.socket.close()


async def test_three_handshakes_and_then_the_next_element(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    app.parts = [1000]
    app.documents["/answer"] = app.stream(status(app), tail="<Hangup/>")
    uuid = await on_stage.call()
    ended = await carrier.ledger.until(What.HUNG_UP, uuid)
    assert ended.facts["code"] == 4000
    assert app.handshakes == [True] * 3
    assert len(carrier.ledger.all(What.STREAM_REFUSED, uuid)) == 3
    await carrier.ledger.until(What.WEBHOOK, uuid, kind="stream DroppedStream")
    (dropped,) = app.at("/stream")
    assert dropped.fields["StatusReason"] == "connection_failed"


async def test_the_third_handshake_may_succeed(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    app.parts = [1000, 1000, closing]
    app.documents["/answer"] = app.stream(status(app))
    uuid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, uuid, code=4010)
    await carrier.ledger.until(What.WEBHOOK, uuid, kind="stream StopStream")
    events = {one.fields["Event"]: one for one in app.at("/stream")}
    assert set(events) == {"StartStream", "StopStream"}
    stream = events["StartStream"].fields["StreamID"]
    assert stream == app.talks[0].start["start"]["streamId"]


async def test_no_status_when_the_call_itself_ends(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    carrier.phones[THEIRS] = Phone(hang_up_after=1)

    async def part(talk: Any) -> None:
        await talk.until("start")

    app.parts = [part]
    app.documents["/answer"] = app.stream(status(app))
    uuid = await on_stage.call()
    await carrier.ledger.until(What.WEBHOOK, uuid, kind="hangup")
    assert [one.fields["Event"] for one in app.at("/stream")] == ["StartStream"]
    (closed,) = carrier.ledger.all(What.STREAM_CLOSED, uuid)
    assert closed.facts["why"] == "the call is over"


async def test_stream_timeout_ends_the_stream(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo

    async def part(talk: Any) -> None:
        await talk.until("start")

    app.parts = [part]
    app.documents["/answer"] = app.stream('streamTimeout="1"', tail="<Hangup/>")
    uuid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, uuid, code=4000)
    (closed,) = carrier.ledger.all(What.STREAM_CLOSED, uuid)
    assert closed.facts["why"] == "streamTimeout"


async def test_without_keep_call_alive_the_call_drops(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo

    async def part(talk: Any) -> None:
        await talk.until("start")

    app.parts = [part]
    app.documents["/answer"] = app.stream().replace('keepCallAlive="true"', "")
    uuid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, uuid, code=4010)
    assert app.talks


BAD = {
    "not json": "{",
    "no event": "{}",
    "unknown event": json.dumps({"event": "hangup"}),
    "wav": json.dumps(
        {
            "event": "playAudio",
            "media": {"contentType": "wav", "sampleRate": 8000, "payload": "AA=="},
        }
    ),
    "with rate": json.dumps(
        {
            "event": "playAudio",
            "media": {
                "contentType": "audio/x-l16;rate=8000",
                "sampleRate": 8000,
                "payload": "AAAA",
            },
        }
    ),
    "another rate": json.dumps(
        {
            "event": "playAudio",
            "media": {"contentType": "audio/x-l16", "sampleRate": 16000, "payload": "AAAA"},
        }
    ),
    "not base64": json.dumps(
        {
            "event": "playAudio",
            "media": {"contentType": "audio/x-l16", "sampleRate": 8000, "payload": "@@@@"},
        }
    ),
    "half a sample": json.dumps(
        {
            "event": "playAudio",
            "media": {"contentType": "audio/x-l16", "sampleRate": 8000, "payload": "AA=="},
        }
    ),
    "above 16 KB": json.dumps(
        {
            "event": "playAudio",
            "media": {
                "contentType": "audio/x-l16",
                "sampleRate": 8000,
                "payload": base64.b64encode(bytes(12_300)).decode(),
            },
        }
    ),
    "above 64 KB": json.dumps({"event": "clearAudio", "pad": "x" * 70_000}),
    "another stream": json.dumps({"event": "clearAudio", "streamId": "someone-else"}),
    "checkpoint without name": json.dumps({"event": "checkpoint"}),
    "digits of letters": json.dumps({"event": "sendDTMF", "dtmf": "xyz"}),
}


async def test_every_bad_message_is_an_error_and_plays_nothing(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo

    async def part(talk: Any) -> None:
        await talk.until("start")
        for message in BAD.values():
            await talk.socket.send_text(message)
        await talk.socket.send_bytes(b"\0\0")
        await talk.play(QUIET)
        await talk.say(event="checkpoint", name="end")
        await talk.until("playedStream", name="end")
        await talk.socket.close()

    app.parts = [part]
    app.documents["/answer"] = app.stream()
    uuid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, uuid)
    errors = carrier.ledger.all(What.STREAM_ERROR, uuid)
    assert len(errors) == len(BAD) + 1
    assert errors[3].facts["reason"] == "invalid_content_type"
    (playback,) = carrier.playbacks(uuid)
    assert bytes(playback.played) == QUIET
    sent = [one for one in app.talks[0].messages if one["event"] == "error"]
    assert len(sent) == len(errors)


async def test_the_buffer_overflows_and_says_so(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    carrier.quirks.buffer_seconds = 2

    async def part(talk: Any) -> None:
        await talk.until("start")
        for _ in range(10):
            await talk.play(bytes(8000))
        assert (await talk.until("error"))["reason"] == "buffer_overflow"
        await talk.socket.close()

    app.parts = [part]
    app.documents["/answer"] = app.stream(status(app))
    uuid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, uuid)
    (playback,) = carrier.playbacks(uuid)
    assert playback.overflowed >= 8000
    assert playback.taken + playback.overflowed == 80_000
    await carrier.ledger.until(What.WEBHOOK, uuid, kind="stream StopStream")
    degraded = [one for one in app.at("/stream") if one.fields["Event"] == "DegradedStream"]
    assert degraded


async def test_extra_headers_come_in_every_message(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    app.parts = [closing]
    app.documents["/answer"] = app.stream('extraHeaders="runId=42,shop=7"')
    uuid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, uuid)
    assert app.talks[0].start["extra_headers"] == "runId=42;shop=7"


class TestOtherShapes:
    @pytest.fixture
    def quirks(self) -> Quirks:
        return Quirks(
            extra_headers="json", chunk_is_text=True, sends_stop=True, stream_words="started"
        )

    async def test_headers_chunks_and_stop(self, on_stage_with: Stage) -> None:
        app, carrier = on_stage_with.app, on_stage_with.plivo
        carrier.phones[THEIRS] = Phone(hang_up_after=1)

        async def part(talk: Any) -> None:
            await talk.until("stop")

        app.parts = [part]
        app.documents["/answer"] = app.stream(f'extraHeaders="runId=42" {status(app)}')
        uuid = await on_stage_with.call()
        await carrier.ledger.until(What.HUNG_UP, uuid)
        await app.talks[0].until("stop")
        frame = await app.talks[0].until("media")
        assert json.loads(frame["extra_headers"]) == {"runId": "42"}
        assert isinstance(frame["media"]["chunk"], str)
        assert [one.fields["Event"] for one in app.at("/stream")] == ["started"]


async def test_faults_of_the_socket_reach_the_application(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    carrier.faults.socket_wrong_id = 0.5
    carrier.faults.socket_twice = 0.5

    async def part(talk: Any) -> None:
        start = await talk.until("start")
        own = start["start"]["streamId"]
        while not ids(talk) - {own}:
            await talk.until("media", sequenceNumber=talk.messages[-1]["sequenceNumber"] + 1)
        await talk.socket.close()

    def ids(talk: Any) -> set[str]:
        return {one["streamId"] for one in talk.messages if one["event"] == "media"}

    app.parts = [part]
    app.documents["/answer"] = app.stream()
    uuid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, uuid)
    assert carrier.faults.happened["socket_wrong_id"]


async def test_a_reset_ends_the_stream_and_the_tail_runs(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    carrier.faults.socket_reset = 1

    async def part(talk: Any) -> None:
        await talk.until("start")

    app.parts = [part]
    app.documents["/answer"] = app.stream(tail="<Hangup/>")
    uuid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, uuid, code=4000)


async def test_a_second_stream_after_the_first(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    app.parts = [closing]
    again = app.stream().removeprefix("<Response>").removesuffix("</Response>")
    app.documents["/plivo/answer"] = app.stream(tail=again)
    uuid = await carrier.call_in(THEIRS, OURS, Phone())
    await carrier.ledger.until(What.HUNG_UP, uuid, code=4010)
    assert len(carrier.playbacks(uuid)) == 2
    assert app.talks[0].start["start"]["streamId"] != app.talks[1].start["start"]["streamId"]

"""Media streams: what is sent, what is refused, and what runs behind them."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest
from twilio.twiml.voice_response import Start, Stop, VoiceResponse

from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Press, Speak, Wait
from linecard_twilio.simulator import Quirks

from .conftest import THEIRS, Stage

HANG_UP = "<Response><Hangup/></Response>"


async def closes(talk: Any) -> None:
    await talk.until("start")
    await talk.socket.close()


async def waits(talk: Any) -> None:
    await talk.until("stop")


async def test_clear_returns_every_pending_mark_at_once(on_stage: Stage, spoken: bytes) -> None:
    app, carrier = on_stage.app, on_stage.twilio

    async def part(talk: Any) -> None:
        await talk.until("start")
        await talk.play(spoken * 3)
        await talk.mark("never")
        await talk.mark("heard")
        await talk.say("clear")
        await talk.until("mark", "heard")
        await talk.play(spoken[:3200])
        await talk.mark("after")
        await talk.until("mark", "after")
        await talk.socket.close()

    app.parts = [part]
    app.documents["/answer"] = app.stream()
    sid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, sid)
    (playback,) = carrier.playbacks(sid)
    (dropped,) = playback.dropped
    assert dropped.marks == ("never", "heard")
    assert bytes(playback.played[: dropped.position]) + dropped.audio == spoken * 3
    assert bytes(playback.played[dropped.position :]) == spoken[:3200]
    marks = [one["mark"]["name"] for one in app.talks[0].of("mark")]
    assert marks == ["never", "heard", "after"]
    # Only what was really played is in the ledger as such.
    played = [entry.facts["name"] for entry in carrier.ledger.all(What.MARK_PLAYED, sid)]
    assert played == ["after"]


async def test_the_tail_runs_only_after_our_close(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    closing = asyncio.Event()

    async def part(talk: Any) -> None:
        await talk.until("start")
        assert not app.at("/next")
        await closing.wait()
        await talk.socket.close()

    app.parts = [part]
    app.documents |= {
        "/answer": app.stream(tail=f'<Redirect method="POST">{app.url}/next</Redirect>'),
        "/next": HANG_UP,
    }
    sid = await on_stage.call()
    await carrier.ledger.until(What.STREAM_OPENED, sid)
    await carrier.switch.clock.sleep(1)
    assert not app.at("/next")
    closing.set()
    await carrier.ledger.until(What.HUNG_UP, sid, name="Hung up by the document")
    assert app.at("/next")


async def test_the_action_of_connect_takes_over(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.parts = [closes]
    app.documents |= {
        "/answer": app.stream(
            connect=f'action="{app.url}/next" method="POST"',
            tail=f"<Redirect>{app.url}/never</Redirect>",
        ),
        "/next": HANG_UP,
    }
    sid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, sid)
    (action,) = app.at("/next")
    assert action.is_signed
    assert action.fields["CallStatus"] == "in-progress"
    assert action.fields["StreamSid"] == app.talks[0].sid
    assert not app.at("/never")


async def test_nothing_behind_the_stream_ends_the_call(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.parts = [closes]
    app.documents["/answer"] = app.stream()
    sid = await on_stage.call()
    ended = await carrier.ledger.until(What.HUNG_UP, sid)
    assert (ended.facts["name"], ended.facts["status"]) == ("End of the document", "completed")


@pytest.mark.parametrize(
    "quirks",
    [
        Quirks(calls_per_second=50, tail_runs=False),
        Quirks(calls_per_second=50, connect_action_runs=False),
    ],
    ids=["tail", "action"],
)
async def test_neither_tail_nor_action_may_run(on_stage: Stage, quirks: Quirks) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.parts = [closes]
    tail = f"<Redirect>{app.url}/next</Redirect>"
    app.documents["/answer"] = (
        app.stream(tail=tail) if not quirks.tail_runs else app.stream(connect='action="/next"')
    )
    sid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, sid, name="End of the document")
    assert not app.at("/next")


async def test_a_refused_handshake_is_31920_and_goes_on(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.parts = [1008]
    app.documents |= {
        "/answer": app.stream(
            connect=f'action="{app.url}/next"', statusCallback=f"{app.url}/stream"
        ),
        "/next": HANG_UP,
    }
    sid = await on_stage.call()
    refused = await carrier.ledger.until(What.STREAM_REFUSED, sid)
    assert refused.facts["code"] == 31920
    await carrier.ledger.until(What.HUNG_UP, sid)
    assert app.at("/next")
    await carrier.ledger.until(What.WEBHOOK, sid, kind="stream-error")
    (report,) = app.at("/stream")
    assert report.fields["StreamError"].startswith("31920")


async def test_a_query_on_the_streams_address_vanishes(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.parts = [closes]
    app.documents["/answer"] = app.stream(url=f"{app.socket_url}?run=42")
    sid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, sid)
    assert app.shaken[0]["url"] == app.socket_url
    assert app.handshakes == [True]


@pytest.mark.parametrize(
    ("url", "code"),
    [("ws://voice.example.com/ws", 31922), ("ftp://127.0.0.1/ws", 31922)],
)
async def test_addresses_that_are_no_wss(on_stage: Stage, url: str, code: int) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = app.stream(url=url)
    sid = await on_stage.call()
    refused = await carrier.ledger.until(What.STREAM_REFUSED, sid)
    assert refused.facts["code"] == code


async def test_a_relative_address_is_taken_from_the_document(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.parts = [closes]
    app.documents["/answer"] = app.stream(url="/ws/tok")
    sid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, sid)
    assert app.shaken[0]["url"] == app.socket_url


async def test_both_tracks_are_not_for_two_way_streams(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = app.stream(track="both_tracks")
    sid = await on_stage.call()
    assert (await carrier.ledger.until(What.STREAM_REFUSED, sid)).facts["code"] == 31941


BAD_MESSAGES: dict[str, tuple[str | bytes, int]] = {
    "binary": (b'{"event":"clear"}', 31950),
    "broken": ('{"event":', 31950),
    "deep": ("[" * 100_000, 31950),
    "list": ("[1]", 31950),
    "unknown": ('{"event":"dtmf","streamSid":"SID"}', 31951),
    "odd event": ('{"event":["media"],"streamSid":"SID"}', 31951),
    "no sid": ('{"event":"clear"}', 31951),
    "other sid": ('{"event":"clear","streamSid":"MZ00"}', 31951),
    "extra": ('{"event":"clear","streamSid":"SID","x":1}', 31951),
    "extra inside": (
        '{"event":"media","streamSid":"SID","media":{"payload":"AA==","track":"outbound"}}',
        31951,
    ),
    "no payload": ('{"event":"media","streamSid":"SID","media":{}}', 31951),
    "no base64": ('{"event":"media","streamSid":"SID","media":{"payload":"!"}}', 31951),
    "no media": ('{"event":"media","streamSid":"SID"}', 31951),
    "number": ('{"event":"mark","streamSid":"SID","mark":{"name":7}}', 31951),
}


@pytest.mark.parametrize("name", BAD_MESSAGES)
async def test_bad_messages_are_warned_of_and_the_stream_goes_on(
    on_stage: Stage, name: str, spoken: bytes
) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    message, code = BAD_MESSAGES[name]

    async def part(talk: Any) -> None:
        await talk.until("start")
        for _ in range(2):
            if isinstance(message, bytes):
                await talk.socket.send_bytes(message)
            else:
                await talk.socket.send_text(message.replace("SID", talk.sid))
        await talk.play(spoken[:1600])
        await talk.mark("alive")
        await talk.until("mark", "alive")
        await talk.socket.close()

    app.parts = [part]
    app.documents["/answer"] = app.stream()
    sid = await on_stage.call()
    closed = await carrier.ledger.until(What.STREAM_CLOSED, sid)
    assert closed.facts["errors"] == 2
    (warned,) = carrier.ledger.all(What.STREAM_ERROR, sid)
    assert warned.facts["code"] == code
    assert bytes(carrier.playbacks(sid)[0].played) == spoken[:1600]
    await carrier.ledger.until(What.HUNG_UP, sid)


async def test_any_size_of_payload_is_played_in_order(on_stage: Stage, spoken: bytes) -> None:
    app, carrier = on_stage.app, on_stage.twilio

    async def part(talk: Any) -> None:
        await talk.until("start")
        at = 0
        for size in (1, 159, 7, 4000, 3833):
            payload = base64.b64encode(spoken[at : at + size]).decode()
            await talk.say("media", media={"payload": payload})
            at += size
        await talk.mark("end")
        await talk.until("mark", "end")
        await talk.socket.close()

    app.parts = [part]
    app.documents["/answer"] = app.stream()
    sid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, sid)
    assert bytes(carrier.playbacks(sid)[0].played) == spoken


async def test_stream_callbacks(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.parts = [closes]
    app.documents["/answer"] = app.stream(statusCallback=f"{app.url}/stream", name="main")
    sid = await on_stage.call()
    await carrier.ledger.until(What.WEBHOOK, sid, kind="stream-stopped")
    assert {one.fields["StreamEvent"] for one in app.at("/stream")} == {
        "stream-started",
        "stream-stopped",
    }
    assert {one.fields["StreamName"] for one in app.at("/stream")} == {"main"}
    assert all(one.is_signed for one in app.at("/stream"))


async def test_a_one_way_copy_of_both_tracks(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.parts = [waits]
    response = VoiceResponse()
    start = Start()
    start.stream(url=app.socket_url, name="copy", track="both_tracks").parameter("a", "b")
    response.append(start)
    response.say("hello there")
    stop = Stop()
    stop.stream(name="copy")
    response.append(stop)
    response.pause(length=1)
    app.documents["/answer"] = str(response)
    carrier.phones[THEIRS] = Phone(script=(Press("1"), Speak(b"\x00\x40" * 8000), Wait(9)))
    sid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, sid)
    (talk,) = app.talks
    assert talk.start["start"]["tracks"] == ["inbound", "outbound"]
    assert talk.start["start"]["customParameters"] == {"a": "b"}
    tracks = [one["media"]["track"] for one in talk.of("media")]
    assert tracks.count("inbound") == tracks.count("outbound") > 0
    assert not talk.of("dtmf")
    assert talk.of("stop")
    assert carrier.playbacks(sid) == ()


async def test_one_way_streams_by_rest(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.parts = [waits]
    app.documents["/answer"] = '<Response><Pause length="20"/></Response>'
    sid = await on_stage.call()
    await carrier.ledger.until(What.ANSWERED, sid)
    call = on_stage.sdk.calls(sid)
    stream = await on_stage.rest(
        call.streams.create,
        url=app.socket_url,
        name="ear",
        parameter1_name="x",
        parameter1_value="y",
    )
    await carrier.ledger.until(What.STREAM_OPENED, sid)
    await on_stage.rest(call.streams("ear").update, status="stopped")
    await carrier.ledger.until(What.STREAM_CLOSED, sid, why="stopped")
    assert stream.sid == app.talks[0].sid
    assert app.talks[0].start["start"]["customParameters"] == {"x": "y"}
    await on_stage.update(sid, status="completed")
    await carrier.ledger.until(What.HUNG_UP, sid)


async def test_keys_are_sent_by_a_document_that_ends_the_stream(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio

    async def part(talk: Any) -> None:
        await talk.until("start")
        again = app.stream().removeprefix("<Response>").removesuffix("</Response>")
        document = f'<Response><Play digits="12w#"/>{again}</Response>'
        await on_stage.update(talk.call, twiml=document)
        await talk.until("stop")

    app.parts = [part, closes]
    app.documents["/answer"] = app.stream()
    sid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, sid)
    (handset,) = carrier.phones.handsets(THEIRS)
    assert [digit for _, digit in handset.digits_heard] == ["1", "2", "#"]
    assert len(app.talks) == len(carrier.playbacks(sid)) == 2
    assert app.talks[0].sid != app.talks[1].sid


class TestSlowCreate:
    @pytest.fixture
    def quirks(self) -> Quirks:
        return Quirks(create_seconds=8)

    async def test_the_socket_may_open_before_create_returns(self, on_stage: Stage) -> None:
        app, carrier = on_stage.app, on_stage.twilio
        carrier.phones[THEIRS] = Phone(ring_seconds=0)
        app.parts = [closes]
        app.documents["/answer"] = app.stream()
        creating = asyncio.create_task(on_stage.create())
        opened = await carrier.ledger.until(What.STREAM_OPENED)
        assert not creating.done()
        call = await creating
        assert (call.sid, call.status) == (opened.call, "queued")


async def test_a_socket_without_start_and_one_that_is_reset(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio

    async def part(talk: Any) -> None:
        await asyncio.sleep(0.5)
        if not talk.closed:
            assert [one["event"] for one in talk.messages if one["event"] != "media"] == [
                "connected"
            ]
            await talk.socket.close()

    app.parts = [part]
    app.documents["/answer"] = app.stream()
    carrier.faults.socket_no_start = 1
    first = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, first)
    carrier.faults.socket_no_start = 0
    carrier.faults.socket_reset = 1
    second = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, second)
    assert not app.talks[1].of("stop")


class TestRefusedQuery:
    @pytest.fixture
    def quirks(self) -> Quirks:
        return Quirks(calls_per_second=50, stream_query="refused", signs_with_slash=True)

    async def test_a_query_may_be_refused(self, on_stage: Stage) -> None:
        app, carrier = on_stage.app, on_stage.twilio
        app.documents["/answer"] = app.stream(url=f"{app.socket_url}?run=42")
        sid = await on_stage.call()
        assert (await carrier.ledger.until(What.STREAM_REFUSED, sid)).facts["code"] == 31920

    async def test_the_signature_may_have_a_slash_behind(self, on_stage: Stage) -> None:
        app, carrier = on_stage.app, on_stage.twilio
        app.parts = [closes]
        app.documents["/answer"] = app.stream()
        sid = await on_stage.call()
        await carrier.ledger.until(What.HUNG_UP, sid)
        assert app.handshakes == [False]


def test_bad_messages_are_json_where_they_should_be() -> None:
    good = [text for text, code in BAD_MESSAGES.values() if code == 31951 and isinstance(text, str)]
    assert all(isinstance(json.loads(text), dict) for text in good)

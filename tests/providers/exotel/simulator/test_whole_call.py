"""Whole calls through every door, with their sound."""

from __future__ import annotations

import wave
from io import BytesIO
from typing import Any

from linecard.simulator.ledger import What
from linecard.simulator.phone import BUSY, NO_ANSWER, Phone, cut_short
from linecard.simulator.script import Speak, Wait

from .conftest import OURS, THEIRS, Stage, closes_at_once, stays


async def test_a_call_out_to_a_stream(on_stage: Stage, spoken: bytes) -> None:
    app, carrier = on_stage.app, on_stage.exotel
    carrier.phones[THEIRS] = Phone(ring_seconds=0.3, script=(Wait(4), Speak(spoken), Wait(60)))

    async def part(talk: Any) -> None:
        await talk.until("start")
        await talk.play(spoken)
        await talk.mark("end")
        await talk.until("mark")
        await talk.until("media", lambda message: spoken in bytes(talk.heard))
        await talk.socket.close()

    app.parts = [part]
    reply = (await on_stage.connect()).json()["Call"]
    assert reply["Status"] == "in-progress"
    assert reply["To"] is None
    sid = reply["Sid"]
    ended = await carrier.ledger.until(What.HUNG_UP, sid)
    assert (ended.facts["status"], ended.facts["source"]) == ("completed", "Bot")
    start = app.talks[0].start["start"]
    assert start["call_sid"] == sid
    assert start["account_sid"] == on_stage.sid
    assert (start["from"], start["to"]) == (THEIRS, OURS)
    (playback,) = carrier.playbacks(sid)
    assert bytes(playback.played) == spoken
    assert spoken in bytes(app.talks[0].heard)
    assert carrier.ledger.dials(THEIRS) == 1
    assert not carrier.ledger.live_legs()


async def test_a_call_in_to_a_flow(on_stage: Stage, spoken: bytes) -> None:
    app, carrier = on_stage.app, on_stage.exotel
    on_stage.set_up("answer")

    async def part(talk: Any) -> None:
        await talk.until("start")
        await talk.play(spoken)
        await talk.mark("end")
        await talk.until("mark")
        await talk.socket.close()

    app.parts = [part]
    sid = await carrier.call_in(THEIRS, OURS, Phone())
    ended = await carrier.ledger.until(What.HUNG_UP, sid)
    assert ended.facts["source"] == "Flow"
    assert app.at("/answer")[0].fields["CallSid"] == sid
    (handset,) = carrier.phones.handsets(THEIRS)
    assert spoken in bytes(handset.heard)


async def test_a_call_in_to_a_number_that_nobody_has_set_up(on_stage: Stage) -> None:
    carrier = on_stage.exotel
    sid = await carrier.call_in(THEIRS, OURS, Phone())
    ended = await carrier.ledger.until(What.HUNG_UP, sid)
    assert ended.facts["name"] == "not configured"
    assert carrier.ledger.all(What.NOTE, sid)
    assert any(carrier.phones.handsets(THEIRS)[0].heard)
    assert not on_stage.app.received


async def test_a_call_out_to_a_flow(on_stage: Stage) -> None:
    on_stage.set_up("answer")
    on_stage.app.parts = [closes_at_once]
    sid = await on_stage.call(Url=on_stage.flow_url(), CustomField="call-17")
    await on_stage.exotel.ledger.until(What.HUNG_UP, sid, source="Flow")
    fields = on_stage.app.at("/answer")[0].fields
    assert fields["CustomField"] == "call-17"
    assert fields["Direction"] == "outbound-dial"
    assert (fields["CallFrom"], fields["CallTo"]) == ("09441233609", "08047113155")


async def test_busy_no_answer_and_the_ring_limit(on_stage: Stage) -> None:
    carrier = on_stage.exotel
    carrier.phones[THEIRS] = [BUSY, NO_ANSWER, Phone(ring_seconds=50)]
    for status in ("busy", "no-answer", "no-answer"):
        sid = await on_stage.call(TimeOut="3")
        ended = await carrier.ledger.until(What.HUNG_UP, sid)
        assert ended.facts["status"] == status
    assert not on_stage.app.handshakes


async def test_the_caller_hangs_up(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.exotel
    on_stage.set_up("answer")
    app.parts = [stays]
    sid = await carrier.call_in(THEIRS, OURS, cut_short(Phone(), 4))
    ended = await carrier.ledger.until(What.HUNG_UP, sid)
    assert ended.facts["source"] == "Caller"
    stop = await app.talks[0].until("stop")
    assert stop["stop"]["reason"] == "callended"
    assert stop["stop"]["call_sid"] == sid


async def test_the_time_limit_ends_a_call(on_stage: Stage) -> None:
    on_stage.app.parts = [stays]
    sid = await on_stage.call(TimeLimit="4")
    ended = await on_stage.exotel.ledger.until(What.HUNG_UP, sid)
    assert ended.facts["name"] == "time limit"
    assert (await on_stage.app.talks[0].until("stop"))["stop"]["reason"] == "callended"


async def test_a_recorded_call(on_stage: Stage, spoken: bytes) -> None:
    app, carrier = on_stage.app, on_stage.exotel
    carrier.quirks.recording_delay = 1
    carrier.phones[THEIRS] = Phone(script=(Speak(spoken),), hangs_up=True)
    app.parts = [stays]
    sid = await on_stage.call(Record="true", RecordingChannels="dual")
    await carrier.ledger.until(What.HUNG_UP, sid)
    url = next(one.url for one in carrier.switch.recordings.values())
    assert (await on_stage.rest.get(url)).status_code == 404
    await carrier.switch.clock.sleep(2)
    assert (await on_stage.rest.get(url, auth=("a", "b"))).status_code == 401
    file = await on_stage.rest.get(url)
    with wave.open(BytesIO(file.content)) as opened:
        assert opened.getnchannels() == 2
        left = opened.readframes(opened.getnframes())
    assert spoken in b"".join(left[at : at + 2] for at in range(0, len(left), 4))

"""Whole calls, over real sockets, with the real SDK."""

from __future__ import annotations

import audioop
from typing import Any

from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Press, Speak, Wait, WaitForSilence, WaitForSound

from .conftest import OURS, THEIRS, Stage


async def test_one_call_from_create_to_hangup(on_stage: Stage, spoken: bytes) -> None:
    stage, app, carrier = on_stage, on_stage.app, on_stage.twilio
    words = audioop.ulaw2lin(spoken[:3200], 2)

    async def part(talk: Any) -> None:
        await talk.until("start")
        await talk.play(spoken)
        await talk.mark("greeting")
        await talk.until("mark", "greeting")
        await talk.until("dtmf")
        await talk.socket.close()

    app.parts = [part]
    app.documents["/answer"] = app.stream(inside='<Parameter name="runId" value="42"/>')
    carrier.phones[THEIRS] = Phone(
        script=(WaitForSound(), WaitForSilence(), Speak(words), Press("5"), Wait(1))
    )
    call = await stage.create()
    assert (call.status, call.direction, call.price, call.duration) == (
        "queued",
        "outbound-api",
        None,
        None,
    )
    await carrier.ledger.until(What.HUNG_UP, call.sid)
    await carrier.ledger.until(What.WEBHOOK, call.sid, kind="status completed")

    await app.until("/status", 4)
    assert app.statuses("/status") == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert {one.fields["SequenceNumber"] for one in app.at("/status")} == {"0", "1", "2", "3"}
    assert all(one.is_signed for one in app.received)
    assert app.handshakes == [True]
    (answer,) = app.at("/answer")
    assert answer.fields["CallStatus"] == "in-progress"
    assert (answer.fields["From"], answer.fields["To"]) == (OURS, THEIRS)
    assert answer.headers["user-agent"] == "TwilioProxy/1.1"
    (end,) = [one.fields for one in app.at("/status") if one.fields["SequenceNumber"] == "3"]
    assert end["CallbackSource"] == "call-progress-events"
    assert end["Duration"] == "1"
    assert 0 < int(end["CallDuration"]) < 60

    (talk,) = app.talks
    assert talk.messages[0] == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    assert talk.start == {
        "event": "start",
        "sequenceNumber": "1",
        "start": {
            "accountSid": stage.sdk.account_sid,
            "streamSid": talk.sid,
            "callSid": call.sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"runId": "42"},
        },
        "streamSid": talk.sid,
    }
    numbers = [message["sequenceNumber"] for message in talk.messages[1:]]
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    media = talk.of("media")
    assert [one["media"]["chunk"] for one in media] == [str(at + 1) for at in range(len(media))]
    assert all(isinstance(one["media"]["timestamp"], str) for one in media)
    assert len(talk.heard) == len(media) * 160
    assert spoken[:3200] in bytes(talk.heard)
    (key,) = talk.of("dtmf")
    assert key["dtmf"] == {"track": "inbound_track", "digit": "5"}

    (playback,) = carrier.playbacks(call.sid)
    assert bytes(playback.played) == spoken
    (handset,) = carrier.phones.handsets(THEIRS)
    assert audioop.ulaw2lin(playback.with_gaps(), 2) in bytes(handset.heard)
    assert carrier.ledger.live_legs() == ()
    assert str(carrier.ledger.money(call.sid)) == "0.0497"


async def test_an_inbound_call_and_its_caller_hanging_up(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio

    async def part(talk: Any) -> None:
        await talk.until("stop")

    app.parts = [part]
    app.documents["/twilio/answer"] = app.stream()
    sid = await carrier.call_in(THEIRS, OURS, Phone(hang_up_after=1.0))
    await carrier.ledger.until(What.WEBHOOK, sid, kind="status completed")
    answer, end = app.received
    assert answer.url == f"{app.url}/twilio/answer?a=main&k=answer"
    assert answer.fields["CallStatus"] == "ringing"
    assert answer.fields["Direction"] == end.fields["Direction"] == "inbound"
    assert answer.fields["FromCountry"] == "IN"
    assert end.url == f"{app.url}/twilio/callback/status?a=main&k=ended"
    assert end.fields["CallStatus"] == "completed"
    assert answer.is_signed
    assert end.is_signed
    (talk,) = app.talks
    assert talk.messages[-1]["stop"]["callSid"] == sid


async def test_a_caller_who_gives_up_before_the_answer(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/twilio/answer"] = '<Response><Pause length="60"/></Response>'
    sid = await carrier.call_in(THEIRS, OURS, Phone(patience=1))
    ended = await carrier.ledger.until(What.HUNG_UP, sid)
    assert ended.facts["status"] == "no-answer"
    assert not carrier.ledger.all(What.ANSWERED, sid)

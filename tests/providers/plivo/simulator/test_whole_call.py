"""A whole call, over real sockets, with the real SDK."""

from __future__ import annotations

from typing import Any

from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone, voicemail
from linecard.simulator.script import Press, Speak, Wait, WaitForSilence, WaitForSound

from .conftest import OURS, THEIRS, Stage


async def test_one_call_from_create_to_hangup(on_stage: Stage, spoken: bytes) -> None:
    stage, app, carrier = on_stage, on_stage.app, on_stage.plivo
    seen: dict[str, Any] = {}

    async def part(talk: Any) -> None:
        start = await talk.until("start")
        seen["start"] = start
        await talk.play(spoken)
        await talk.say(event="checkpoint", streamId=start["start"]["streamId"], name="greeting")
        await talk.until("playedStream", name="greeting")
        seen["digit"] = await talk.until("dtmf")
        await talk.socket.close()

    app.parts = [part]
    app.documents["/answer"] = app.stream()
    carrier.phones[THEIRS] = Phone(
        script=(WaitForSound(), WaitForSilence(), Speak(spoken[:6400]), Press("5"), Wait(1))
    )
    reply = await stage.create(ring_url=f"{app.url}/ring")
    assert reply.message == "call fired"
    uuid = reply.request_uuid
    ended = await carrier.ledger.until(What.HUNG_UP, uuid)
    assert (ended.facts["code"], ended.facts["source"]) == (4010, "Answer XML")
    await carrier.ledger.until(What.WEBHOOK, uuid, kind="hangup")

    assert [one.fields["Event"] for one in app.received] == ["Ring", "StartApp", "Hangup"]
    assert all(one.is_signed for one in app.received)
    assert app.handshakes == [True]
    ring, answer, hangup = app.received
    assert ring.fields["From"] == OURS
    assert answer.fields["From"] == OURS[1:]
    assert answer.fields["CallStatus"] == "in-progress"
    assert answer.fields["ALegUUID"] == answer.fields["RequestUUID"] == uuid
    assert hangup.fields["HangupCauseCode"] == "4010"
    assert hangup.fields["CallStatus"] == "completed"
    assert hangup.fields["BillDuration"] == "60"
    assert hangup.fields["TotalCost"] == "0.00500"
    assert seen["start"]["sequenceNumber"] == 1
    assert seen["start"]["start"]["callId"] == uuid
    assert seen["digit"]["dtmf"]["digit"] == "5"

    (playback,) = carrier.playbacks(uuid)
    assert bytes(playback.played) == spoken
    (handset,) = carrier.phones.handsets(THEIRS)
    assert playback.with_gaps() in bytes(handset.heard)
    (talk,) = app.talks
    assert spoken[:6400] in bytes(talk.heard)
    numbers = [message["sequenceNumber"] for message in talk.messages]
    assert numbers == list(range(1, len(numbers) + 1))
    assert carrier.ledger.live_legs() == ()
    assert str(carrier.ledger.money(uuid)) == "0.00500"


async def test_audio_is_exact_at_every_format(on_stage: Stage, spoken: bytes) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    formats = {
        "audio/x-l16;rate=16000": ("audio/x-l16", "16000", 640),
        "audio/x-mulaw;rate=8000": ("audio/x-mulaw", 8000, 160),
    }
    for content_type, (kind, rate, size) in formats.items():

        async def part(talk: Any, kind: str = kind, rate: Any = rate) -> None:
            start = await talk.until("start")
            assert start["start"]["mediaFormat"]["encoding"] == kind
            await talk.play(spoken[:6400], kind, rate)
            await talk.say(event="checkpoint", name="end")
            await talk.until("playedStream", name="end")
            await talk.socket.close()

        app.parts = [part]
        app.documents["/answer"] = app.stream(f'contentType="{content_type}"')
        uuid = await on_stage.call()
        await carrier.ledger.until(What.HUNG_UP, uuid)
        (playback,) = carrier.playbacks(uuid)
        assert bytes(playback.played) == spoken[:6400]
        frames = [m for m in app.talks[-1].messages if m["event"] == "media"]
        assert frames
        assert len(app.talks[-1].heard) == len(frames) * size


async def test_clear_drops_what_was_not_played(on_stage: Stage, spoken: bytes) -> None:
    app, carrier = on_stage.app, on_stage.plivo

    async def part(talk: Any) -> None:
        await talk.play(spoken * 3)
        await talk.say(event="checkpoint", name="never")
        await talk.say(event="clearAudio")
        await talk.until("clearedAudio")
        await talk.play(spoken[:3200])
        await talk.say(event="checkpoint", name="after")
        await talk.until("playedStream", name="after")
        await talk.socket.close()

    app.parts = [part]
    app.documents["/answer"] = app.stream()
    uuid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, uuid)
    (playback,) = carrier.playbacks(uuid)
    (dropped,) = playback.dropped
    assert dropped.marks == ("never",)
    assert bytes(playback.played[: dropped.position]) + dropped.audio == spoken * 3
    assert bytes(playback.played[dropped.position :]) == spoken[:3200]
    assert not [m for m in app.talks[0].messages if m.get("name") == "never"]


async def test_keys_go_both_ways(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo

    async def part(talk: Any) -> None:
        await talk.say(event="sendDTMF", dtmf="12#")
        await talk.until("dtmf")
        await talk.socket.close()

    app.parts = [part]
    app.documents["/answer"] = app.stream()
    carrier.phones[THEIRS] = Phone(script=(Wait(2), Press("9")))
    uuid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, uuid)
    (handset,) = carrier.phones.handsets(THEIRS)
    assert [digit for _, digit in handset.digits_heard] == ["1", "2", "#"]
    assert carrier.ledger.all(What.DIGIT_PRESSED, uuid, digit="9")


async def test_an_inbound_call_and_its_caller_hanging_up(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo

    async def part(talk: Any) -> None:
        await talk.until("start")

    app.parts = [part]
    app.documents["/plivo/answer"] = app.stream()
    uuid = await carrier.call_in(THEIRS, OURS, Phone(hang_up_after=1.0))
    await carrier.ledger.until(What.WEBHOOK, uuid, kind="hangup")
    answer, hangup = app.received
    assert answer.path == "/plivo/answer"
    assert answer.fields["CallStatus"] == "ringing"
    assert "ALegUUID" not in answer.fields
    assert hangup.path == "/plivo/callback/status"
    assert hangup.fields["HangupSource"] == "Caller"
    assert hangup.fields["HangupCauseCode"] == "4000"
    assert not app.of("StopStream")


async def test_a_caller_who_gives_up_before_the_answer(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    app.documents["/plivo/answer"] = '<Response><Wait length="60"/></Response>'
    uuid = await carrier.call_in(THEIRS, OURS, Phone(patience=1))
    ended = await carrier.ledger.until(What.HUNG_UP, uuid)
    assert (ended.facts["code"], ended.facts["status"]) == (1000, "cancel")
    assert not carrier.ledger.all(What.ANSWERED, uuid)


async def test_a_voicemail_greets_and_beeps(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    carrier.phones[THEIRS] = voicemail("hello", ring_seconds=0.5, patience=3)

    async def part(talk: Any) -> None:
        await talk.until("start")

    app.parts = [part]
    app.documents["/answer"] = app.stream()
    uuid = await on_stage.call(machine_detection="true", machine_detection_url=f"{app.url}/machine")
    await carrier.ledger.until(What.WEBHOOK, uuid, kind="hangup")
    (machine,) = app.of("MachineDetection")
    assert machine.fields["Machine"] == "true"
    assert machine.fields["IfMachine"] == "continue"

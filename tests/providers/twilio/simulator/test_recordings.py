"""Recordings: where they may be asked for, what is reported, and the file."""

from __future__ import annotations

import io
import wave
from typing import Any

import httpx2
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.twiml.voice_response import Start, VoiceResponse

from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Speak, Wait
from linecard_twilio.simulator import Quirks

from .conftest import OURS, THEIRS, Stage

PAUSE = '<Response><Pause length="20"/></Response>'
SAYS = Phone(ring_seconds=0.2, script=(Wait(1), Speak(b"\x00\x40" * 8000), Wait(1)), hangs_up=True)
ALL = ["in-progress", "completed", "absent"]


async def download(set_up: Stage, url: str, **more: Any) -> httpx2.Response:
    own = set_up.sdk
    more.setdefault("auth", (own.username, own.password))
    async with httpx2.AsyncClient(trust_env=False) as client:
        return await client.get(url, **more)


def shape(body: bytes) -> tuple[int, float]:
    """Channels and seconds of a WAV file."""
    with wave.open(io.BytesIO(body)) as wav:
        return wav.getnchannels(), wav.getnframes() / wav.getframerate()


async def test_recorded_from_create_on(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    carrier.phones[THEIRS] = SAYS
    app.documents["/answer"] = PAUSE
    sid = await on_stage.call(
        record=True,
        recording_channels="dual",
        trim="do-not-trim",
        recording_status_callback=f"{app.url}/recorded",
        recording_status_callback_event=ALL,
    )
    await carrier.ledger.until(What.WEBHOOK, sid, kind="recording completed")
    await app.until("/recorded", 2)
    assert {one.fields["RecordingStatus"] for one in app.at("/recorded")} == {
        "in-progress",
        "completed",
    }
    (done,) = app.of(RecordingStatus="completed")
    assert done.is_signed
    assert done.fields["RecordingSource"] == "OutboundAPI"
    assert done.fields["RecordingChannels"] == "2"
    assert done.fields["RecordingDuration"] == "3"
    await carrier.ledger.until(What.WEBHOOK, sid, kind="status completed")
    (end,) = app.of(CallStatus="completed")
    assert end.fields["RecordingSid"] == done.fields["RecordingSid"]
    url = done.fields["RecordingUrl"]
    assert shape((await download(on_stage, f"{url}.wav?RequestedChannels=2")).content)[0] == 2
    assert shape((await download(on_stage, f"{url}.wav")).content)[0] == 1
    assert shape((await download(on_stage, url)).content)[1] == pytest.approx(3, abs=0.1)


async def test_create_trims_silence_unless_told_otherwise(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    carrier.phones[THEIRS] = SAYS
    app.documents["/answer"] = PAUSE
    sid = await on_stage.call(record=True, recording_status_callback=f"{app.url}/recorded")
    await carrier.ledger.until(What.WEBHOOK, sid, kind="recording completed")
    (done,) = app.at("/recorded")
    file = await download(on_stage, done.fields["RecordingUrl"] + ".wav")
    assert shape(file.content)[1] == pytest.approx(1, abs=0.05)


async def test_a_live_call_is_recorded_paused_and_stopped(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = PAUSE
    sid = await on_stage.call()
    await carrier.ledger.until(What.ANSWERED, sid)
    call = on_stage.sdk.calls(sid)
    made = await on_stage.rest(
        call.recordings.create,
        recording_channels="dual",
        recording_status_callback=f"{app.url}/recorded",
    )
    assert (made.status, made.source, made.channels, made.duration) == (
        "in-progress",
        "StartCallRecordingAPI",
        2,
        None,
    )
    paused = await on_stage.rest(call.recordings("Twilio.CURRENT").update, status="paused")
    assert paused.status == "paused"
    await on_stage.rest(call.recordings(made.sid).update, status="in-progress")
    await carrier.switch.clock.sleep(1)
    stopped = await on_stage.rest(call.recordings(made.sid).update, status="stopped")
    assert stopped.status == "processing"
    with pytest.raises(TwilioRestException) as again:
        await on_stage.rest(call.recordings(made.sid).update, status="stopped")
    assert again.value.code == 21220
    with pytest.raises(TwilioRestException) as none:
        await on_stage.rest(call.recordings("Twilio.CURRENT").update, status="stopped")
    assert none.value.status == 404
    await carrier.ledger.until(What.WEBHOOK, sid, kind="recording completed")
    await on_stage.update(sid, status="completed")


async def test_a_pause_leaves_silence_or_nothing(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = PAUSE
    sid = await on_stage.call()
    await carrier.ledger.until(What.ANSWERED, sid)
    recordings = on_stage.sdk.calls(sid).recordings
    silent = await on_stage.rest(recordings.create)
    skipped = await on_stage.rest(recordings.create)
    await on_stage.rest(recordings(silent.sid).update, status="paused")
    await on_stage.rest(recordings(skipped.sid).update, status="paused", pause_behavior="skip")
    at = carrier.switch.recordings[skipped.sid].tape.seconds
    await carrier.switch.clock.sleep(2)
    await on_stage.update(sid, status="completed")
    await carrier.ledger.until(What.HUNG_UP, sid)
    assert carrier.switch.recordings[skipped.sid].tape.seconds == at
    assert carrier.switch.recordings[silent.sid].tape.seconds > at + 1


async def test_a_call_that_rings_is_not_recorded(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    carrier.phones[THEIRS] = Phone(ring_seconds=30)
    app.documents["/twilio/answer"] = '<Response><Pause length="30"/></Response>'
    rings = await on_stage.call()
    comes = await carrier.call_in(THEIRS, OURS, Phone())
    await carrier.ledger.until(What.RINGING, rings)
    await carrier.ledger.until(What.DOCUMENT, comes)
    for sid in (rings, comes):
        with pytest.raises(TwilioRestException) as refused:
            await on_stage.rest(on_stage.sdk.calls(sid).recordings.create)
        assert (refused.value.status, refused.value.code) == (400, 21220)


async def test_an_inbound_call_records_from_its_document(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    response = VoiceResponse()
    start = Start()
    start.recording(
        channels="dual", trim="do-not-trim", recording_status_callback=f"{app.url}/recorded"
    )
    response.append(start)
    response.pause(length=20)
    app.documents["/twilio/answer"] = str(response)
    sid = await carrier.call_in(THEIRS, OURS, SAYS)
    await carrier.ledger.until(What.WEBHOOK, sid, kind="recording completed")
    (done,) = app.at("/recorded")
    assert (done.fields["CallSid"], done.fields["RecordingChannels"]) == (sid, "2")


async def test_listed_looked_up_and_deleted(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    carrier.phones[THEIRS] = SAYS
    app.documents["/answer"] = PAUSE
    sid = await on_stage.call(record=True, recording_status_callback=f"{app.url}/recorded")
    await carrier.ledger.until(What.WEBHOOK, sid, kind="recording completed")
    (listed,) = await on_stage.rest(on_stage.sdk.recordings.list, call_sid=sid)
    assert (listed.status, listed.call_sid) == ("completed", sid)
    assert listed.price is None
    (own,) = await on_stage.rest(on_stage.sdk.calls(sid).recordings.list)
    assert own.sid == listed.sid
    one = on_stage.sdk.recordings(listed.sid)
    assert await on_stage.rest(one.delete)
    assert (await on_stage.rest(one.fetch)).status == "deleted"
    assert (await download(on_stage, listed.media_url + ".wav")).status_code == 404
    assert not await on_stage.rest(on_stage.sdk.recordings.list)


async def test_one_that_is_too_short_is_absent(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    carrier.quirks.shortest_recording = 60
    app.documents["/answer"] = (
        f'<Response><Start><Recording recordingStatusCallback="{app.url}/recorded" '
        'recordingStatusCallbackEvent="absent completed"/></Start><Hangup/></Response>'
    )
    sid = await on_stage.call()
    await carrier.ledger.until(What.WEBHOOK, sid, kind="recording absent")
    (absent,) = app.at("/recorded")
    assert absent.fields["ErrorCode"] == "16101"


async def test_files_need_the_accounts_credentials(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    carrier.phones[THEIRS] = SAYS
    app.documents["/answer"] = PAUSE
    sid = await on_stage.call(record=True, recording_status_callback=f"{app.url}/recorded")
    await carrier.ledger.until(What.WEBHOOK, sid, kind="recording completed")
    url = app.at("/recorded")[0].fields["RecordingUrl"] + ".wav"
    assert (await download(on_stage, url, auth=None)).status_code == 401
    assert (await download(on_stage, url, auth=("AC", "no"))).status_code == 401
    assert (await download(on_stage, f"{url}?RequestedChannels=9")).status_code == 400
    assert (await download(on_stage, url.replace(".wav", ".exe"))).status_code == 404
    carrier.quirks.media_auth = False
    assert (await download(on_stage, url, auth=None)).status_code == 200


@pytest.mark.parametrize(
    "quirks", [Quirks(media_delay=4), Quirks(external_storage=True)], ids=["late", "external"]
)
async def test_a_file_that_is_late_or_elsewhere(on_stage: Stage, quirks: Quirks) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    carrier.phones[THEIRS] = SAYS
    app.documents["/answer"] = PAUSE
    sid = await on_stage.call(record=True, recording_status_callback=f"{app.url}/recorded")
    await carrier.ledger.until(What.WEBHOOK, sid, kind="recording completed")
    url = app.at("/recorded")[0].fields["RecordingUrl"] + ".wav"
    assert (await download(on_stage, url)).status_code == 404
    await carrier.switch.clock.sleep(5)
    later = (await download(on_stage, url)).status_code
    assert later == (404 if quirks.external_storage else 200)


@pytest.mark.parametrize(("fault", "times"), [("recording_twice", 2), ("recording_lost", 0)])
async def test_faults_of_recordings(on_stage: Stage, fault: str, times: int) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    carrier.phones[THEIRS] = SAYS
    setattr(carrier.faults, fault, 1)
    app.documents["/answer"] = PAUSE
    sid = await on_stage.call(record=True, recording_status_callback=f"{app.url}/recorded")
    await carrier.ledger.until(What.FAULT, name=fault)
    await carrier.ledger.until(What.HUNG_UP, sid)
    for _ in range(times):
        await carrier.ledger.until(What.WEBHOOK, sid, kind="recording completed")
    await carrier.switch.clock.sleep(2)
    assert len(app.at("/recorded")) == times

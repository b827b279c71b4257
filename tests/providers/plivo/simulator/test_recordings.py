"""Recordings: by REST and from the document, their files, limits and callbacks."""

from __future__ import annotations

import asyncio
from typing import Any

import plivo
import pytest
import requests

from linecard.simulator.ledger import What
from linecard.simulator.phone import NO_ANSWER, Phone
from linecard.simulator.script import Press, Speak, Wait
from linecard.simulator.sound import read_wav, seconds
from linecard_plivo.simulator import Quirks

from .conftest import OURS, THEIRS, Stage

LONG = '<Response><Wait length="60"/></Response>'
MISSING = plivo.exceptions.ResourceNotFoundError


async def test_a_recording_by_rest_holds_both_sides(on_stage: Stage, spoken: bytes) -> None:
    app, carrier, sdk = on_stage.app, on_stage.plivo, on_stage.sdk
    carrier.phones[THEIRS] = Phone(script=(Wait(0.5), Speak(spoken)))

    async def part(talk: Any) -> None:
        start = await talk.until("start")
        reply = await on_stage.rest(
            sdk.calls.record,
            start["start"]["callId"],
            time_limit=600,
            file_format="wav",
            callback_url=f"{app.url}/recorded",
        )
        assert reply.message == "call recording started"
        await talk.play(spoken)
        await talk.say(event="checkpoint", name="end")
        await talk.until("playedStream", name="end")
        await carrier.switch.clock.sleep(1.5)
        await talk.socket.close()

    app.parts = [part]
    app.documents["/answer"] = app.stream()
    uuid = await on_stage.call()
    await carrier.ledger.until(What.WEBHOOK, uuid, kind="recording")
    (callback,) = app.at("/recorded")
    assert callback.is_signed
    assert callback.fields["call_uuid"] == uuid
    assert int(callback.fields["recording_duration_ms"]) > 1000
    file = await on_stage.rest(requests.get, callback.fields["record_url"], timeout=5)
    pcm = read_wav(file.content)
    (handset,) = carrier.phones.handsets(THEIRS)
    assert seconds(pcm) == pytest.approx(int(callback.fields["recording_duration_ms"]) / 1000)
    assert any(pcm)
    listed = await on_stage.rest(sdk.recordings.list, call_uuid=uuid)
    assert [one.recording_id for one in listed.objects] == [callback.fields["recording_id"]]
    assert float(listed.objects[0].recording_duration_ms) > 0
    await on_stage.rest(sdk.recordings.delete, callback.fields["recording_id"])
    with pytest.raises(MISSING):
        await on_stage.rest(sdk.recordings.get, callback.fields["recording_id"])
    gone = await on_stage.rest(requests.get, callback.fields["record_url"], timeout=5)
    assert gone.status_code == 404
    assert len(handset.said) >= len(spoken)


async def test_the_default_limit_of_60_seconds_cuts(on_stage: Stage) -> None:
    carrier = on_stage.plivo
    on_stage.app.documents["/answer"] = LONG
    uuid = await on_stage.call()
    await carrier.ledger.until(What.ANSWERED, uuid)
    await on_stage.rest(on_stage.sdk.calls.record, uuid)
    started = await carrier.ledger.until(What.RECORDING_STARTED, uuid)
    assert started.facts["limit"] == 60
    await on_stage.rest(on_stage.sdk.calls.record, uuid, time_limit=1)
    stopped = await carrier.ledger.until(What.RECORDING_STOPPED, uuid)
    assert (stopped.facts["why"], stopped.facts["seconds"]) == ("time limit", 1.0)


async def test_a_ringing_call_cannot_be_recorded(on_stage: Stage) -> None:
    carrier = on_stage.plivo
    carrier.phones[THEIRS] = NO_ANSWER
    uuid = await on_stage.call()
    await carrier.ledger.until(What.RINGING, uuid)
    with pytest.raises(MISSING):
        await on_stage.rest(on_stage.sdk.calls.record, uuid)


async def test_stopping_by_rest(on_stage: Stage) -> None:
    carrier, sdk = on_stage.plivo, on_stage.sdk
    on_stage.app.documents["/answer"] = LONG
    uuid = await on_stage.call()
    await carrier.ledger.until(What.ANSWERED, uuid)
    with pytest.raises(MISSING):
        await on_stage.rest(sdk.calls.record_stop, uuid)
    await on_stage.rest(sdk.calls.record, uuid, time_limit=100)
    await on_stage.rest(sdk.calls.record_stop, uuid)
    stopped = await carrier.ledger.until(What.RECORDING_STOPPED, uuid)
    assert stopped.facts["why"] == "API request"


async def test_a_session_recorded_from_the_document_is_stereo(
    on_stage: Stage, spoken: bytes
) -> None:
    app, carrier = on_stage.app, on_stage.plivo

    async def part(talk: Any) -> None:
        await talk.play(spoken)
        await talk.say(event="checkpoint", name="end")
        await talk.until("playedStream", name="end")
        await talk.socket.close()

    app.parts = [part]
    record = (
        f'<Record recordSession="true" redirect="false" maxLength="600" fileFormat="wav" '
        f'recordChannelType="stereo" callbackUrl="{app.url}/recorded" action="{app.url}/early"/>'
    )
    app.documents["/plivo/answer"] = app.stream().replace("<Response>", f"<Response>{record}")
    uuid = await carrier.call_in(THEIRS, OURS, Phone(script=(Speak(spoken),)))
    await carrier.ledger.until(What.WEBHOOK, uuid, kind="recording")
    (early,) = app.at("/early")
    assert early.fields["RecordingDuration"] == "-1"
    (callback,) = app.at("/recorded")
    file = await on_stage.rest(requests.get, callback.fields["RecordUrl"], timeout=5)
    (playback,) = carrier.playbacks(uuid)
    frames = file.content[44:]
    left = b"".join(frames[at : at + 2] for at in range(0, len(frames), 4))
    right = b"".join(frames[at + 2 : at + 4] for at in range(0, len(frames), 4))
    assert spoken[:8000] in left
    assert playback.with_gaps()[-8000:] in right


async def test_a_message_until_a_key(on_stage: Stage, spoken: bytes) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    carrier.phones[THEIRS] = Phone(script=(Wait(1), Speak(spoken), Press("#")))
    app.documents = {
        "/answer": f'<Response><Record action="{app.url}/message" finishOnKey="#"/></Response>',
        "/message": "<Response><Hangup/></Response>",
    }
    uuid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, uuid, code=4000)
    (message,) = app.at("/message")
    assert message.fields["Digits"] == "#"
    assert int(message.fields["RecordingDurationMs"]) >= 1000


async def test_a_lost_callback_leaves_the_recording_to_be_found(on_stage: Stage) -> None:
    carrier = on_stage.plivo
    carrier.faults.recording_lost = 1
    on_stage.app.documents["/answer"] = LONG
    uuid = await on_stage.call()
    await carrier.ledger.until(What.ANSWERED, uuid)
    await on_stage.rest(
        on_stage.sdk.calls.record, uuid, time_limit=1, callback_url=f"{on_stage.app.url}/recorded"
    )
    await carrier.ledger.until(What.FAULT, name="recording_lost")
    listed = await on_stage.rest(on_stage.sdk.recordings.list, call_uuid=uuid)
    assert len(listed.objects) == 1
    await asyncio.sleep(0)
    assert not on_stage.app.at("/recorded")


class TestTransferEndsRecordings:
    @pytest.fixture
    def quirks(self) -> Quirks:
        return Quirks(transfer_ends_recordings=True)

    async def test_it_stops(self, on_stage_with: Stage) -> None:
        app, carrier = on_stage_with.app, on_stage_with.plivo

        async def part(talk: Any) -> None:
            call = (await talk.until("start"))["start"]["callId"]
            await on_stage_with.rest(on_stage_with.sdk.calls.record, call, time_limit=600)
            await on_stage_with.rest(
                on_stage_with.sdk.calls.transfer, call, legs="aleg", aleg_url=f"{app.url}/t"
            )
            await talk.socket.close()

        app.parts = [part]
        app.documents |= {"/answer": app.stream(), "/t": LONG}
        uuid = await on_stage_with.call()
        stopped = await carrier.ledger.until(What.RECORDING_STOPPED, uuid)
        assert stopped.facts["why"] == "transfer"

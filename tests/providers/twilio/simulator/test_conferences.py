"""Rooms: who is in them, who hears whom, and what is reported."""

from __future__ import annotations

import audioop
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from linecard.simulator.ledger import What
from linecard.simulator.phone import BUSY, NO_ANSWER, Phone
from linecard.simulator.script import Speak, Wait

from .conftest import EVENTS, HUMAN, OURS, THEIRS, Stage

ROOM_EVENTS = "start end join leave mute hold modify"


def room(app: Any, label: str, after: str = "", dial: str = "", **more: str) -> str:
    given = {
        "statusCallback": f"{app.url}/room",
        "statusCallbackEvent": ROOM_EVENTS,
        "endConferenceOnExit": "true",
        "beep": "false",
        "waitUrl": "",
        **more,
    }
    attributes = "".join(f' {name}="{value}"' for name, value in given.items())
    return (
        f'<Response><Dial {dial}><Conference participantLabel="{label}"{attributes}>r1</Conference>'
        f"</Dial>{after}</Response>"
    )


async def invited(set_up: Stage, **more: Any) -> Any:
    """The human, dialled into the room."""
    app = set_up.app
    given = {
        "label": "target",
        "status_callback": f"{app.url}/leg",
        "status_callback_event": EVENTS,
        "conference_status_callback": f"{app.url}/room",
        "conference_status_callback_event": ROOM_EVENTS.split(),
        "end_conference_on_exit": True,
        "beep": "false",
        **more,
    }
    create = set_up.sdk.conferences("r1").participants.create
    return await set_up.rest(create, from_=OURS, to=HUMAN, **given)


def events(app: Any) -> list[str]:
    return [one.fields["StatusCallbackEvent"] for one in app.at("/room")]


async def test_a_warm_transfer_by_its_own_steps(on_stage: Stage, spoken: bytes) -> None:
    """The human is dialled into a room while the caller's stream goes on; then the caller follows."""
    app, carrier = on_stage.app, on_stage.twilio
    words = audioop.ulaw2lin(spoken[:4000], 2)
    carrier.phones[HUMAN] = Phone(
        ring_seconds=0.5, script=(Wait(2), Speak(words), Wait(0.5)), hangs_up=True
    )

    async def part(talk: Any) -> None:
        await talk.until("start")
        human = await invited(on_stage)
        assert (human.status, human.label, human.end_conference_on_exit) == (
            "queued",
            "target",
            True,
        )
        await carrier.ledger.until(What.JOINED, human.call_sid)
        assert not talk.closed
        await on_stage.update(talk.call, twiml=room(app, "caller"))

    app.parts = [part]
    app.documents["/answer"] = app.stream()
    sid = await on_stage.call()
    await carrier.ledger.until(What.WEBHOOK, sid, kind="status completed", url=f"{app.url}/status")
    await carrier.ledger.until(What.WEBHOOK, kind="conference-end")
    await app.until("/room", 6)
    await app.until("/leg", 4)
    (caller,) = carrier.phones.handsets(THEIRS)
    assert words in bytes(caller.heard)
    (bridged,) = carrier.ledger.all(What.BRIDGED)
    human_sid = app.at("/leg")[0].fields["CallSid"]
    assert (bridged.call, bridged.facts["leg"]) == (sid, human_sid)
    assert app.statuses("/leg") == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert sorted(events(app)) == sorted(
        [
            "participant-join",
            "participant-join",
            "conference-start",
            "participant-leave",
            "participant-leave",
            "conference-end",
        ]
    )
    joined = app.of(StatusCallbackEvent="participant-join")
    assert [one.fields["ParticipantLabel"] for one in joined] == ["target", "caller"]
    (end,) = app.of(StatusCallbackEvent="conference-end")
    assert end.fields["ReasonConferenceEnded"] == "participant-with-end-conference-on-exit-left"
    assert end.fields["CallSidEndingConference"] == human_sid
    assert end.fields["ParticipantLabelEndingConference"] == "target"
    numbers = sorted(int(one.fields["SequenceNumber"]) for one in app.at("/room"))
    assert numbers == list(range(1, 7))
    assert all(one.is_signed for one in app.received)
    assert carrier.ledger.live_legs() == ()


@pytest.mark.parametrize(("phone", "status"), [(BUSY, "busy"), (NO_ANSWER, "no-answer")])
async def test_nobody_answers_and_no_room_opens(on_stage: Stage, phone: Phone, status: str) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    carrier.phones[HUMAN] = phone
    human = await invited(on_stage, timeout=5)
    await carrier.ledger.until(What.WEBHOOK, kind=f"status {status}")
    assert not carrier.ledger.all(What.JOINED)
    assert not app.at("/room")
    conference = await on_stage.rest(on_stage.sdk.conferences(human.conference_sid).fetch)
    assert conference.status == "completed"


async def test_a_ringing_participant_is_taken_back(on_stage: Stage) -> None:
    carrier = on_stage.twilio
    carrier.phones[HUMAN] = Phone(ring_seconds=30)
    human = await invited(on_stage)
    await carrier.ledger.until(What.RINGING, human.call_sid)
    one = on_stage.sdk.conferences(human.conference_sid).participants("target")
    assert (await on_stage.rest(one.fetch)).status == "ringing"
    await on_stage.rest(one.delete)
    ended = await carrier.ledger.until(What.HUNG_UP, human.call_sid)
    assert ended.facts["status"] == "canceled"


async def test_only_the_first_participants_callback_counts(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = [
        room(app, "one", statusCallback=f"{app.url}/first", statusCallbackEvent="join"),
        room(app, "two", statusCallback=f"{app.url}/second"),
    ]
    carrier.phones[HUMAN] = Phone(script=(Wait(1),), hangs_up=True)
    first = await on_stage.call()
    await carrier.ledger.until(What.JOINED, first)
    second = await on_stage.call(HUMAN)
    await carrier.ledger.until(What.HUNG_UP, first)
    await carrier.ledger.until(What.WEBHOOK, second, kind="status completed")
    await app.until("/first", 2)
    joined = [one.fields["ParticipantLabel"] for one in app.at("/first")]
    assert joined == ["one", "two"]
    assert not app.at("/second")


async def test_nobody_hears_anything_before_the_start(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = [
        room(app, "one", startConferenceOnEnter="false", endConferenceOnExit="false"),
        room(app, "two", startConferenceOnEnter="false", endConferenceOnExit="false"),
    ]
    carrier.phones[THEIRS] = Phone(script=(Speak(b"\x00\x40" * 16000),))
    carrier.phones[HUMAN] = Phone(ring_seconds=2)
    first, second = await on_stage.call(), await on_stage.call(HUMAN)
    await carrier.ledger.until(What.JOINED, first)
    await carrier.ledger.until(What.JOINED, second)
    listed = await on_stage.rest(on_stage.sdk.conferences.list, friendly_name="r1")
    assert [one.status for one in listed] == ["init"]
    assert not carrier.ledger.all(What.BRIDGED)
    await on_stage.rest(on_stage.sdk.conferences(listed[0].sid).update, status="completed")
    await carrier.ledger.until(What.HUNG_UP, first)
    await carrier.ledger.until(What.HUNG_UP, second)
    (handset,) = carrier.phones.handsets(HUMAN)
    assert not any(handset.heard)


async def test_participants_are_muted_held_and_removed(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    after = f"<Redirect>{app.url}/after</Redirect>"
    app.documents |= {
        "/answer": room(app, "caller", after=after, endConferenceOnExit="false"),
        "/after": "<Response><Hangup/></Response>",
    }
    sid = await on_stage.call()
    await carrier.ledger.until(What.JOINED, sid)
    human = await invited(on_stage)
    await carrier.ledger.until(What.BRIDGED, sid)
    participants = on_stage.sdk.conferences(human.conference_sid).participants
    listed = await on_stage.rest(participants.list)
    assert {one.label for one in listed} == {"caller", "target"}
    muted = await on_stage.rest(participants("caller").update, muted=True, hold=True)
    assert (muted.muted, muted.hold) == (True, True)
    await on_stage.rest(participants("caller").delete)
    await carrier.ledger.until(What.HUNG_UP, sid)
    # Removed, it goes on behind the Dial.
    assert app.at("/after")
    await carrier.ledger.until(What.WEBHOOK, kind="participant-leave")
    assert {"participant-mute", "participant-hold"} <= set(events(app))
    with pytest.raises(TwilioRestException) as refused:
        await on_stage.rest(participants("caller").fetch)
    assert refused.value.code == 20404


async def test_the_dial_action_after_a_conference(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents |= {
        "/answer": room(app, "caller", dial=f'action="{app.url}/dialled" timeLimit="1"'),
        "/dialled": "<Response><Hangup/></Response>",
    }
    sid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, sid)
    assert app.at("/dialled")[0].fields["DialCallStatus"] == "answered"


async def test_a_room_that_was_named_by_sid(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = room(app, "caller")
    sid = await on_stage.call()
    await carrier.ledger.until(What.JOINED, sid)
    (conference,) = await on_stage.rest(on_stage.sdk.conferences.list)
    create = on_stage.sdk.conferences(conference.sid).participants.create
    human = await on_stage.rest(create, from_=OURS, to=HUMAN)
    assert human.conference_sid == conference.sid
    nobody = on_stage.sdk.conferences("CF" + "0" * 32).participants.create
    with pytest.raises(TwilioRestException):
        await on_stage.rest(nobody, from_=OURS, to=HUMAN)


async def test_a_conference_is_recorded(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = room(
        app,
        "caller",
        record="record-from-start",
        recordingStatusCallback=f"{app.url}/recorded",
        dial='timeLimit="2"',
    )
    carrier.phones[THEIRS] = Phone(script=(Speak(b"\x00\x40" * 8000),))
    sid = await on_stage.call()
    await carrier.ledger.until(What.WEBHOOK, sid, kind="recording completed")
    (done,) = app.at("/recorded")
    assert done.fields["RecordingSource"] == "Conference"
    assert done.fields["ConferenceSid"].startswith("CF")

"""<Dial>, redirection by REST, and whose document runs when."""

from __future__ import annotations

import asyncio
import audioop
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.twiml.voice_response import Dial, VoiceResponse

from linecard.simulator.ledger import What
from linecard.simulator.phone import BUSY, NO_ANSWER, REJECTS, Outcome, Phone, human
from linecard.simulator.script import Press, Speak, Wait
from linecard_twilio.simulator import Quirks

from .conftest import EVENTS, HUMAN, OURS, THEIRS, Stage

SECOND_HUMAN = "+14155550189"
HANG_UP = "<Response><Hangup/></Response>"
NOBODY = Phone(outcome=Outcome.FAIL, code="404")


def dial(app: Any, *targets: str, whisper: str = "", **more: Any) -> str:
    """A document made by the vendor's own builder."""
    response = VoiceResponse()
    node = Dial(
        caller_id=more.pop("caller_id", OURS), action=f"{app.url}/dialled", timeout=5, **more
    )
    for target in targets:
        node.number(
            target,
            status_callback=f"{app.url}/leg",
            status_callback_event=" ".join(EVENTS),
            **({"url": f"{app.url}{whisper}"} if whisper else {}),
        )
    response.append(node)
    return str(response)


async def redirected(set_up: Stage, document: str, after: str = HANG_UP, **more: Any) -> str:
    """A call whose stream the API ends with another document; its sid."""
    app = set_up.app

    async def part(talk: Any) -> None:
        await talk.until("start")
        changed = await set_up.update(talk.call, twiml=document)
        assert changed.status == "in-progress"

    app.parts = [part]
    app.documents |= {
        "/answer": app.stream(connect=f'action="{app.url}/next"'),
        "/dialled": after,
    }
    return await set_up.call(**more)


async def test_a_redirect_ends_the_stream_with_stop(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    carrier.phones[HUMAN] = BUSY
    sid = await redirected(on_stage, dial(app, HUMAN))
    await carrier.ledger.until(What.WEBHOOK, sid, kind="status completed")
    (talk,) = app.talks
    assert talk.messages[-1]["event"] == "stop"
    (action,) = app.at("/dialled")
    assert action.fields["DialCallStatus"] == "busy"
    assert action.fields["DialBridged"] == "false"
    assert "DialCallDuration" not in action.fields
    assert action.is_signed
    # The Connect was cut off: its action is not asked for.
    assert not app.at("/next")
    assert carrier.ledger.dials(HUMAN) == 1
    assert carrier.ledger.all(What.TRANSFER, sid)


@pytest.mark.parametrize(
    ("phone", "status", "code"),
    [(REJECTS, "busy", "603"), (NO_ANSWER, "no-answer", "487"), (NOBODY, "failed", "404")],
    ids=["rejects", "silent", "unreachable"],
)
async def test_other_failures_to_reach_a_human(
    on_stage: Stage, phone: Phone, status: str, code: str
) -> None:
    carrier = on_stage.twilio
    carrier.phones[HUMAN] = phone
    sid = await redirected(on_stage, dial(on_stage.app, HUMAN))
    await carrier.ledger.until(What.HUNG_UP, sid, leg=sid)
    (action,) = on_stage.app.at("/dialled")
    assert action.fields["DialCallStatus"] == status
    await carrier.ledger.until(What.WEBHOOK, sid, kind=f"status {status}")
    (last,) = on_stage.app.of(CallStatus=status, Direction="outbound-dial")
    end = last.fields
    assert end["SipResponseCode"] == code
    assert end["ParentCallSid"] == sid
    assert end["Direction"] == "outbound-dial"


async def test_caller_and_human_hear_each_other(on_stage: Stage, spoken: bytes) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    words = audioop.ulaw2lin(spoken[:4000], 2)
    carrier.phones[HUMAN] = Phone(
        ring_seconds=0.5, script=(Wait(1), Speak(words), Press("7"), Wait(1)), hangs_up=True
    )
    sid = await redirected(on_stage, dial(app, HUMAN))
    await carrier.ledger.until(What.WEBHOOK, sid, kind="status completed", url=f"{app.url}/status")
    (action,) = app.at("/dialled")
    assert action.fields["DialCallStatus"] == "completed"
    assert action.fields["DialBridged"] == "true"
    assert int(action.fields["DialCallDuration"]) > 0
    (caller,) = carrier.phones.handsets(THEIRS)
    assert words in bytes(caller.heard)
    (bridged,) = carrier.ledger.all(What.BRIDGED, sid)
    assert bridged.facts["leg"] == action.fields["DialCallSid"]
    await app.until("/leg", 4)
    assert app.statuses("/leg") == ["initiated", "ringing", "in-progress", "completed"]
    assert len(carrier.ledger.all(What.MONEY, sid)) == 2
    assert carrier.ledger.live_legs() == ()
    child = await on_stage.rest(on_stage.sdk.calls(action.fields["DialCallSid"]).fetch)
    assert (child.parent_call_sid, child.direction) == (sid, "outbound-dial")
    children = await on_stage.rest(on_stage.sdk.calls.list, parent_call_sid=sid)
    assert [one.sid for one in children] == [child.sid]


async def test_the_first_of_several_humans_wins(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    carrier.phones[HUMAN] = human("first", ring_seconds=0.5, talk_seconds=0.5)
    carrier.phones[SECOND_HUMAN] = NO_ANSWER
    sid = await redirected(on_stage, dial(app, HUMAN, SECOND_HUMAN))
    await carrier.ledger.until(What.HUNG_UP, sid, leg=sid)
    assert carrier.ledger.all(What.HUNG_UP, sid, status="canceled")
    assert carrier.ledger.live_legs() == ()
    assert app.at("/dialled")[0].fields["DialCallStatus"] == "completed"


async def test_sequential_targets_ring_one_after_the_other(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    carrier.phones[HUMAN] = BUSY
    carrier.phones[SECOND_HUMAN] = human("second", ring_seconds=0.2, talk_seconds=0.3)
    sid = await redirected(on_stage, dial(app, HUMAN, SECOND_HUMAN, sequential=True))
    await carrier.ledger.until(What.HUNG_UP, sid, leg=sid)
    ends = [entry.facts["status"] for entry in carrier.ledger.all(What.HUNG_UP, sid)]
    assert ends == ["busy", "completed", "completed"]


async def test_a_whisper_runs_before_the_bridge(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents |= {
        "/whisper": f'<Response><Gather numDigits="1" timeout="3" action="{app.url}/key">'
        "<Say>a customer</Say></Gather><Hangup/></Response>",
        "/key": "<Response/>",
    }
    carrier.phones[HUMAN] = [
        Phone(ring_seconds=0.2),
        Phone(ring_seconds=0.2, script=(Wait(2), Press("1"), Wait(1)), hangs_up=True),
    ]
    first = await redirected(on_stage, dial(app, HUMAN, whisper="/whisper"))
    await carrier.ledger.until(What.HUNG_UP, first, leg=first)
    # It was answered, so it is completed; only DialBridged tells that nobody has talked.
    (action,) = app.at("/dialled")
    assert action.fields["DialCallStatus"] == "completed"
    assert action.fields["DialBridged"] == "false"
    assert not carrier.ledger.all(What.BRIDGED, first)
    second = await redirected(on_stage, dial(app, HUMAN, whisper="/whisper"))
    await carrier.ledger.until(What.HUNG_UP, second, leg=second)
    assert carrier.ledger.all(What.BRIDGED, second)
    assert app.at("/key")[0].fields["Digits"] == "1"
    assert app.at("/whisper")[0].fields["ParentCallSid"] == first
    assert app.at("/dialled")[1].fields["DialBridged"] == "true"


async def test_a_caller_who_leaves_takes_the_ringing_leg_along(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    carrier.phones[THEIRS] = Phone(ring_seconds=0, hang_up_after=2)
    carrier.phones[HUMAN] = NO_ANSWER
    app.documents["/answer"] = dial(app, HUMAN)
    sid = await on_stage.call()
    await carrier.ledger.until(What.WEBHOOK, sid, kind="document dial action")
    (action,) = app.at("/dialled")
    assert action.fields["DialCallStatus"] == "canceled"
    assert action.fields["CallStatus"] == "completed"
    await carrier.ledger.until(What.HUNG_UP, sid, status="canceled")
    assert carrier.ledger.live_legs() == ()


async def test_a_ringing_leg_is_ended_with_completed_alone(on_stage: Stage) -> None:
    """The caller's own leg is in progress while a target rings: `canceled` does nothing to it."""
    app, carrier = on_stage.app, on_stage.twilio
    carrier.phones[HUMAN] = Phone(ring_seconds=30)
    app.documents["/answer"] = dial(app, HUMAN).replace('timeout="5"', 'timeout="60"')
    sid = await on_stage.call()
    ringing = await carrier.ledger.until(What.RINGING, sid, within=20)
    while ringing.facts["leg"] == sid:
        ringing = (await _later(carrier, sid))[-1]
    await on_stage.update(sid, status="canceled")
    assert not carrier.ledger.all(What.HUNG_UP, sid)
    await on_stage.update(sid, status="completed")
    await carrier.ledger.until(What.HUNG_UP, sid, leg=sid, status="completed")


async def _later(carrier: Any, sid: str) -> Any:
    await asyncio.sleep(0.05)
    return carrier.ledger.all(What.RINGING, sid)


async def test_verbs_behind_a_dial_without_action_run(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    carrier.phones[HUMAN] = BUSY
    app.documents |= {
        "/answer": f'<Response><Dial callerId="{OURS}">{HUMAN}</Dial>'
        f"<Redirect>{app.url}/after</Redirect></Response>",
        "/after": HANG_UP,
    }
    sid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, sid, leg=sid)
    assert app.at("/after")


async def test_verbs_behind_a_dial_with_action_are_unreachable(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    carrier.phones[HUMAN] = BUSY
    document = dial(app, HUMAN).replace(
        "</Response>", f"<Redirect>{app.url}/after</Redirect></Response>"
    )
    app.documents |= {"/answer": document, "/dialled": "<Response/>"}
    sid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, sid, leg=sid)
    assert app.at("/dialled")
    assert not app.at("/after")


async def test_caller_ids_are_ours_or_the_callers_own(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    carrier.phones[HUMAN] = human("hello", ring_seconds=0.1, talk_seconds=0.2)
    app.documents |= {
        "/twilio/answer": [
            dial(app, HUMAN, caller_id="+14155559999"),
            dial(app, HUMAN, caller_id=None),
        ],
        "/dialled": HANG_UP,
    }
    first = await carrier.call_in(THEIRS, OURS, Phone())
    await carrier.ledger.until(What.HUNG_UP, first, leg=first)
    assert carrier.ledger.dials(HUMAN) == 0
    assert app.at("/dialled")[0].fields["DialCallStatus"] == "failed"
    second = await carrier.call_in(THEIRS, OURS, Phone())
    await carrier.ledger.until(What.HUNG_UP, second, leg=second)
    (dialled,) = carrier.ledger.all(What.DIALLED, second)
    assert dialled.facts["from"] == THEIRS


async def test_answer_on_bridge_lets_the_caller_ring(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    carrier.phones[HUMAN] = [NO_ANSWER, human("hello", ring_seconds=0.5, talk_seconds=0.3)]
    app.documents |= {
        "/twilio/answer": dial(app, HUMAN, answer_on_bridge=True),
        "/dialled": '<Response><Reject reason="busy"/></Response>',
    }
    first = await carrier.call_in(THEIRS, OURS, Phone())
    ended = await carrier.ledger.until(What.HUNG_UP, first, leg=first)
    assert ended.facts["status"] == "busy"
    assert not carrier.ledger.all(What.ANSWERED, first, leg=first)
    second = await carrier.call_in(THEIRS, OURS, Phone())
    await carrier.ledger.until(What.BRIDGED, second)
    assert carrier.ledger.all(What.ANSWERED, second, leg=second)


async def test_a_sip_target_and_a_machine_on_its_leg(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    carrier.phones["sip:desk@cc.example.com"] = Phone(
        ring_seconds=0.2, is_machine=True, script=(Wait(4),), hangs_up=True
    )
    app.documents |= {
        "/answer": f'<Response><Dial callerId="{OURS}" action="{app.url}/dialled">'
        f'<Sip machineDetection="Enable" amdStatusCallback="{app.url}/amd">'
        "sip:desk@cc.example.com</Sip></Dial></Response>",
        "/dialled": HANG_UP,
    }
    sid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, sid, leg=sid)
    assert app.at("/dialled")[0].fields["DialCallStatus"] == "completed"
    assert app.at("/amd")[0].fields["AnsweredBy"] == "machine_start"


async def test_the_time_limit_ends_the_talk_and_star_too(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    carrier.phones[HUMAN] = Phone(ring_seconds=0.1)
    carrier.phones[THEIRS] = [
        Phone(ring_seconds=0.1),
        Phone(ring_seconds=0.1, script=(Wait(2), Press("*"))),
    ]
    app.documents |= {
        "/answer": [dial(app, HUMAN, time_limit=2), dial(app, HUMAN, hangup_on_star=True)],
        "/dialled": HANG_UP,
    }
    for name in ("Time limit", "The other leg is over"):
        sid = await on_stage.call()
        await carrier.ledger.until(What.HUNG_UP, sid, leg=sid, source="TwiML")
        assert carrier.ledger.all(What.HUNG_UP, sid, name=name)


async def test_a_dead_call_cannot_be_redirected_or_ended(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = HANG_UP
    sid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, sid)
    for change in ({"twiml": HANG_UP}, {"status": "completed"}):
        with pytest.raises(TwilioRestException) as refused:
            await on_stage.update(sid, **change)
        assert (refused.value.status, refused.value.code) == (400, 21220)


async def test_a_ringing_call_cannot_be_redirected_but_ended(on_stage: Stage) -> None:
    carrier = on_stage.twilio
    carrier.phones[THEIRS] = Phone(ring_seconds=30)
    for status in ("completed", "canceled"):
        sid = await on_stage.call()
        await carrier.ledger.until(What.RINGING, sid)
        with pytest.raises(TwilioRestException) as refused:
            await on_stage.update(sid, twiml=HANG_UP)
        assert refused.value.code == 21220
        await on_stage.update(sid, status=status)
        ended = await carrier.ledger.until(What.HUNG_UP, sid)
        assert ended.facts["status"] == "canceled"
        await carrier.ledger.until(What.WEBHOOK, sid, kind="status canceled")


class TestRecordedDial:
    @pytest.fixture
    def quirks(self) -> Quirks:
        return Quirks(calls_per_second=50, recording_delay=0.2)

    async def test_a_dial_records_from_its_answer(self, on_stage: Stage) -> None:
        app, carrier = on_stage.app, on_stage.twilio
        carrier.phones[HUMAN] = human("hello", ring_seconds=0.2, talk_seconds=1)
        more = {
            "record": "record-from-answer-dual",
            "recording_status_callback": f"{app.url}/recorded",
        }
        sid = await redirected(on_stage, dial(app, HUMAN, **more))
        await carrier.ledger.until(What.WEBHOOK, sid, kind="recording completed")
        (done,) = app.at("/recorded")
        assert done.fields["RecordingSource"] == "DialVerb"
        assert done.fields["RecordingChannels"] == "2"
        assert app.at("/dialled")[0].fields["RecordingUrl"] == done.fields["RecordingUrl"]

"""Transfer, Dial and Conference: whose document runs when, and who hears whom."""

from __future__ import annotations

from typing import Any

import plivo
import pytest

from linecard.simulator.ledger import What
from linecard.simulator.phone import BUSY, NO_ANSWER, REJECTS, Phone, human
from linecard.simulator.script import Press, Speak, Wait
from linecard.simulator.sound import RATE
from linecard_plivo.simulator import Quirks

from .conftest import HUMAN, OURS, THEIRS, Stage

SECOND_HUMAN = "+14155550189"
TAIL = '<Redirect method="POST">{url}/next</Redirect>'


def dial(app: Any, *targets: str, attributes: str = "") -> str:
    numbers = "".join(f"<Number>{target[1:]}</Number>" for target in targets)
    return (
        f'<Response><Dial callerId="{OURS[1:]}" action="{app.url}/dialled" '
        f'callbackUrl="{app.url}/leg" timeout="5" {attributes}>{numbers}</Dial></Response>'
    )


async def transferred(set_up: Stage, document: str, after: str, **more: Any) -> str:
    """A call whose stream is transferred and closed by the application; its uuid."""
    app, carrier = set_up.app, set_up.plivo

    async def part(talk: Any) -> None:
        start = await talk.until("start")
        reply = await set_up.rest(
            set_up.sdk.calls.transfer,
            start["start"]["callId"],
            legs="aleg",
            aleg_url=f"{app.url}/transfer",
        )
        assert reply.message == "call transferred"
        await carrier.switch.clock.sleep(0.4)
        assert not app.at("/transfer")
        await talk.socket.close()

    app.parts = [part]
    app.documents |= {
        "/answer": app.stream(tail=TAIL.format(url=app.url)),
        "/transfer": document,
        "/dialled": after,
        "/next": "<Response><Hangup/></Response>",
    }
    return await set_up.call(**more)


async def test_a_busy_human_gives_the_caller_back(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    carrier.phones[HUMAN] = BUSY
    uuid = await transferred(on_stage, dial(app, HUMAN), "<Response><Hangup/></Response>")
    await carrier.ledger.until(What.HUNG_UP, uuid, leg=uuid)
    (action,) = app.at("/dialled")
    assert action.fields["DialStatus"] == "busy"
    assert action.fields["DialHangupCause"] == "USER_BUSY"
    assert action.fields["DialBLegUUID"] == ""
    assert "HangupCauseCode" not in action.fields
    assert not app.at("/next")
    assert carrier.ledger.dials(HUMAN) == 1
    await carrier.ledger.until(What.WEBHOOK, uuid, kind="dial hangup")
    (leg,) = app.at("/leg")
    assert leg.fields["DialBLegHangupCauseCode"] == "3010"
    held = carrier.ledger.all(What.TRANSFER, uuid)[0]
    assert held.facts["held"] is True


@pytest.mark.parametrize(
    ("phone", "status"), [(REJECTS, "failed"), (NO_ANSWER, "timeout")], ids=["rejects", "silent"]
)
async def test_other_failures_to_reach_a_human(on_stage: Stage, phone: Phone, status: str) -> None:
    carrier = on_stage.plivo
    carrier.phones[HUMAN] = phone
    uuid = await transferred(on_stage, dial(on_stage.app, HUMAN), "<Response><Hangup/></Response>")
    await carrier.ledger.until(What.HUNG_UP, uuid, leg=uuid)
    (action,) = on_stage.app.at("/dialled")
    assert action.fields["DialStatus"] == status
    assert action.fields["DialRingStatus"] == "true"


async def test_caller_and_human_hear_each_other(on_stage: Stage, spoken: bytes) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    carrier.phones[HUMAN] = Phone(
        ring_seconds=0.5, script=(Wait(1), Speak(spoken), Wait(1)), hangs_up=True
    )
    carrier.phones[THEIRS] = Phone(ring_seconds=0)
    uuid = await transferred(on_stage, dial(app, HUMAN), "<Response><Hangup/></Response>")
    await carrier.ledger.until(What.HUNG_UP, uuid, leg=uuid)
    (action,) = app.at("/dialled")
    assert action.fields["DialStatus"] == "completed"
    (caller,) = carrier.phones.handsets(THEIRS)
    assert spoken in bytes(caller.heard)
    await carrier.ledger.until(What.WEBHOOK, uuid, kind="hangup")
    assert [one.fields["DialAction"] for one in app.at("/leg")] == ["answer", "connected", "hangup"]
    assert len(carrier.ledger.all(What.MONEY, uuid)) == 2
    assert carrier.ledger.live_legs() == ()


async def test_the_first_of_several_humans_wins(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    carrier.phones[HUMAN] = human("first", ring_seconds=0.5, talk_seconds=0.5)
    carrier.phones[SECOND_HUMAN] = NO_ANSWER
    uuid = await transferred(
        on_stage, dial(app, HUMAN, SECOND_HUMAN), "<Response><Hangup/></Response>"
    )
    await carrier.ledger.until(What.HUNG_UP, uuid, leg=uuid)
    codes = {entry.facts["code"] for entry in carrier.ledger.all(What.HUNG_UP, uuid)}
    assert 9000 in codes
    assert carrier.ledger.live_legs() == ()


async def test_a_human_must_press_the_key(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    app.documents["/whisper"] = "<Response><Speak>a customer</Speak></Response>"
    carrier.phones[HUMAN] = [
        Phone(ring_seconds=0.5),
        Phone(ring_seconds=0.5, script=(Wait(3), Press("1"), Wait(1)), hangs_up=True),
    ]
    ask = f'confirmSound="{app.url}/whisper" confirmKey="1" confirmTimeout="3"'
    first = await transferred(
        on_stage, dial(app, HUMAN, attributes=ask), "<Response><Hangup/></Response>"
    )
    await carrier.ledger.until(What.HUNG_UP, first, code=9110)
    await carrier.ledger.until(What.HUNG_UP, first, leg=first)
    assert not carrier.ledger.all(What.BRIDGED, first)
    app.documents["/answer"] = dial(app, HUMAN, attributes=ask)
    second = await on_stage.call()
    await carrier.ledger.until(What.BRIDGED, second)
    await carrier.ledger.until(What.HUNG_UP, second, leg=second)
    (_, handset) = carrier.phones.handsets(HUMAN)
    assert any(handset.heard)
    statuses = [one.fields["DialStatus"] for one in app.at("/dialled")]
    assert statuses == ["no-answer", "completed"]


async def test_a_caller_who_leaves_takes_the_human_leg_along(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    carrier.phones[THEIRS] = Phone(ring_seconds=0, hang_up_after=2)
    carrier.phones[HUMAN] = NO_ANSWER
    app.documents["/answer"] = dial(app, HUMAN)
    uuid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, uuid, leg=uuid)
    assert carrier.ledger.live_legs() == ()
    await carrier.ledger.until(What.WEBHOOK, uuid, kind="dial action")
    (action,) = app.at("/dialled")
    assert action.fields["DialStatus"] == "cancel"


async def test_an_empty_reply_to_the_action_is_8012(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    carrier.phones[HUMAN] = BUSY
    app.documents = {"/answer": dial(app, HUMAN), "/dialled": b""}
    uuid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, uuid, leg=uuid, code=8012)


async def test_without_redirect_the_document_goes_on(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    carrier.phones[HUMAN] = BUSY
    app.documents["/answer"] = dial(app, HUMAN, attributes='redirect="false"').replace(
        "</Response>", '<Hangup schedule="1"/><Wait length="9"/></Response>'
    )
    uuid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, uuid, leg=uuid, code=6000)
    assert app.at("/dialled")


async def test_a_foreign_caller_id_in_a_dial_is_3030(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    document = dial(app, HUMAN).replace(f'callerId="{OURS[1:]}"', "")
    app.documents["/plivo/answer"] = document
    uuid = await carrier.call_in(THEIRS, OURS, Phone())
    await carrier.ledger.until(What.HUNG_UP, uuid, code=3030)


async def test_a_call_without_stream_is_transferred_at_once(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    app.documents |= {
        "/answer": '<Response><Wait length="60"/></Response>',
        "/transfer": "<Response><Hangup/></Response>",
    }
    uuid = await on_stage.call()
    await carrier.ledger.until(What.ANSWERED, uuid)
    await on_stage.rest(
        on_stage.sdk.calls.transfer, uuid, legs="aleg", aleg_url=f"{app.url}/transfer"
    )
    ended = await carrier.ledger.until(What.HUNG_UP, uuid)
    assert ended.facts["code"] == 4000
    assert app.at("/transfer")[0].is_signed


@pytest.mark.parametrize(("document", "code"), [(500, 7013), ("<Nope/>", 8013)])
async def test_a_transfer_document_that_fails(on_stage: Stage, document: Any, code: int) -> None:
    uuid = await transferred(on_stage, document, "")
    await on_stage.plivo.ledger.until(What.HUNG_UP, uuid, code=code)


async def test_a_dead_call_cannot_be_transferred(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    app.documents["/answer"] = "<Response/>"
    uuid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, uuid)
    with pytest.raises(plivo.exceptions.ResourceNotFoundError):
        await on_stage.rest(
            on_stage.sdk.calls.transfer, uuid, legs="aleg", aleg_url=f"{app.url}/transfer"
        )


async def test_two_calls_meet_in_a_conference(on_stage: Stage, spoken: bytes) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    app.documents["/answer"] = (
        f'<Response><Conference endConferenceOnExit="true" callbackUrl="{app.url}/room">'
        "r1</Conference></Response>"
    )
    carrier.phones[THEIRS] = Phone(ring_seconds=0)
    carrier.phones[HUMAN] = Phone(
        ring_seconds=1, script=(Wait(1), Speak(spoken[:RATE]), Wait(0.5)), hangs_up=True
    )
    first = await on_stage.call()
    second = await on_stage.call(HUMAN)
    await carrier.ledger.until(What.HUNG_UP, second)
    await carrier.ledger.until(What.HUNG_UP, first)
    (caller,) = carrier.phones.handsets(THEIRS)
    assert spoken[:RATE] in bytes(caller.heard)
    assert len(carrier.ledger.all(What.JOINED)) == len(carrier.ledger.all(What.LEFT)) == 2
    assert carrier.switch.conferences == {}


class TestWithoutTail:
    @pytest.fixture
    def quirks(self) -> Quirks:
        return Quirks(tail_runs=False)

    async def test_the_end_of_a_stream_ends_the_call(self, on_stage_with: Stage) -> None:
        app, carrier = on_stage_with.app, on_stage_with.plivo

        async def part(talk: Any) -> None:
            await talk.until("start")
            await talk.socket.close()

        app.parts = [part]
        app.documents["/answer"] = app.stream(tail=TAIL.format(url=app.url))
        uuid = await on_stage_with.call()
        await carrier.ledger.until(What.HUNG_UP, uuid, code=4010)
        assert not app.at("/next")

    async def test_a_transfer_still_runs(self, on_stage_with: Stage) -> None:
        uuid = await transferred(on_stage_with, "<Response><Hangup/></Response>", "")
        await on_stage_with.plivo.ledger.until(What.HUNG_UP, uuid, code=4000)
        assert on_stage_with.app.at("/transfer")


async def test_the_tail_runs_when_the_application_closes(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo

    async def part(talk: Any) -> None:
        await talk.until("start")
        await talk.socket.close()

    app.parts = [part]
    app.documents |= {
        "/answer": app.stream(tail=TAIL.format(url=app.url)),
        "/next": "<Response><Hangup/></Response>",
    }
    uuid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, uuid, code=4000)
    (tail,) = app.at("/next")
    assert tail.fields["Event"] == "Redirect"
    assert tail.is_signed

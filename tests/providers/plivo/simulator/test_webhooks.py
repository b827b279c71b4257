"""Webhooks: their fields, and what the faults do to them."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from linecard.simulator.ledger import What
from linecard.simulator.phone import voicemail

from .conftest import THEIRS, Stage

SHORT = '<Response><Wait length="1"/></Response>'


async def ended(set_up: Stage, **more: Any) -> str:
    """A short call that is over, with its hang-up reported."""
    set_up.app.documents["/answer"] = SHORT
    uuid = await set_up.call(**more)
    await set_up.plivo.ledger.until(What.HUNG_UP, uuid)
    return uuid


async def test_two_time_zones_in_one_hangup(on_stage: Stage) -> None:
    uuid = await ended(on_stage)
    await on_stage.plivo.ledger.until(What.WEBHOOK, uuid, kind="hangup")
    fields = on_stage.app.of("Hangup")[0].fields
    session = datetime.fromisoformat(fields["SessionStart"]).replace(tzinfo=ZoneInfo("UTC"))
    india = ZoneInfo("Asia/Kolkata")
    start = datetime.fromisoformat(fields["StartTime"]).replace(tzinfo=india)
    assert abs((start - session).total_seconds()) < 2
    assert fields["CountryCode"] == "IN"
    assert fields["HangupSource"] == "Answer XML"
    assert "+" not in fields["From"] + fields["To"]


async def test_a_dropped_callback_never_comes(on_stage: Stage) -> None:
    on_stage.plivo.faults.callback_drop = 1
    await ended(on_stage)
    await on_stage.plivo.ledger.until(What.FAULT, name="callback_drop")
    assert not on_stage.app.of("Hangup")


async def test_a_callback_twice(on_stage: Stage) -> None:
    on_stage.plivo.faults.callback_twice = 1
    uuid = await ended(on_stage)
    while len(on_stage.plivo.ledger.all(What.WEBHOOK, uuid, kind="hangup")) < 2:
        await asyncio.sleep(0.01)
    first, second = on_stage.app.of("Hangup")
    assert first.fields == second.fields


async def test_a_replay_is_the_same_request_to_the_byte(on_stage: Stage) -> None:
    on_stage.plivo.faults.replay = 1
    uuid = await ended(on_stage)
    while len(on_stage.app.at("/answer")) < 2 or not on_stage.app.of("Hangup"):
        await asyncio.sleep(0.01)
    first, second = on_stage.app.at("/answer")[:2]
    nonce = "x-plivo-signature-v3-nonce"
    assert first.headers[nonce] == second.headers[nonce]
    assert first.fields == second.fields
    assert first.fields["CallUUID"] == uuid


async def test_a_bad_signature_is_bad(on_stage: Stage) -> None:
    on_stage.plivo.faults.bad_signature = 1
    await ended(on_stage)
    assert not on_stage.app.at("/answer")[0].is_signed


async def test_ringing_may_be_told_after_the_answer(on_stage: Stage) -> None:
    on_stage.plivo.faults.ring_after_answer = 1
    on_stage.plivo.faults.seconds = 0.5
    uuid = await ended(on_stage, ring_url=f"{on_stage.app.url}/ring")
    await on_stage.plivo.ledger.until(What.WEBHOOK, uuid, kind="ring")
    paths = [one.path for one in on_stage.app.received]
    assert paths.index("/answer") < paths.index("/ring")


async def test_shuffled_callbacks_all_arrive(on_stage: Stage) -> None:
    on_stage.plivo.faults.callback_shuffle = 0.5
    uuid = await ended(on_stage, ring_url=f"{on_stage.app.url}/ring")
    await on_stage.plivo.ledger.until(What.WEBHOOK, uuid, kind="ring")
    await on_stage.plivo.ledger.until(What.WEBHOOK, uuid, kind="hangup")


async def test_an_address_that_is_not_loopback_is_never_called(on_stage: Stage) -> None:
    uuid = await on_stage.call(answer_url="http://192.0.2.1/answer")
    over = await on_stage.plivo.ledger.until(What.HUNG_UP, uuid)
    assert over.facts["code"] == 7011
    sent = on_stage.plivo.ledger.all(What.WEBHOOK, uuid)[0]
    assert "loopback" in str(sent.facts["detail"])


async def test_a_machine_may_end_the_call(on_stage: Stage) -> None:
    carrier = on_stage.plivo
    carrier.phones[THEIRS] = voicemail("hello", ring_seconds=0.5)
    uuid = await on_stage.call(machine_detection="hangup")
    over = await carrier.ledger.until(What.HUNG_UP, uuid)
    assert over.facts["code"] == 9100
    assert not on_stage.app.at("/answer")


async def test_synchronous_detection_is_told_with_the_answer(on_stage: Stage) -> None:
    await ended(on_stage, machine_detection="true")
    assert on_stage.app.at("/answer")[0].fields["Machine"] == "false"

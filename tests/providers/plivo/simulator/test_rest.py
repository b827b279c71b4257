"""The REST API, asked by the real SDK."""

from __future__ import annotations

import asyncio

import plivo
import pytest
import requests

from linecard.clock import Clock
from linecard.errors import ConfigurationError
from linecard.simulator.ledger import What
from linecard.simulator.phone import BUSY, NO_ANSWER, REJECTS, Outcome, Phone
from linecard_plivo.simulator import SimulatedPlivo

from .conftest import HUMAN, OURS, THEIRS, Stage

MISSING = plivo.exceptions.ResourceNotFoundError
INVALID = plivo.exceptions.ValidationError
LONG = '<Response><Wait length="60"/></Response>'


async def test_calls_above_the_pace_are_queued_and_start_later(on_stage: Stage) -> None:
    carrier = on_stage.plivo
    on_stage.app.documents["/answer"] = LONG
    numbers = [f"+9198000000{place:02}" for place in range(5)]
    replies = [await on_stage.create(number) for number in numbers]
    assert [reply.message for reply in replies[:2]] == ["call fired"] * 2
    assert "call queued" in [reply.message for reply in replies]
    for number in numbers:
        await carrier.ledger.until(What.DIALLED, to=number)
    asked = carrier.ledger.all(What.QUEUED)[0].at
    dialled = [entry.at - asked for entry in carrier.ledger.all(What.DIALLED)]
    assert dialled[2] > 0.9
    assert dialled[4] > 1.9


async def test_several_destinations_give_a_list(on_stage: Stage) -> None:
    reply = await on_stage.create(f"{THEIRS}<{HUMAN}")
    assert len(reply.request_uuid) == 2
    assert reply.message.startswith("calls ")


@pytest.mark.parametrize(
    ("phone", "code", "status"),
    [
        (BUSY, 3010, "busy"),
        (REJECTS, 3020, "failed"),
        (NO_ANSWER, 6010, "timeout"),
        (Phone(outcome=Outcome.FAIL, code="3130"), 3130, "failed"),
    ],
)
async def test_phones_that_do_not_answer(
    on_stage: Stage, phone: Phone, code: int, status: str
) -> None:
    carrier = on_stage.plivo
    carrier.phones[THEIRS] = phone
    uuid = await on_stage.call(ring_timeout=3)
    await carrier.ledger.until(What.WEBHOOK, uuid, kind="hangup")
    (hangup,) = on_stage.app.received
    assert hangup.fields["HangupCauseCode"] == str(code)
    assert hangup.fields["CallStatus"] == status
    assert hangup.fields["Duration"] == "0"
    assert hangup.fields["AnswerTime"] == ""
    assert hangup.fields["TotalCost"] == "0.00000"


async def test_bad_parameters_are_400_and_dial_nobody(on_stage: Stage) -> None:
    for more in (
        {"answer_url": "ftp://h/x"},
        {"ring_timeout": 100_000},
        {"machine_detection": "?"},
    ):
        with pytest.raises(INVALID):
            await on_stage.create(**more)
    with pytest.raises(INVALID):
        await on_stage.create("not a number")
    assert on_stage.plivo.ledger.calls() == ()


async def test_hang_up_of_a_live_call_and_then_404(on_stage: Stage) -> None:
    carrier, calls = on_stage.plivo, on_stage.sdk.calls
    on_stage.app.documents["/answer"] = LONG
    uuid = await on_stage.call()
    await carrier.ledger.until(What.ANSWERED, uuid)
    await on_stage.rest(calls.delete, uuid)
    ended = await carrier.ledger.until(What.HUNG_UP, uuid)
    assert (ended.facts["code"], ended.facts["source"]) == (4000, "API Request")
    with pytest.raises(MISSING):
        await on_stage.rest(calls.delete, uuid)


async def test_hang_up_while_it_rings_is_404_or_as_switched(on_stage: Stage) -> None:
    carrier, calls = on_stage.plivo, on_stage.sdk.calls
    carrier.phones[THEIRS] = NO_ANSWER
    uuid = await on_stage.call()
    await carrier.ledger.until(What.RINGING, uuid)
    with pytest.raises(MISSING):
        await on_stage.rest(calls.delete, uuid)
    assert carrier.ledger.live_legs() == (uuid,)
    carrier.quirks.delete_while_ringing = 204
    await on_stage.rest(calls.delete, uuid)
    await carrier.ledger.until(What.HUNG_UP, uuid, status="cancel")


async def test_cancelling_a_ringing_and_a_queued_request(on_stage: Stage) -> None:
    carrier, app = on_stage.plivo, on_stage.app
    carrier.phones.default = NO_ANSWER
    ringing = await on_stage.call()
    await carrier.ledger.until(What.RINGING, ringing)
    await on_stage.rest(on_stage.sdk.calls.cancel, ringing)
    await carrier.ledger.until(What.WEBHOOK, ringing, kind="hangup")
    assert app.of("Hangup")[0].fields["CallStatus"] == "cancel"
    carrier.faults.queue_delay, carrier.faults.seconds = 1, 100
    queued = await on_stage.call(HUMAN)
    await on_stage.rest(on_stage.sdk.calls.cancel, queued)
    await carrier.ledger.until(What.HUNG_UP, queued)
    assert carrier.ledger.dials(HUMAN) == 0
    with pytest.raises(MISSING):
        await on_stage.rest(on_stage.sdk.calls.cancel, queued)


async def test_live_queued_and_detail_look_ups(on_stage: Stage) -> None:
    carrier, sdk = on_stage.plivo, on_stage.sdk
    on_stage.app.documents["/answer"] = LONG
    uuid = await on_stage.call()
    assert (await on_stage.rest(sdk.live_calls.list_ids)).calls == [uuid]
    await carrier.ledger.until(What.ANSWERED, uuid)
    live = await on_stage.rest(sdk.live_calls.get, uuid)
    assert (live.call_status, live.to, live.request_uuid) == ("in-progress", THEIRS[1:], uuid)
    with pytest.raises(MISSING):
        await on_stage.rest(sdk.queued_calls.get, uuid)
    carrier.quirks.cdr_delay = 1000
    await on_stage.rest(sdk.calls.delete, uuid)
    await carrier.ledger.until(What.HUNG_UP, uuid)
    with pytest.raises(MISSING):
        await on_stage.rest(sdk.live_calls.get, uuid)
    with pytest.raises(MISSING):
        await on_stage.rest(sdk.calls.get, uuid)
    carrier.quirks.cdr_delay = 0
    detail = await on_stage.rest(sdk.calls.get, uuid)
    assert detail.hangup_cause_code == 4000
    assert detail.billed_duration >= detail.bill_duration
    assert detail.billed_duration % 60 == 0
    assert detail.answer_time.endswith("+05:30")
    listed = await on_stage.rest(sdk.calls.list, to_number=THEIRS[1:], from_number=OURS[1:])
    assert [one["call_uuid"] for one in listed.objects] == [uuid]
    other = await on_stage.rest(sdk.calls.list, to_number=HUMAN[1:])
    assert other.objects == []


async def test_only_the_own_credentials_open_it(on_stage: Stage) -> None:
    url, own = on_stage.plivo.url, on_stage.plivo.switch.credentials
    address = f"{url}/v1/Account/{own.auth_id}/Call/?status=live"
    real = ("MAREALREALREALREAL01", "real-token")
    refused = await on_stage.rest(requests.get, address, auth=real, timeout=5)
    assert refused.status_code == 401
    assert "simulated" in refused.json()["error"]
    assert "real-token" not in str(on_stage.plivo.ledger.entries)
    other = await on_stage.rest(
        requests.get,
        f"{url}/v1/Account/{real[0]}/Call/",
        auth=(own.auth_id, own.auth_token),
        timeout=5,
    )
    assert other.status_code == 401


async def test_an_address_without_its_last_slash_is_not_there(on_stage: Stage) -> None:
    own = on_stage.plivo.switch.credentials
    address = f"{on_stage.plivo.url}/v1/Account/{own.auth_id}/Call"
    found = await on_stage.rest(
        requests.get, address, auth=(own.auth_id, own.auth_token), timeout=5
    )
    assert found.status_code == 404
    assert "error" in found.json()


async def test_300_requests_in_5_seconds_are_the_most(on_stage: Stage) -> None:
    window = on_stage.plivo.switch.window
    while window.allows():
        pass
    with pytest.raises(plivo.exceptions.PlivoRestError, match="429"):
        await on_stage.rest(on_stage.sdk.live_calls.list_ids)


async def test_numbers_and_applications(on_stage: Stage) -> None:
    carrier, sdk, app = on_stage.plivo, on_stage.sdk, on_stage.app
    carrier.switch.directory.rent(OURS)
    before = await on_stage.rest(sdk.numbers.get, OURS[1:])
    created = await on_stage.rest(
        sdk.applications.create,
        app_name="linecard-example",
        answer_url=f"{app.url}/elsewhere",
        hangup_url=f"{app.url}/over",
    )
    await on_stage.rest(sdk.numbers.update, OURS[1:], app_id=created.app_id)
    number = await on_stage.rest(sdk.numbers.get, OURS[1:])
    assert number.application.endswith(f"/Application/{created.app_id}/")
    assert before.application != number.application
    await on_stage.rest(sdk.applications.update, created.app_id, answer_url=f"{app.url}/elsewhere2")
    held = await on_stage.rest(sdk.applications.get, created.app_id)
    assert held.hangup_url == f"{app.url}/over"
    app.documents["/elsewhere2"] = "<Response/>"
    uuid = await carrier.call_in(THEIRS, OURS, Phone())
    await carrier.ledger.until(What.WEBHOOK, uuid, kind="hangup")
    assert [one.path for one in app.received] == ["/elsewhere2", "/over"]
    listed = await on_stage.rest(sdk.applications.list)
    assert {one.app_name for one in listed.objects} == {"default", "linecard-example"}
    with pytest.raises(INVALID):
        await on_stage.rest(sdk.applications.create, app_name="linecard-example")
    taken_as_ours = await on_stage.rest(sdk.numbers.get, HUMAN[1:])
    assert taken_as_ours.number == HUMAN[1:]
    carrier.switch.directory.is_open = False
    with pytest.raises(MISSING):
        await on_stage.rest(sdk.numbers.get, "14155550199")


async def test_prices(on_stage: Stage) -> None:
    prices = await on_stage.rest(on_stage.sdk.pricing.get, "IN")
    assert prices.country_iso == "IN"
    assert prices.voice["outbound"]["rates"][0]["prefix"] == ["91"]
    with pytest.raises(MISSING):
        await on_stage.rest(on_stage.sdk.pricing.get, "ZZ")


async def test_keys_by_rest(on_stage: Stage) -> None:
    carrier = on_stage.plivo
    on_stage.app.documents["/answer"] = LONG
    uuid = await on_stage.call(send_digits="1w2")
    await carrier.ledger.until(What.DIGITS_SENT, uuid)
    reply = await on_stage.rest(on_stage.sdk.calls.send_digits, uuid, "34", "aleg")
    assert reply.message == "digits sent"
    (handset,) = carrier.phones.handsets(THEIRS)
    assert "".join(digit for _, digit in handset.digits_heard) == "1234"


async def test_a_foreign_caller_id_is_refused(on_stage: Stage) -> None:
    carrier = on_stage.plivo
    carrier.switch.directory.is_open = False
    uuid = await on_stage.call()
    ended = await carrier.ledger.until(What.HUNG_UP, uuid)
    assert ended.facts["code"] == 3030


async def test_concurrency_above_the_cap_is_403(on_stage: Stage) -> None:
    on_stage.plivo.quirks.concurrency = 1
    await on_stage.call()
    with pytest.raises(plivo.exceptions.GeoPermissionError):
        await on_stage.create(HUMAN)


async def test_placed_and_then_the_connection_is_cut(on_stage: Stage) -> None:
    carrier = on_stage.plivo
    carrier.faults.drop_answer, carrier.faults.rest = 1, "^POST .*/Call/$"
    with pytest.raises(requests.ConnectionError):
        await on_stage.create()
    assert len(carrier.ledger.calls()) == 1
    assert (await on_stage.rest(on_stage.sdk.live_calls.list_ids)).calls


async def test_an_error_after_placing_makes_the_sdk_dial_three_times(on_stage: Stage) -> None:
    carrier = on_stage.plivo
    carrier.faults.error_after, carrier.faults.rest = 1, "^POST .*/Call/$"
    with pytest.raises(plivo.exceptions.PlivoServerError):
        await on_stage.create()
    await asyncio.sleep(0.2)
    assert len(carrier.ledger.calls()) == 3


async def test_an_error_before_placing_dials_nobody(on_stage: Stage) -> None:
    carrier = on_stage.plivo
    carrier.faults.error_before = 1
    with pytest.raises(plivo.exceptions.PlivoServerError):
        await on_stage.create()
    assert carrier.ledger.calls() == ()


async def test_a_malformed_answer_has_no_id(on_stage: Stage) -> None:
    on_stage.plivo.faults.malformed_answer = 1
    assert await on_stage.create() is None
    assert len(on_stage.plivo.ledger.calls()) == 1


def test_it_does_not_start_for_a_public_application() -> None:
    with pytest.raises(ConfigurationError, match="LINECARD_PUBLIC_URL"):
        SimulatedPlivo("https://voice.example.com", clock=Clock())

"""The API: what it takes, what it refuses, in which words; and what is sent to it in bad faith."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard_twilio.simulator import Quirks

from .conftest import HUMAN, OURS, THEIRS, Stage, stage

HANG_UP = "<Response><Hangup/></Response>"

BAD_CREATES: dict[str, tuple[dict[str, Any], int]] = {
    "no to": ({"to": ""}, 21201),
    "bad to": ({"to": "91980000"}, 21211),
    "letters": ({"to": "+1415KLM0100"}, 21211),
    "no from": ({"from_": ""}, 21213),
    "bad from": ({"from_": "100"}, 21212),
    "no url": ({"url": None}, 21205),
    "bad url": ({"url": "gopher://x"}, 21205),
    "bad fallback": ({"fallback_url": "x"}, 21206),
    "long twiml": ({"url": None, "twiml": "<Response>" + "x" * 4000}, 20001),
    "bad status callback": ({"status_callback": "nowhere"}, 21609),
    "underscore": ({"status_callback": "http://my_host.example.com/x"}, 21609),
    "method": ({"method": "PUT"}, 20001),
    "timeout": ({"timeout": 601}, 20001),
    "digits": ({"send_digits": "1" * 33}, 20001),
    "other digits": ({"send_digits": "12x"}, 20001),
    "amd": ({"machine_detection": "Maybe"}, 20001),
    "amd threshold": (
        {"machine_detection": "Enable", "machine_detection_speech_threshold": 10},
        20001,
    ),
    "channels": ({"record": True, "recording_channels": "quad"}, 20001),
    "recording event": ({"record": True, "recording_status_callback_event": ["done"]}, 20001),
}


@pytest.mark.parametrize("name", BAD_CREATES)
async def test_bad_creates(on_stage: Stage, name: str) -> None:
    changes, code = BAD_CREATES[name]
    given = {"to": THEIRS, "from_": OURS, "url": f"{on_stage.app.url}/answer", **changes}
    with pytest.raises(TwilioRestException) as refused:
        await on_stage.rest(on_stage.sdk.calls.create, **given)
    assert (refused.value.status, refused.value.code) == (400, code)
    assert on_stage.twilio.ledger.calls() == ()


async def test_a_number_that_is_not_ours_and_one_that_is_barred() -> None:
    quirks = Quirks(barred_prefixes=("+881",))
    async with stage(numbers=(OURS,), quirks=quirks) as set_up:
        create = set_up.sdk.calls.create
        with pytest.raises(TwilioRestException) as refused:
            await set_up.rest(create, from_=HUMAN, to=THEIRS, url=set_up.app.url)
        assert refused.value.code == 21210
        with pytest.raises(TwilioRestException) as refused:
            await set_up.rest(create, from_=OURS, to="+88160000000", url=set_up.app.url)
        assert (refused.value.status, refused.value.code) == (403, 21215)


async def test_an_error_has_the_documented_body(on_stage: Stage) -> None:
    own = on_stage.sdk
    async with httpx2.AsyncClient(trust_env=False, auth=(own.username, own.password)) as client:
        path = f"/2010-04-01/Accounts/{own.account_sid}/Calls/CA00.json"
        reply = await client.get(on_stage.origin + path)
    assert reply.status_code == 404
    assert reply.json() == {
        "code": 20404,
        "message": f"The requested resource {path} was not found",
        "more_info": "https://www.twilio.com/docs/errors/20404",
        "status": 404,
    }


async def test_only_the_simulators_own_credentials_open_it(on_stage: Stage) -> None:
    stranger = Client(on_stage.sdk.account_sid, "wrong", http_client=on_stage.sdk.http_client)
    stranger.api.base_url = on_stage.origin
    with pytest.raises(TwilioRestException) as refused:
        await on_stage.rest(stranger.calls("CA00").fetch)
    assert (refused.value.status, refused.value.code) == (401, 20003)


async def test_above_the_pace_calls_wait_in_silence() -> None:
    async with stage(1.0, quirks=Quirks()) as set_up:
        set_up.app.documents["/answer"] = HANG_UP
        calls = [await set_up.create() for _ in range(3)]
        assert [call.status for call in calls] == ["queued"] * 3
        waits = [int(call.queue_time) for call in calls]
        assert waits[0] == 0
        assert waits[0] < waits[1] < waits[2]
        ledger = set_up.twilio.ledger
        dialled = [(await ledger.until(What.DIALLED, call.sid)).at for call in calls]
        assert dialled[2] - dialled[0] >= 1.9


async def test_a_queued_call_is_ended_before_it_is_dialled() -> None:
    async with stage(1.0, quirks=Quirks()) as set_up:
        set_up.twilio.phones[THEIRS] = Phone(ring_seconds=20)
        calls = [await set_up.create() for _ in range(4)]
        last = await set_up.update(calls[-1].sid, status="completed")
        assert last.sid == calls[-1].sid
        async with asyncio.timeout(10):
            while (await set_up.rest(set_up.sdk.calls(last.sid).fetch)).status != "canceled":
                await asyncio.sleep(0.05)
        assert not set_up.twilio.ledger.all(What.DIALLED, last.sid)


async def test_too_many_requests_at_once(on_stage: Stage) -> None:
    on_stage.twilio.quirks.concurrency = 0
    with pytest.raises(TwilioRestException) as refused:
        await on_stage.create()
    assert (refused.value.status, refused.value.code) == (429, 20429)


async def test_a_call_is_rated_minutes_after_its_end(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    carrier.quirks.rating_delay = 40
    app.documents["/answer"] = HANG_UP
    sid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, sid)
    fetch = on_stage.sdk.calls(sid).fetch
    ended = await on_stage.rest(fetch)
    assert (ended.status, ended.price) == ("completed", None)
    assert ended.duration.isdecimal()
    await carrier.switch.clock.sleep(41)
    rated = await on_stage.rest(fetch)
    assert (rated.price, rated.price_unit) == ("-0.04970", "USD")
    assert str(carrier.ledger.money(sid)) == "0.0497"


async def test_calls_are_listed_and_paged(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = HANG_UP
    sids = [await on_stage.call() for _ in range(3)]
    other = await on_stage.call(HUMAN)
    for sid in (*sids, other):
        await carrier.ledger.until(What.WEBHOOK, sid, kind="status completed")
    listing = on_stage.sdk.calls.list
    assert [one.sid for one in await on_stage.rest(listing, to=THEIRS)] == sids[::-1]
    every = await on_stage.rest(listing, page_size=1)
    assert [one.sid for one in every] == [other, *sids[::-1]]
    assert not await on_stage.rest(listing, status="in-progress")
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    found = await on_stage.rest(listing, from_=OURS, start_time_after=now - hour)
    assert len(found) == 4
    assert not await on_stage.rest(listing, start_time_after=now + hour)
    assert not await on_stage.rest(listing, start_time_before=now - hour)


async def test_a_lookup_may_be_stale(on_stage: Stage) -> None:
    on_stage.app.documents["/answer"] = HANG_UP
    sid = await on_stage.call()
    on_stage.twilio.faults.stale_lookup = 1
    with pytest.raises(TwilioRestException) as refused:
        await on_stage.rest(on_stage.sdk.calls(sid).fetch)
    assert refused.value.code == 20404


async def test_status_callback_and_fallback_can_be_changed(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents |= {"/answer": '<Response><Pause length="20"/></Response>', "/fallback": HANG_UP}
    sid = await on_stage.call()
    await carrier.ledger.until(What.ANSWERED, sid)
    await on_stage.update(
        sid,
        url=f"{app.url}/broken",
        fallback_url=f"{app.url}/fallback",
        status_callback=f"{app.url}/other",
    )
    await carrier.ledger.until(What.WEBHOOK, sid, kind="status completed")
    assert app.at("/fallback")
    assert app.at("/other")[0].fields["CallStatus"] == "completed"


FAULTS = {
    "too_many_requests": 429,
    "error_before": 500,
    "error_after": 500,
    "malformed_answer": None,
    "drop_answer": None,
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_the_api_goes_wrong_on_demand(on_stage: Stage, fault: str) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = HANG_UP
    setattr(carrier.faults, fault, 1)
    with pytest.raises(Exception) as raised:
        await on_stage.create()
    if FAULTS[fault] is not None:
        assert isinstance(raised.value, TwilioException)
    is_done = fault in ("error_after", "malformed_answer", "drop_answer")
    assert len(carrier.ledger.calls()) == is_done


async def test_numbers_are_found_and_pointed(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    (own,) = await on_stage.rest(on_stage.sdk.incoming_phone_numbers.list, phone_number=OURS)
    assert own.phone_number == OURS
    assert own.voice_application_sid is None
    changed = await on_stage.rest(
        on_stage.sdk.incoming_phone_numbers(own.sid).update,
        voice_url=f"{app.url}/mine",
        voice_method="GET",
        voice_fallback_url=f"{app.url}/fallback",
        status_callback=f"{app.url}/ended",
    )
    assert changed.voice_url == f"{app.url}/mine"
    app.documents |= {"/mine": 500, "/fallback": HANG_UP}
    sid = await carrier.call_in(THEIRS, OURS, Phone())
    await carrier.ledger.until(What.WEBHOOK, sid, kind="status completed")
    assert app.at("/mine")[0].method == "GET"
    assert app.at("/fallback")
    (end,) = app.at("/ended")
    assert end.fields["CallStatus"] == "completed"
    with pytest.raises(TwilioRestException) as refused:
        await on_stage.rest(on_stage.sdk.incoming_phone_numbers(own.sid).update, voice_url="x")
    assert refused.value.code == 21502


@pytest.mark.parametrize("setting", ["voice_application_sid", "trunk_sid"])
async def test_the_voice_url_is_ignored_behind_an_application_or_trunk(
    on_stage: Stage, setting: str
) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    (own,) = await on_stage.rest(on_stage.sdk.incoming_phone_numbers.list, phone_number=OURS)
    await on_stage.rest(
        on_stage.sdk.incoming_phone_numbers(own.sid).update, **{setting: "AP" + "0" * 32}
    )
    sid = await carrier.call_in(THEIRS, OURS, Phone())
    await carrier.ledger.until(What.HUNG_UP, sid, status="failed")
    assert not app.received


async def test_no_status_callback_no_report_of_an_inbound_end(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    (own,) = await on_stage.rest(on_stage.sdk.incoming_phone_numbers.list, phone_number=OURS)
    await on_stage.rest(on_stage.sdk.incoming_phone_numbers(own.sid).update, status_callback="")
    app.documents["/twilio/answer"] = HANG_UP
    sid = await carrier.call_in(THEIRS, OURS, Phone())
    await carrier.ledger.until(What.HUNG_UP, sid)
    await carrier.switch.clock.sleep(1)
    assert [one.path for one in app.received] == ["/twilio/answer"]


async def test_a_closed_account_owns_only_its_numbers() -> None:
    async with stage(numbers=(OURS,)) as set_up:
        listing = set_up.sdk.incoming_phone_numbers.list
        assert not await set_up.rest(listing, phone_number=HUMAN)
        assert len(await set_up.rest(listing)) == 1


async def test_prices(on_stage: Stage) -> None:
    voice = on_stage.sdk.pricing.v2.voice
    number = await on_stage.rest(voice.numbers("+447700900123").fetch, origination_number=OURS)
    assert number.iso_country == "GB"
    assert number.outbound_call_prices == [
        {"base_price": "0.0354", "current_price": "0.0354", "origination_prefixes": ["ALL"]}
    ]
    assert number.inbound_call_price is None
    on_stage.twilio.switch.directory.rent(OURS)
    own = await on_stage.rest(voice.numbers(OURS).fetch)
    assert own.inbound_call_price["current_price"] == "0.0085"
    country = await on_stage.rest(voice.countries("US").fetch)
    prefixes = [price["destination_prefixes"] for price in country.outbound_prefix_prices]
    assert prefixes == [["1"], ["1907"]]
    with pytest.raises(TwilioRestException) as refused:
        await on_stage.rest(voice.countries("XX").fetch)
    assert refused.value.code == 20404


HOSTILE: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "json body": ("POST", "/Calls.json", {"json": {"To": THEIRS}}, 400),
    "not utf-8": (
        "POST",
        "/Calls.json",
        {
            "content": b"To=%ff%fe",
            "headers": {"content-type": "application/x-www-form-urlencoded"},
        },
        400,
    ),
    "without .json": ("GET", "/Calls", {}, 404),
    "wrong method": ("DELETE", "/Calls.json", {}, 405),
    "page size": ("GET", "/Calls.json?PageSize=x", {}, 400),
    "page": ("GET", "/Calls.json?Page=-1", {}, 400),
    "far page": ("GET", "/Calls.json?Page=99999999999", {}, 200),
    "date": ("GET", "/Calls.json?StartTime=yesterday", {}, 400),
    "no such recording": ("GET", "/Recordings/RE00.wav", {}, 404),
    "path": ("GET", "/Recordings/..%2f..%2fetc%2fpasswd", {}, 404),
    "no conference": ("POST", "/Conferences/CF00.json", {"data": {"Status": "completed"}}, 404),
    "participant flag": (
        "POST",
        "/Conferences/room/Participants.json",
        {"data": {"From": OURS, "To": THEIRS, "Muted": "yes"}},
        400,
    ),
    "participant timeout": (
        "POST",
        "/Conferences/room/Participants.json",
        {"data": {"From": OURS, "To": THEIRS, "Timeout": "4"}},
        400,
    ),
    "update nothing": ("POST", "/Calls/CA00.json", {"data": {"Status": "completed"}}, 404),
    "number": ("POST", "/IncomingPhoneNumbers/PN00.json", {"data": {"VoiceUrl": ""}}, 404),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_requests_get_an_error_in_twilios_form(on_stage: Stage, name: str) -> None:
    method, path, more, status = HOSTILE[name]
    own = on_stage.sdk
    base = f"{on_stage.origin}/2010-04-01/Accounts/{own.account_sid}"
    async with httpx2.AsyncClient(trust_env=False, auth=(own.username, own.password)) as client:
        reply = await client.request(method, base + path, **more)
    assert reply.status_code == status
    if status >= 400:
        assert reply.json().keys() == {"code", "message", "more_info", "status"}
    assert on_stage.twilio.ledger.calls() == ()


async def test_both_url_and_twiml_are_refused_in_an_update(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = '<Response><Pause length="20"/></Response>'
    sid = await on_stage.call()
    await carrier.ledger.until(What.ANSWERED, sid)
    for change in ({"url": app.url, "twiml": HANG_UP}, {"status": "ringing"}, {"twiml": ""}):
        with pytest.raises(TwilioRestException) as refused:
            await on_stage.update(sid, **change)
        assert refused.value.status == 400
    await on_stage.update(sid, status="completed")
    await carrier.ledger.until(What.HUNG_UP, sid)


async def test_parameters_that_twilio_does_not_know_are_noted(on_stage: Stage) -> None:
    own = on_stage.sdk
    url = f"{on_stage.origin}/2010-04-01/Accounts/{own.account_sid}/Calls.json"
    on_stage.app.documents["/answer"] = HANG_UP
    body = {"To": THEIRS, "From": OURS, "Url": f"{on_stage.app.url}/answer", "RingTimeout": "9"}
    async with httpx2.AsyncClient(trust_env=False, auth=(own.username, own.password)) as client:
        reply = await client.post(url, data=body)
    assert reply.status_code == 201
    (note,) = on_stage.twilio.ledger.all(What.NOTE)
    assert "RingTimeout" in str(note.facts["text"])
    await on_stage.twilio.ledger.until(What.HUNG_UP)

"""The REST API: what it asks for, what it refuses, and what it tells of a call."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import httpx2
import pytest

from linecard.clock import Clock
from linecard.simulator.ledger import What
from linecard.simulator.phone import BUSY, REJECTS, Phone, cut_short
from linecard_exotel.simulator import SimulatedExotel

from .conftest import OURS, THEIRS, Stage, stage, stays


async def test_xml_unless_json_is_asked_for(on_stage: Stage) -> None:
    reply = await on_stage.connect("connect")
    assert reply.headers["content-type"].startswith("application/xml")
    root = ET.fromstring(reply.content)
    assert root.tag == "TwilioResponse"
    assert root.findtext("Call/Status") == "in-progress"
    assert root.findtext("Call/From") == "09441233609"
    sid = root.findtext("Call/Sid") or ""
    assert ET.fromstring((await on_stage.rest.get(f"Calls/{sid}")).content).findtext("Call/Sid")


async def test_the_captured_reply(on_stage: Stage) -> None:
    call = (await on_stage.connect()).json()["Call"]
    assert list(call) == [
        "Sid",
        "ParentCallSid",
        "DateCreated",
        "DateUpdated",
        "AccountSid",
        "To",
        "From",
        "PhoneNumberSid",
        "Status",
        "StartTime",
        "EndTime",
        "Duration",
        "Price",
        "Direction",
        "AnsweredBy",
        "ForwardedFrom",
        "CallerName",
        "Uri",
        "RecordingUrl",
    ]
    assert call["Direction"] == "outbound-api"
    assert call["EndTime"] is call["Price"] is call["Duration"] is None
    assert call["Uri"].endswith(f"/Calls.json/{call['Sid']}")


async def test_multipart_is_taken_too(on_stage: Stage) -> None:
    fields = {
        "From": THEIRS,
        "CallerId": "08047113155",
        "StreamUrl": on_stage.app.socket_url,
        "StreamType": "bidirectional",
    }
    files = {name: (None, value) for name, value in fields.items()}
    reply = await on_stage.rest.post("Calls/connect.json", files=files)
    assert reply.status_code == 200
    assert reply.json()["Call"]["PhoneNumberSid"] == "08047113155"


@pytest.mark.parametrize("written", ["09441233609", "9441233609", "919441233609", THEIRS])
async def test_numbers_in_every_form(on_stage: Stage, written: str) -> None:
    sid = await on_stage.call(From=written)
    await on_stage.exotel.ledger.until(What.HUNG_UP, sid)
    assert on_stage.exotel.ledger.dials(THEIRS) == 1


BAD: dict[str, dict[str, Any]] = {
    "no From": {"From": None},
    "no CallerId": {"CallerId": None},
    "From": {"From": "nobody"},
    "no door": {"StreamUrl": None, "StreamType": None},
    "both doors": {"Url": "FLOW"},
    "an address of ours": {"Url": "https://app.example/answer", "StreamUrl": None},
    "another account's flow": {"Url": "http://my.exotel.com/other/exoml/start_voice/1"},
    "no StreamType": {"StreamType": None},
    "StreamType": {"StreamType": "unidirectional"},
    "https stream": {"StreamUrl": "https://127.0.0.1/"},
    "long StreamUrl": {"StreamUrl": "ws://127.0.0.1/" + "x" * 585},
    "StreamName": {"StreamName": "x" * 33},
    "CustomField": {"CustomField": "x" * 129},
    "TimeLimit": {"TimeLimit": "14401"},
    "TimeLimit 0": {"TimeLimit": "0"},
    "Record": {"Record": "yes"},
    "RecordingChannels": {"RecordingChannels": "stereo"},
    "StatusCallback": {"StatusCallback": "here"},
    "event": {"StatusCallbackEvents[]": "hangup"},
    "content type": {"StatusCallbackContentType": "text/plain"},
    "To": {"To": THEIRS},
    "twice": {"From": [THEIRS, OURS]},
}


@pytest.mark.parametrize("case", BAD)
async def test_bad_fields_are_refused(on_stage: Stage, case: str) -> None:
    fields = dict(BAD[case])
    if fields.get("Url") == "FLOW":
        fields |= {
            "Url": on_stage.flow_url(),
            "StreamUrl": on_stage.app.socket_url,
            "StreamType": "bidirectional",
        }
    reply = await on_stage.connect(**fields)
    assert reply.status_code == 400
    error = reply.json()["RestException"]
    assert error["Status"] == 400
    assert error["Message"]
    assert not on_stage.exotel.ledger.all(What.DIALLED)


async def test_the_longest_that_fits(on_stage: Stage) -> None:
    url = f"{on_stage.app.socket_url}/".ljust(599, "x")
    reply = await on_stage.connect(StreamUrl=url, CustomField="x" * 128, StreamName="x" * 32)
    assert reply.status_code == 200


async def test_unknown_fields_are_noted(on_stage: Stage) -> None:
    sid = await on_stage.call(**{"StatusCallbackEvents[0]": "terminal"})
    (note,) = on_stage.exotel.ledger.all(What.NOTE, sid)
    assert "StatusCallbackEvents[0]" in str(note.facts["text"])


async def test_credentials(on_stage: Stage) -> None:
    for path, status in (
        ("Calls.json", 200),
        (f"{on_stage.exotel.url}/v1/Accounts/other/Calls.json", 401),
    ):
        assert (await on_stage.rest.get(path)).status_code == status
    wrong = await on_stage.rest.get("Calls", auth=("key", "token"))
    assert wrong.status_code == 401
    error = ET.fromstring(wrong.content).find("RestException")
    assert error is not None
    assert error.findtext("Status") == "401"


@pytest.mark.parametrize("path", ["Nothing.json", "calls.json", "Calls/x.json"])
async def test_404_in_its_form(on_stage: Stage, path: str) -> None:
    reply = await on_stage.rest.get(path)
    assert reply.status_code == 404
    assert reply.json()["RestException"]["Status"] == 404


@pytest.mark.parametrize("status", [402, 403])
async def test_an_account_that_may_not_call(on_stage: Stage, status: int) -> None:
    on_stage.exotel.quirks.refuses = status
    reply = await on_stage.connect()
    assert reply.status_code == status
    assert reply.json()["RestException"]["Status"] == status


async def test_two_hundred_requests_a_minute() -> None:
    async with stage(speed=1) as on_stage:
        for _ in range(200):
            assert (await on_stage.rest.get("ActiveStreams")).status_code == 200
        reply = await on_stage.connect()
        assert reply.status_code == 429
        assert int(reply.headers["retry-after"]) > 0
        assert reply.json()["RestException"]["Code"] == "RATE_LIMIT_EXCEEDED"


async def test_concurrency(on_stage: Stage) -> None:
    on_stage.exotel.quirks.concurrency = 1
    on_stage.app.parts = [stays]
    await on_stage.call()
    assert (await on_stage.connect()).status_code == 429


async def test_details_fill_two_minutes_after_the_end(on_stage: Stage) -> None:
    carrier = on_stage.exotel
    assert carrier.quirks.details_delay == 120
    carrier.quirks.details_delay = 2
    carrier.phones[THEIRS] = cut_short(Phone(), 6)
    on_stage.app.parts = [stays]
    sid = await on_stage.call()
    live = (await on_stage.rest.get(f"Calls/{sid}.json")).json()["Call"]
    assert live["Status"] == "in-progress"
    ended = await carrier.ledger.until(What.HUNG_UP, sid)
    seconds = round(float(str(ended.facts["seconds"])))
    early = (await on_stage.rest.get(f"Calls/{sid}.json")).json()["Call"]
    assert (early["Status"], early["Price"], early["EndTime"]) == ("completed", None, None)
    await carrier.switch.clock.sleep(3)
    late = (await on_stage.rest.get(f"Calls/{sid}.json", params={"details": "true"})).json()
    call = late["Call"]
    assert (call["Duration"], call["Price"]) == (str(seconds), "0.600")
    assert call["Details"] == {
        "ConversationDuration": seconds,
        "Leg1Status": "completed",
        "Leg2Status": None,
        "Legs": [{"Leg": {"Id": 1, "OnCallDuration": seconds}}],
    }


async def test_no_call_can_be_hung_up_or_cancelled(on_stage: Stage) -> None:
    on_stage.app.parts = [stays]
    sid = await on_stage.call()
    await on_stage.exotel.ledger.until(What.STREAM_OPENED, sid)
    for method, path in (("POST", f"Calls/{sid}"), ("DELETE", f"Calls/{sid}")):
        reply = await on_stage.rest.request(method, path, data={"Status": "completed"})
        assert reply.status_code == 405
    assert on_stage.exotel.ledger.live_legs() == (sid,)


async def test_details_of_a_call_in(on_stage: Stage) -> None:
    on_stage.set_up("answer")
    sid = await on_stage.exotel.call_in(THEIRS, OURS, Phone())
    await on_stage.exotel.ledger.until(What.HUNG_UP, sid)
    call = (await on_stage.rest.get(f"Calls/{sid}.json")).json()["Call"]
    assert call["Direction"] == "inbound"
    assert (call["From"], call["To"]) == ("09441233609", "08047113155")
    xml = await on_stage.rest.get(f"Calls/{sid}?details=true")
    assert ET.fromstring(xml.content).findtext("Call/Details/Legs/Leg/Id") == "1"


async def test_a_look_up_may_be_stale(on_stage: Stage) -> None:
    sid = await on_stage.call()
    on_stage.exotel.faults.stale_lookup = 1
    assert (await on_stage.rest.get(f"Calls/{sid}.json")).status_code == 404


async def test_signed_addresses_of_recordings(on_stage: Stage) -> None:
    carrier = on_stage.exotel
    carrier.quirks.presigned = True
    carrier.quirks.recording_delay = 0.5
    sid = await on_stage.call(Record="true")
    await carrier.ledger.until(What.RECORDING_STOPPED, sid)
    await carrier.switch.clock.sleep(1)
    path = f"Calls/{sid}.json"
    for minutes in ("4", "61", "x"):
        refused = await on_stage.rest.get(path, params={"RecordingUrlValidity": minutes})
        assert refused.status_code == 400
    call = (await on_stage.rest.get(path, params={"RecordingUrlValidity": "5"})).json()["Call"]
    signed = call["PreSignedRecordingUrl"]
    async with httpx2.AsyncClient(trust_env=False) as stranger:
        assert (await stranger.get(signed)).content[:4] == b"RIFF"
        assert (await stranger.get(call["RecordingUrl"])).status_code == 401
        assert (await stranger.get(signed[:-2] + "xx")).status_code == 401


async def test_the_list_shows_what_is_over(on_stage: Stage) -> None:
    carrier, rest = on_stage.exotel, on_stage.rest
    carrier.phones[THEIRS] = [BUSY, BUSY, BUSY, Phone()]
    sids = []
    for _ in range(3):
        sids.append(await on_stage.call())
        await carrier.ledger.until(What.HUNG_UP, sids[-1])
    on_stage.app.parts = [stays]
    live = await on_stage.call()
    page = (await rest.get("Calls.json", params={"PageSize": "2"})).json()
    assert [call["Sid"] for call in page["Calls"]] == sids[:0:-1]
    assert live not in str(page)
    assert page["Metadata"]["Total"] == 3
    query = parse_qs(urlsplit(page["Metadata"]["NextPageUri"]).query)
    rest_of_it = (
        await rest.get("Calls.json", params={"PageSize": "2", "After": query["After"][0]})
    ).json()
    assert [call["Sid"] for call in rest_of_it["Calls"]] == sids[:1]
    assert rest_of_it["Metadata"]["NextPageUri"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"From": "+919441233609"}, 1),
        ({"From": "+919800000001,09441233609"}, 1),
        ({"From": "+919800000001"}, 0),
        ({"PhoneNumber": OURS}, 1),
        ({"To": OURS}, 0),
        ({"Status": "busy"}, 1),
        ({"Status": "completed"}, 0),
        ({"Direction": "outbound-api"}, 1),
        ({"Sid": "nobody"}, 0),
        ({"DateCreated": "gte:2019-01-01 00:00:00;lte:2019-01-31 23:59:59"}, 0),
        ({"DateCreated": "gte:2019-01-01 00:00:00"}, 1),
    ],
)
async def test_filters_of_the_list(on_stage: Stage, query: dict[str, str], found: int) -> None:
    on_stage.exotel.phones[THEIRS] = BUSY
    sid = await on_stage.call()
    await on_stage.exotel.ledger.until(What.HUNG_UP, sid)
    page = (await on_stage.rest.get("Calls.json", params=query)).json()
    assert len(page["Calls"]) == found


@pytest.mark.parametrize(
    "query",
    [
        {"PageSize": "101"},
        {"PageSize": "x"},
        {"SortBy": "Price:asc"},
        {"DateCreated": "2019-01-01"},
        {"DateCreated": "gte:yesterday"},
        {"From": "1,2,3,4,5,6"},
        {"After": "nowhere"},
    ],
)
async def test_a_bad_query_of_the_list(on_stage: Stage, query: dict[str, str]) -> None:
    on_stage.exotel.phones[THEIRS] = BUSY
    sid = await on_stage.call()
    await on_stage.exotel.ledger.until(What.HUNG_UP, sid)
    assert (await on_stage.rest.get("Calls.json", params=query)).status_code == 400


async def test_active_streams_are_told_in_xml(on_stage: Stage) -> None:
    on_stage.app.parts = [stays]
    sid = await on_stage.call()
    await on_stage.exotel.ledger.until(What.STREAM_OPENED, sid)
    root = ET.fromstring((await on_stage.rest.get("ActiveStreams")).content)
    assert root.findtext("Stream/ActiveStreamCount") == "1"
    assert root.findtext("Stream/ThrottleLimit") == "100"
    assert (await on_stage.rest.get("activestreams")).status_code == 404


@pytest.mark.parametrize(
    "fault", ["error_before", "error_after", "drop_answer", "malformed_answer"]
)
async def test_faults_of_the_api(on_stage: Stage, fault: str) -> None:
    setattr(on_stage.exotel.faults, fault, 1)
    on_stage.exotel.faults.rest = "POST .*/Calls/connect"
    if fault == "drop_answer":
        with pytest.raises(httpx2.TransportError):
            await on_stage.connect()
    else:
        reply = await on_stage.connect()
        assert reply.status_code == (200 if fault == "malformed_answer" else 500)
    assert bool(on_stage.exotel.ledger.all(What.QUEUED)) is (fault != "error_before")
    assert (await on_stage.rest.get("Calls.json")).status_code == 200


async def test_too_many_requests_as_a_fault(on_stage: Stage) -> None:
    on_stage.exotel.faults.too_many_requests = 1
    reply = await on_stage.connect()
    assert (reply.status_code, "retry-after" in reply.headers) == (429, True)


async def test_lines_and_refusals_as_faults(on_stage: Stage) -> None:
    for fault, status in (("line_busy", "busy"), ("no_answer", "no-answer"), ("rejected", "busy")):
        setattr(on_stage.exotel.faults, fault, 1)
        sid = await on_stage.call(TimeOut="1")
        assert (await on_stage.exotel.ledger.until(What.HUNG_UP, sid)).facts["status"] == status
        setattr(on_stage.exotel.faults, fault, 0)


async def test_a_declined_call_may_have_another_status(on_stage: Stage) -> None:
    on_stage.exotel.quirks.rejected_is = "failed"
    on_stage.exotel.phones[THEIRS] = REJECTS
    sid = await on_stage.call()
    assert (await on_stage.exotel.ledger.until(What.HUNG_UP, sid)).facts["status"] == "failed"


async def test_the_console_sets_up_a_flow(on_stage: Stage) -> None:
    options = on_stage.exotel.number_options()
    order = {"number": OURS, "paste": on_stage.app.pasted("answer"), "record": True}
    url = f"{on_stage.exotel.url}/_simulator/setup"
    assert (await on_stage.rest.post(url, json=order)).status_code == 204
    assert on_stage.exotel.flow_id(OURS) == options["flow_id"]
    on_stage.app.answers["/answer"] = {"url": on_stage.app.socket_url}
    sid = await on_stage.exotel.call_in(THEIRS, OURS, Phone())
    await on_stage.exotel.ledger.until(What.HUNG_UP, sid)
    assert on_stage.exotel.ledger.all(What.RECORDING_STARTED, sid)


def test_credentials_come_from_the_seed() -> None:
    made = [SimulatedExotel("http://127.0.0.1:1", clock=Clock(), seed=seed) for seed in (1, 1, 2)]
    first, same, other = (carrier.environment("http://127.0.0.1:2") for carrier in made)
    assert first == same != other
    assert set(first) == {"EXOTEL_API_KEY", "EXOTEL_API_TOKEN", "EXOTEL_SID", "EXOTEL_API_URL"}

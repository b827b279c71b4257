"""Requests to a real socket: what leaves, how often, and what each answer means."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.providers.exotel.api import Answer, Api
from tests.providers.exotel.values import (
    CALL_ID,
    CALL_SID,
    CUSTOMER,
    KEY,
    OURS,
    PASSWORD,
    SID,
    TOKEN,
    USER,
    call,
    cleared,
    order,
    settings,
)

from linecard import (
    CarrierRefused,
    CarrierUnavailable,
    Found,
    HangUpResult,
    Machine,
    PlacementUnknown,
    RecordingOrder,
    Secret,
    Stream,
    TransferOrder,
    TransferStage,
    TransferStart,
    UnsupportedByProvider,
)
from linecard_exotel import calls, lookups
from linecard_exotel.facts import CONNECT, LEGS, VOICEBOT
from linecard_exotel.rest import Patience, Rest

ACCOUNT = f"/v1/Accounts/{SID}"
SOCKET = "wss://voice.example.com/ws/exotel/TOKEN"

# The answer of Exotel's own reference page.
CREATED = {
    "Call": {
        "Sid": CALL_SID,
        "ParentCallSid": None,
        "DateCreated": "2017-03-03 10:48:33",
        "DateUpdated": "2017-03-03 10:48:33",
        "AccountSid": "Exotel",
        "To": "0XXXXX38847",
        "From": "0XXXXX30240",
        "PhoneNumberSid": "0XXXXXX4890",
        "Status": "in-progress",
        "StartTime": "2017-03-03 10:48:33",
        "EndTime": None,
        "Duration": None,
        "Price": None,
        "Direction": "outbound-api",
        "AnsweredBy": None,
        "ForwardedFrom": None,
        "CallerName": None,
        "Uri": "/v1/Accounts/Exotel/Calls.json/c5797dcbaaeed7678c4062a4a3ed2f8a",
        "RecordingUrl": None,
    }
}
CREATED_XML = (
    b'<?xml version="1.0" encoding="UTF-8"?><TwilioResponse><Call>'
    b"<Sid>c5797dcbaaeed7678c4062a4a3ed2f8a</Sid><ParentCallSid/><Status>in-progress</Status>"
    b"<EndTime/><Duration/><Price/></Call></TwilioResponse>"
)


@pytest.fixture
def api() -> Iterator[Api]:
    running = Api()
    yield running
    running.close()


@pytest.fixture
def rest(api: Api) -> Rest:
    return Rest(settings(api_url=api.url, api_token=Secret(f"{TOKEN},another0123456")))


def details(**more: Any) -> dict[str, Any]:
    return {"Call": CREATED["Call"] | more}


def stream(url: str = SOCKET) -> Stream:
    return Stream(url=url, status_url="https://voice.example.com/s", profile=CONNECT)


# Placing a call


async def test_a_dial_into_a_flow(api: Api, rest: Rest) -> None:
    api.always(Answer(200, CREATED))
    placed = await calls.place(rest, order())
    assert (placed.carrier_ids, placed.queued) == ({"call_sid": CALL_SID}, False)
    (seen,) = api.seen
    assert (seen.method, seen.path, seen.query) == ("POST", f"{ACCOUNT}/Calls/connect.json", [])
    pair = base64.b64encode(f"{KEY}:{TOKEN}".encode()).decode()
    assert seen.headers["authorization"] == f"Basic {pair}"
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    assert seen.form == [
        ("From", CUSTOMER),
        ("CallerId", "08047113155"),
        ("Url", f"http://my.exotel.com/{SID}/exoml/start_voice/92"),
        ("CallType", "trans"),
        ("TimeLimit", "1800"),
        ("TimeOut", "45"),
        ("CustomField", CALL_ID),
        ("StatusCallback", order().ended_url),
        ("StatusCallbackEvents[]", "terminal"),
        ("StatusCallbackEvents[]", "answered"),
        ("StatusCallbackContentType", "application/json"),
    ]


async def test_a_dial_with_the_streams_address(api: Api, rest: Rest) -> None:
    api.always(Answer(200, CREATED))
    recording = RecordingOrder(callback_url="https://voice.example.com/r", max_seconds=60)
    wish = order(
        call=call(profile="connect"), profile=CONNECT, verbs=(stream(),), recording=recording
    )
    await calls.place(rest, wish)
    form = dict(api.seen[0].form)
    assert form["StreamUrl"] == SOCKET
    assert form["StreamType"] == "bidirectional"
    assert (form["Record"], form["RecordingChannels"]) == ("true", "dual")
    assert "Url" not in form


async def test_the_streams_address_carries_the_webhook_user(api: Api) -> None:
    rest = Rest(
        settings(api_url=api.url, webhook_user=USER, webhook_password=Secret("p@ss/word-long"))
    )
    api.always(Answer(200, CREATED))
    await calls.place(rest, order(call=call(profile="connect"), profile=CONNECT, verbs=(stream(),)))
    address = dict(api.seen[0].form)["StreamUrl"]
    assert address == f"wss://{USER}:p%40ss%2Fword-long@voice.example.com/ws/exotel/TOKEN"


async def test_what_cannot_be_dialled_leaves_nothing(api: Api, rest: Rest) -> None:
    long = order(profile=CONNECT, verbs=(stream(f"{SOCKET}{'x' * 500}"),))
    for wish in (long, order(profile=CONNECT), order(call=call()), order(call=call(id="0" * 33))):
        with pytest.raises(CarrierRefused) as refused:
            await calls.place(rest, wish)
        assert refused.value.status is None
    for asked in (call(machine=Machine.DETECT), call(send_digits="1")):
        with pytest.raises(UnsupportedByProvider):
            await calls.place(rest, order(call=asked))
    assert api.seen == []


async def test_an_answer_in_xml_is_read_as_well(api: Api, rest: Rest) -> None:
    api.always(Answer(200, CREATED_XML, {"Content-Type": "application/xml"}))
    placed = await calls.place(rest, order())
    assert placed.carrier_ids == {"call_sid": CALL_SID}


V1 = {"RestException": {"Status": 429, "Message": "slow down", "Code": "RATE_LIMIT_EXCEEDED"}}
V1_XML = (
    b"<TwilioResponse><RestException><Status>400</Status><Message>bad From</Message>"
    b"<Code>34001</Code></RestException></TwilioResponse>"
)
V2 = {
    "request_id": "1",
    "method": "POST",
    "http_code": 400,
    "response": {
        "code": 400,
        "error_data": {"code": 1002, "message": "Invalid parameter", "description": "no From"},
        "status": "failure",
        "data": None,
    },
}


@pytest.mark.parametrize(
    ("answer", "code", "said", "retry_after"),
    [
        (Answer(429, V1, {"Retry-After": "7"}), "RATE_LIMIT_EXCEEDED", "slow down", 7.0),
        (Answer(400, V1_XML), "34001", "bad From", None),
        (Answer(400, V2), "1002", "no From", None),
        (Answer(401, b"not json"), "", "401", None),
        (Answer(402), "", "402", None),
        (Answer(403, {"RestException": "odd"}), "", "403", None),
    ],
)
async def test_a_refusal_is_definite(
    api: Api, rest: Rest, answer: Answer, code: str, said: str, retry_after: float | None
) -> None:
    api.always(answer)
    with pytest.raises(CarrierRefused, match=said) as refused:
        await calls.place(rest, order())
    assert (refused.value.status, refused.value.code) == (answer.status, code)
    assert refused.value.retry_after == retry_after
    assert len(api.seen) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, {"RestException": {"Status": 500, "Message": "oops"}}),
        Answer(408),
        Answer(302, None, {"Location": "https://elsewhere.example"}),
        Answer(200, b"neither"),
        Answer(200, b""),
        Answer(200, {"Call": {}}),
        Answer(200, {"Call": {"Sid": ""}}),
        Answer(200, b"<!DOCTYPE x [<!ENTITY a 'b'>]><TwilioResponse>&a;</TwilioResponse>"),
        Answer(drop=True),
    ],
)
async def test_whatever_else_comes_leaves_the_dial_unknown(
    api: Api, rest: Rest, answer: Answer
) -> None:
    api.always(answer)
    with pytest.raises(PlacementUnknown):
        await calls.place(rest, order())
    assert len(api.seen) == 1, "a dial is sent once"


async def test_a_dial_without_an_answer_in_time_is_unknown(api: Api) -> None:
    rest = Rest(settings(api_url=api.url), Patience(dial=0.1))
    api.always(Answer(200, CREATED, wait=30))
    with pytest.raises(PlacementUnknown):
        await calls.place(rest, order())


async def test_a_connection_that_never_came_about_placed_nothing() -> None:
    rest = Rest(settings(api_url="http://127.0.0.1:9"))
    with pytest.raises(CarrierRefused) as refused:
        await calls.place(rest, order())
    assert refused.value.status is None


async def test_numbers_in_errors_are_masked(api: Api, rest: Rest) -> None:
    api.always(Answer(400, {"RestException": {"Message": f"bad {CUSTOMER}", "Code": 1}}))
    with pytest.raises(CarrierRefused) as refused:
        await calls.place(rest, order())
    assert CUSTOMER not in str(refused.value)


async def test_requests_of_several_calls_run_beside_each_other(api: Api, rest: Rest) -> None:
    api.always(Answer(200, CREATED))
    await asyncio.gather(*(calls.place(rest, order()) for _ in range(5)))
    assert len(api.seen) == 5


# Looking up


async def test_a_call_that_goes_on(api: Api, rest: Rest) -> None:
    api.always(Answer(200, CREATED))
    found = await lookups.find(rest, {"call_sid": CALL_SID})
    assert (found.found, found.answered, found.ended) == (Found.LIVE, False, None)
    assert found.carrier_ids == {"call_sid": CALL_SID}
    (seen,) = api.seen
    assert (seen.method, seen.path) == ("GET", f"{ACCOUNT}/Calls/{CALL_SID}.json")
    assert seen.query == [("details", "true")]


async def test_a_call_that_is_over_and_priced(api: Api) -> None:
    rest = Rest(settings(api_url=api.url, usd_per_inr="0.0117"))
    api.always(Answer(200, details(Status="completed", Duration="17", Price="1.500")))
    found = await lookups.find(rest, {"call_sid": CALL_SID})
    assert found.found is Found.ENDED
    assert found.answered
    assert found.ended is not None
    assert (found.ended.status, found.ended.duration) == ("completed", 17)
    assert found.rated is not None
    assert (found.rated.cost, found.rated.price, found.rated.currency) == (
        "0.01755",
        "1.500",
        "INR",
    )


async def test_the_length_that_comes_later_is_another_fact(api: Api, rest: Rest) -> None:
    api.always(Answer(200, details(Status="completed")))
    early = await lookups.find(rest, {"call_sid": CALL_SID})
    api.always(Answer(200, details(Status="completed", Duration=17, Price=1.5)))
    late = await lookups.find(rest, {"call_sid": CALL_SID})
    assert early.ended is not None
    assert late.ended is not None
    assert early.ended.duration is None
    assert early.ended.key != late.ended.key
    assert early.rated is None
    assert late.rated is not None
    assert (late.rated.cost, late.rated.price) == (None, "1.5")


@pytest.mark.parametrize(
    ("status", "ours"),
    [("busy", "busy"), ("no-answer", "no-answer"), ("failed", "failed"), ("canceled", "canceled")],
)
async def test_ends_of_calls_that_nobody_answered(
    api: Api, rest: Rest, status: str, ours: str
) -> None:
    api.always(Answer(200, details(Status=status)))
    found = await lookups.find(rest, {"call_sid": CALL_SID})
    assert found.ended is not None
    assert (found.ended.status, found.answered) == (ours, False)


async def test_what_a_lookup_cannot_tell(api: Api, rest: Rest) -> None:
    assert (await lookups.find(rest, {})).found is Found.CANNOT_TELL
    assert api.seen == []
    assert (await lookups.find(rest, {"call_sid": "x"})).found is Found.NOT_FOUND
    api.always(Answer(200, details(Status="strange")))
    assert (await lookups.find(rest, {"call_sid": "x"})).found is Found.CANNOT_TELL
    api.seen.clear()
    api.always(Answer(503))
    with pytest.raises(CarrierUnavailable):
        await lookups.find(rest, {"call_sid": "x"})
    assert len(api.seen) == 2, "a look-up is tried twice"


async def test_an_id_cannot_leave_its_place_in_the_address(api: Api, rest: Rest) -> None:
    await lookups.find(rest, {"call_sid": "../../x?y"})
    assert api.seen[0].path == f"{ACCOUNT}/Calls/..%2F..%2Fx%3Fy.json"


async def test_calls_are_searched_by_customer_and_time(api: Api, rest: Rest) -> None:
    since = 1488518308.0  # 2017-03-03 10:48:28 in India
    mine = {"From": "09494865411", "PhoneNumberSid": "08047113155", "Status": "in-progress"}
    base = {"Sid": "1", "DateCreated": "2017-03-03 10:48:33"} | mine
    rows = [
        base,
        base | {"Sid": "2", "PhoneNumberSid": "08047113156"},
        base | {"Sid": "3", "From": "09494865412"},
        base | {"Sid": "4", "DateCreated": "2017-03-03 10:40:00"},
        base | {"Sid": "5", "DateCreated": None},
    ]
    api.always(Answer(200, {"Metadata": {"Total": 5}, "Calls": rows}))
    found = await lookups.search(rest, OURS, cleared(), since)
    assert [dict(one.carrier_ids) for one in found] == [{"call_sid": "1"}]
    (seen,) = api.seen
    assert seen.path == f"{ACCOUNT}/Calls.json"
    assert dict(seen.query) == {
        "From": CUSTOMER,
        "DateCreated": "gte:2017-03-03 10:48:23;lte:2017-03-03 11:48:23",
        "PageSize": "100",
    }


# Ending, transferring, recordings


def test_ends_go_through_the_stream() -> None:
    assert calls.hang_up(call()) is HangUpResult.VIA_STREAM
    assert calls.hang_up(call(profile=CONNECT.name)) is HangUpResult.VIA_STREAM
    assert calls.hang_up(call(profile=LEGS.name)) is HangUpResult.UNSUPPORTED


def test_a_flow_transfers_after_its_stream_and_nothing_else_does() -> None:
    wish = TransferOrder(reference="t", document_url="https://h/x")
    started = calls.transfer(call(profile=VOICEBOT.name), wish)
    assert started.start is TransferStart.DOCUMENT_AFTER_STREAM
    for profile in (CONNECT, LEGS):
        with pytest.raises(UnsupportedByProvider, match=profile.name):
            calls.transfer(call(profile=profile.name), wish)
    for stage in (TransferStage.CONSULT, TransferStage.JOIN, TransferStage.RELEASE):
        with pytest.raises(UnsupportedByProvider):
            calls.transfer(call(), replace(wish, stage=stage))
    to_a_desk = replace(wish, targets=(cleared("sip:desk@pbx.example"),))
    with pytest.raises(UnsupportedByProvider, match="SIP"):
        calls.transfer(call(), to_a_desk)


FILE = "exotelrecordings/acme1/6f04.mp3"


async def test_credentials_go_to_exotels_own_hosts_alone(rest: Rest) -> None:
    ours = await calls.fetch_recording(rest, "6f04", f"https://recordings.exotel.com/{FILE}")
    assert ours.authorization == rest.settings.authorization
    assert {"recordings.exotel.com", "api.exotel.com", "api.in.exotel.com"} <= ours.hosts
    stored = f"https://s3-ap-southeast-1.amazonaws.com/{FILE}"
    older = await calls.fetch_recording(rest, "6f04", stored)
    assert (older.authorization, older.hosts) == (
        None,
        frozenset({"s3-ap-southeast-1.amazonaws.com"}),
    )
    for forged in (
        f"https://evil.example/{FILE}",
        "https://s3-ap-southeast-1.amazonaws.com/evil/6f04.mp3",
        f"https://recordings.exotel.com.evil.example/{FILE}",
        f"https://x@evil.example/{FILE}",
    ):
        other = await calls.fetch_recording(rest, "6f04", forged)
        assert not any("evil" in host or "amazonaws" in host for host in other.hosts)


async def test_hosts_of_the_account_are_fetched_from_without_credentials() -> None:
    rest = Rest(settings(recording_hosts=("files.example.com",)))
    found = await calls.fetch_recording(rest, "x", "https://files.example.com/x.mp3")
    assert (found.authorization, found.hosts) == (None, frozenset({"files.example.com"}))


async def test_a_recording_without_its_address_is_looked_up(api: Api, rest: Rest) -> None:
    link = f"https://recordings.exotel.com/{FILE}"
    api.always(Answer(200, details(RecordingUrl=link)))
    assert (await calls.fetch_recording(rest, CALL_SID, None)).url == link
    api.always(Answer(200, details()))
    with pytest.raises(CarrierRefused, match="no file yet"):
        await calls.fetch_recording(rest, CALL_SID, None)


def test_the_password_is_never_printed() -> None:
    assert PASSWORD not in repr(settings(webhook_user=USER, webhook_password=Secret(PASSWORD)))
    assert TOKEN not in repr(settings())

"""Requests through the vendor's SDK to a real socket: what leaves, how often, and what each answer means."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from linecard import (
    Call,
    CallStatus,
    CarrierRefused,
    CarrierUnavailable,
    Charge,
    Cleared,
    ConnectOrder,
    Direction,
    Found,
    HangUpResult,
    InvalidField,
    Kind,
    Machine,
    MachineDetected,
    MachineKind,
    Number,
    Per,
    PlacementUnknown,
    PlaceOrder,
    RecordingOrder,
    Secret,
    TransferOrder,
    TransferStage,
    TransferStart,
)
from linecard.outbound.gate import Gate
from linecard_twilio import calls, lookups, numbers, prices, recordings, transfers
from linecard_twilio.facts import PROFILES
from linecard_twilio.rest import Patience, Rest
from linecard_twilio.settings import TwilioSettings

ACCOUNT_SID = "AC" + "0" * 32
TOKEN = "first_token_0123456789"
ACCOUNT = f"/2010-04-01/Accounts/{ACCOUNT_SID}"
SID = "CA" + "1" * 32
TARGET = "CA" + "2" * 32
RECORDING = "RE" + "3" * 32
NUMBER_SID = "PN" + "4" * 32
OURS = "+14155550199"
THEIRS = "+14155550123"
URL = "https://voice.example.com/twilio/answer?a=main&k=answer&t=x"
DOCUMENT_RULES = "#ct=2000&rt=4000&rc=2&rp=ct,rt,5xx"
CALLBACK_RULES = "#rc=5&rp=ct,rt,5xx"


def twilio_call(**more: object) -> dict[str, Any]:
    return {
        "sid": SID,
        "date_created": "Tue, 31 Aug 2010 20:36:28 +0000",
        "status": "queued",
        "to": THEIRS,
        "from": OURS,
        "direction": "outbound-api",
        "start_time": None,
        "duration": None,
        "price": None,
        "price_unit": "USD",
        **more,
    }


def error(code: int, status: int, message: str = "no") -> Answer:
    body = {"code": code, "message": message, "more_info": "https://x", "status": status}
    return Answer(status, body)


@dataclass
class Seen:
    """One request as it arrived; fields by name, repeats kept."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    form: dict[str, list[str]]

    def one(self, name: str) -> str | None:
        values = self.form.get(name)
        return values[0] if values and len(values) == 1 else None


@dataclass
class Answer:
    """What the server does with one request."""

    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    drop: bool = False

    def encoded(self) -> bytes:
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Decide = Callable[[Seen], Answer]


class Server:
    """A carrier's REST API of a few lines: `decide` says what every request gets."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.connections = 0
        self.decide: Decide = lambda _seen: error(20404, 404, "not found")
        self.released = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                outer.connections += 1
                super().setup()

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except ConnectionError:
                    self.close_connection = True

            def _serve(self) -> None:
                outer.serve(self)

            do_GET = do_POST = do_DELETE = _serve  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.block_on_close = False
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length).decode()
        parts = urlsplit(handler.path)
        seen = Seen(
            handler.command,
            parts.path,
            parse_qs(parts.query, keep_blank_values=True),
            dict(handler.headers),
            parse_qs(body, keep_blank_values=True),
        )
        self.seen.append(seen)
        answer = self.decide(seen)
        self.released.wait(answer.wait)
        if answer.drop:
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        content = answer.encoded()
        handler.send_response(answer.status)
        for name, value in {"Content-Length": str(len(content)), **answer.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    def close(self) -> None:
        self.released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def settings(url: str, **more: Any) -> TwilioSettings:
    token = Secret(f"{TOKEN},second_token_0123456789")
    return TwilioSettings(account_sid=ACCOUNT_SID, auth_token=token, api_url=url, **more)


@pytest.fixture
def rest(server: Server) -> Rest:
    return Rest(settings(server.url))


def call(**more: Any) -> Call:
    given: dict[str, Any] = {
        "id": "c1",
        "provider": "twilio",
        "account": "main",
        "direction": Direction.OUTBOUND,
        "from_": OURS,
        "to": THEIRS,
        "number": OURS,
        "agent": "echo",
        "profile": "pcmu-8000",
        "status": CallStatus.IN_PROGRESS,
        "created_at": datetime.now(UTC),
        "carrier_ids": {"call_sid": SID},
    }
    return Call(**(given | more))


def cleared(number: str = THEIRS) -> Cleared:
    return Gate(frozenset({"US", "IN"}), ()).clear_call(number)


def order(recording: RecordingOrder | None = None, **more: Any) -> PlaceOrder:
    return PlaceOrder(
        call=call(carrier_ids={}, **more),
        to=cleared(),
        profile=PROFILES[0],
        answer_url=URL,
        fallback_url=f"{URL}1",
        ringing_url=f"{URL}2",
        ended_url=f"{URL}3",
        machine_url=f"{URL}4",
        recording=recording,
    )


def always(answer: Answer) -> Decide:
    return lambda _seen: answer


async def test_a_dial_is_one_request_with_all_that_was_ordered(server: Server, rest: Rest) -> None:
    server.decide = always(Answer(201, twilio_call()))
    placed = await calls.place(rest, order(ring_seconds=30, max_seconds=600))
    assert placed.carrier_ids == {"call_sid": SID}
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", f"{ACCOUNT}/Calls.json")
    basic = base64.b64encode(f"{ACCOUNT_SID}:{TOKEN}".encode()).decode()
    assert seen.headers["Authorization"] == f"Basic {basic}"
    assert seen.form == {
        "To": [THEIRS],
        "From": [OURS],
        "Url": [URL + DOCUMENT_RULES],
        "Method": ["POST"],
        "FallbackUrl": [f"{URL}1{DOCUMENT_RULES}"],
        "FallbackMethod": ["POST"],
        "StatusCallback": [f"{URL}3{CALLBACK_RULES}"],
        "StatusCallbackMethod": ["POST"],
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
        "Timeout": ["30"],
        "TimeLimit": ["600"],
    }


@pytest.mark.parametrize(
    ("machine", "word"), [(Machine.DETECT, "Enable"), (Machine.WAIT_FOR_BEEP, "DetectMessageEnd")]
)
async def test_machines_are_detected_beside_the_call(
    server: Server, rest: Rest, machine: Machine, word: str
) -> None:
    server.decide = always(Answer(201, twilio_call()))
    await calls.place(rest, order(machine=machine))
    (seen,) = server.seen
    assert seen.one("MachineDetection") == word
    assert seen.one("AsyncAmd") == "true"
    assert seen.one("AsyncAmdStatusCallback") == f"{URL}4{CALLBACK_RULES}"
    assert seen.one("AsyncAmdStatusCallbackMethod") == "POST"


async def test_keys_are_sent_and_shut_out_the_detection(server: Server, rest: Rest) -> None:
    server.decide = always(Answer(201, twilio_call()))
    await calls.place(rest, order(send_digits="ww12#"))
    assert server.seen[0].one("SendDigits") == "ww12#"
    with pytest.raises(CarrierRefused, match="send_digits"):
        await calls.place(rest, order(send_digits="1", machine=Machine.DETECT))
    assert len(server.seen) == 1


@pytest.mark.parametrize("channels", ["dual", "mono"])
async def test_a_recording_goes_with_the_dial(server: Server, rest: Rest, channels: str) -> None:
    server.decide = always(Answer(201, twilio_call()))
    wish = RecordingOrder(callback_url=f"{URL}5", max_seconds=660)
    await calls.place(rest, order(wish, options={"recording_channels": channels}))
    (seen,) = server.seen
    assert seen.one("Record") == "true"
    assert seen.one("RecordingChannels") == channels
    assert seen.one("Trim") == "do-not-trim"
    assert seen.one("RecordingStatusCallback") == f"{URL}5{CALLBACK_RULES}"
    assert seen.form["RecordingStatusCallbackEvent"] == ["in-progress", "completed", "absent"]


async def test_an_api_key_is_used_where_it_is_set(server: Server) -> None:
    key = "SK" + "5" * 32
    rest = Rest(settings(server.url, api_key=key, api_key_secret=Secret("s" * 32)))
    server.decide = always(Answer(200, twilio_call(status="in-progress")))
    await lookups.find(rest, {"call_sid": SID})
    basic = base64.b64encode(f"{key}:{'s' * 32}".encode()).decode()
    assert server.seen[0].headers["Authorization"] == f"Basic {basic}"
    assert server.seen[0].path == f"{ACCOUNT}/Calls/{SID}.json"


async def test_region_and_edge_of_the_environment_are_not_taken(
    server: Server, rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    monkeypatch.setenv("TWILIO_REGION", "au1")
    from linecard_twilio.rest import _build  # the clients as they are made

    made = await asyncio.to_thread(_build, settings("https://api.twilio.com"), Patience())
    assert (made.dial.edge, made.dial.region) == (None, None)
    assert made.dial.api.base_url == "https://api.twilio.com"
    there = settings("https://api.twilio.com", region="ie1", edge="dublin")
    made = await asyncio.to_thread(_build, there, Patience())
    assert made.control.get_hostname("https://api.twilio.com/x") == (
        "https://api.dublin.ie1.twilio.com/x"
    )


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, 21211), (401, 20003), (403, 21215), (404, 20404), (409, 0), (422, 21220)],
)
async def test_a_refused_dial_is_refused_with_twilios_code(
    server: Server, rest: Rest, status: int, code: int
) -> None:
    server.decide = always(error(code, status, f"{THEIRS} is not a number"))
    with pytest.raises(CarrierRefused) as refused:
        await calls.place(rest, order())
    assert (refused.value.status, refused.value.code) == (status, str(code) if code else "")
    assert THEIRS not in str(refused.value)
    assert len(server.seen) == 1


async def test_too_many_requests_say_when_to_come_back(server: Server, rest: Rest) -> None:
    server.decide = always(
        Answer(429, {"code": 20429, "message": "slow", "status": 429}, {"Retry-After": "7"})
    )
    with pytest.raises(CarrierRefused) as refused:
        await calls.place(rest, order())
    assert (refused.value.code, refused.value.retry_after) == ("20429", 7.0)


async def test_the_newer_shape_of_errors_is_read(server: Server, rest: Rest) -> None:
    body = {"type": "https://x", "title": "Bad", "status": 400, "code": 21211, "detail": "To"}
    server.decide = always(Answer(400, body))
    with pytest.raises(CarrierRefused, match="Bad: To") as refused:
        await calls.place(rest, order())
    assert refused.value.code == "21211"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, {"code": 20500, "message": "x", "status": 500}),
        Answer(503, b"<html>"),
        Answer(408, {"message": "x"}),
        Answer(302, None, {"Location": "https://elsewhere.example/"}),
        Answer(201, b"<html>"),
        Answer(201, []),
        Answer(201, {}),
        Answer(201, {"sid": None, "status": "queued"}),
        Answer(201, twilio_call(), drop=True),
    ],
    ids=["500", "503", "408", "302", "html", "list", "empty", "null", "reset"],
)
async def test_anything_else_leaves_a_dial_unknown_and_is_not_sent_again(
    server: Server, rest: Rest, answer: Answer
) -> None:
    server.decide = always(answer)
    with pytest.raises(PlacementUnknown):
        await calls.place(rest, order())
    assert len(server.seen) == 1


async def test_a_dial_that_nobody_answers_is_unknown(server: Server) -> None:
    rest = Rest(settings(server.url), Patience(dial=0.2))
    server.decide = always(Answer(201, twilio_call(), wait=30))
    with pytest.raises(PlacementUnknown):
        await calls.place(rest, order())
    assert len(server.seen) == 1


async def test_a_dial_that_never_left_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    rest = Rest(settings(f"http://127.0.0.1:{port}"))
    with pytest.raises(CarrierRefused) as refused:
        await calls.place(rest, order())
    assert refused.value.status is None


async def test_every_request_has_a_connection_of_its_own(server: Server, rest: Rest) -> None:
    server.decide = always(Answer(200, twilio_call(status="in-progress")))
    for _ in range(3):
        await lookups.find(rest, {"call_sid": SID})
    assert server.connections == 3


async def test_the_event_loop_goes_on_while_the_sdk_is_loaded(server: Server, rest: Rest) -> None:
    server.decide = always(Answer(200, twilio_call(status="in-progress"), wait=0.3))
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    await lookups.find(rest, {"call_sid": SID})
    ticking.cancel()
    assert ticks > 5


async def test_a_look_up_is_tried_twice_and_a_refusal_once(server: Server, rest: Rest) -> None:
    server.decide = always(Answer(503, b""))
    with pytest.raises(CarrierUnavailable):
        await lookups.find(rest, {"call_sid": SID})
    assert len(server.seen) == 2
    server.decide = always(error(20003, 401))
    with pytest.raises(CarrierRefused):
        await lookups.find(rest, {"call_sid": SID})
    assert len(server.seen) == 3


@pytest.mark.parametrize("status", ["queued", "ringing", "in-progress"])
async def test_a_live_call(server: Server, rest: Rest, status: str) -> None:
    server.decide = always(Answer(200, twilio_call(status=status)))
    found = await lookups.find(rest, {"call_sid": SID})
    assert (found.found, found.answered) == (Found.LIVE, status == "in-progress")
    assert found.carrier_ids == {"call_sid": SID}


@pytest.mark.parametrize(
    ("status", "ours"),
    [
        ("completed", CallStatus.COMPLETED),
        ("busy", CallStatus.BUSY),
        ("no-answer", CallStatus.NO_ANSWER),
        ("failed", CallStatus.FAILED),
        ("canceled", CallStatus.CANCELED),
    ],
)
async def test_an_ended_call(server: Server, rest: Rest, status: str, ours: CallStatus) -> None:
    server.decide = always(Answer(200, twilio_call(status=status, duration="66")))
    found = await lookups.find(rest, {"call_sid": SID})
    assert found.found is Found.ENDED
    assert found.ended is not None
    assert (found.ended.status, found.ended.duration, found.ended.cost) == (ours, 66, None)
    assert found.rated is None


@pytest.mark.parametrize(
    ("price", "unit", "cost"), [("-0.03000", "USD", "0.03000"), ("-0.02", "EUR", None)]
)
async def test_a_price_is_made_positive_and_only_dollars_are_a_cost(
    server: Server, rest: Rest, price: str, unit: str, cost: str | None
) -> None:
    body = twilio_call(status="completed", duration="66", price=price, price_unit=unit)
    server.decide = lambda seen: Answer(200, page() if seen.path.endswith("/Calls.json") else body)
    rated = (await lookups.find(rest, {"call_sid": SID})).rated
    assert rated is not None
    assert (rated.cost, rated.price, rated.currency) == (cost, price, unit)


@pytest.mark.parametrize("status", ["in-progress", "busy"])
@pytest.mark.parametrize(
    ("word", "kind", "greeting_over"),
    [
        ("human", MachineKind.HUMAN, False),
        ("machine", MachineKind.MACHINE, False),
        ("machine_start", MachineKind.MACHINE, False),
        ("machine_end_beep", MachineKind.MACHINE, True),
        ("fax", MachineKind.FAX, False),
        ("unknown", MachineKind.UNKNOWN, False),
        ("a parrot", MachineKind.UNKNOWN, False),
    ],
)
async def test_a_look_up_tells_who_answered_as_the_callback_would_have(
    server: Server, rest: Rest, word: str, kind: MachineKind, greeting_over: bool, status: str
) -> None:
    server.decide = always(Answer(200, twilio_call(status=status, answered_by=word)))
    (told,) = (await lookups.find(rest, {"call_sid": SID})).further
    assert isinstance(told, MachineDetected)
    assert (told.kind, told.raw, told.greeting_over) == (kind, word, greeting_over)
    assert told.key == f"machine:{SID}:{word}"


@pytest.mark.parametrize("word", [None, ""])
async def test_a_look_up_of_what_was_not_detected_tells_nothing_of_it(
    server: Server, rest: Rest, word: str | None
) -> None:
    server.decide = always(Answer(200, twilio_call(status="busy", answered_by=word)))
    assert (await lookups.find(rest, {"call_sid": SID})).further == ()


async def test_what_is_not_found_or_not_known_is_said_so(server: Server, rest: Rest) -> None:
    assert (await lookups.find(rest, {"call_sid": SID})).found is Found.NOT_FOUND
    assert (await lookups.find(rest, {})).found is Found.CANNOT_TELL
    server.decide = always(Answer(200, twilio_call(status="levitating")))
    assert (await lookups.find(rest, {"call_sid": SID})).found is Found.CANNOT_TELL


def page(*given: dict[str, Any], key: str = "calls", after: str | None = None) -> dict[str, Any]:
    return {key: list(given), "page": 0, "page_size": 50, "next_page_uri": after}


async def test_a_search_keeps_what_fits(server: Server, rest: Rest) -> None:
    since = datetime(2010, 8, 31, 20, 36, 0, tzinfo=UTC).timestamp()
    fits = twilio_call()
    others = [
        twilio_call(sid="CA" + "a" * 32, date_created="Tue, 31 Aug 2010 20:35:00 +0000"),
        twilio_call(sid="CA" + "b" * 32, to="+14155550124"),
        twilio_call(sid="CA" + "c" * 32, direction="outbound-dial"),
        twilio_call(sid="CA" + "d" * 32, date_created="Thu, 02 Sep 2010 20:36:00 +0000"),
        twilio_call(sid="CA" + "e" * 32, date_created=None),
    ]
    server.decide = always(Answer(200, page(fits, *others)))
    found = await lookups.search(rest, OURS, cleared(), since)
    assert [one.carrier_ids["call_sid"] for one in found] == [SID]
    assert server.seen[0].query["To"] == [THEIRS]
    assert server.seen[0].query["From"] == [OURS]


async def test_a_search_goes_on_to_the_next_page(server: Server, rest: Rest) -> None:
    def decide(seen: Seen) -> Answer:
        if "Page" in seen.query:
            return Answer(200, page(twilio_call()))
        away = twilio_call(sid="CA" + "a" * 32, to="+1")
        return Answer(200, page(away, after=f"{ACCOUNT}/Calls.json?Page=1&PageToken=x"))

    server.decide = decide
    since = datetime(2010, 8, 31, 20, 36, 0, tzinfo=UTC).timestamp()
    assert len(await lookups.search(rest, OURS, cleared(), since)) == 1


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (Answer(200, twilio_call(status="completed")), HangUpResult.DONE),
        (error(20404, 404), HangUpResult.NOT_FOUND),
        (error(21220, 400), HangUpResult.DONE),
    ],
)
async def test_a_hang_up_always_asks_for_completed(
    server: Server, rest: Rest, answer: Answer, result: HangUpResult
) -> None:
    server.decide = always(answer)
    assert await calls.end(rest, SID) is result
    (seen,) = server.seen
    assert (seen.path, seen.form) == (f"{ACCOUNT}/Calls/{SID}.json", {"Status": ["completed"]})


async def test_a_hang_up_that_is_not_certain_is_tried_twice(server: Server, rest: Rest) -> None:
    server.decide = always(Answer(500, {}))
    with pytest.raises(CarrierUnavailable):
        await calls.end(rest, SID)
    assert len(server.seen) == 2
    assert await calls.end(rest, None) is HangUpResult.NOT_FOUND


RECORD = RecordingOrder(callback_url=URL, max_seconds=60)


async def test_a_live_call_is_recorded(server: Server, rest: Rest) -> None:
    server.decide = always(Answer(201, {"sid": RECORDING, "status": "in-progress"}))
    assert await recordings.start(rest, call(), RECORD) == RECORDING
    (seen,) = server.seen
    assert seen.path == f"{ACCOUNT}/Calls/{SID}/Recordings.json"
    assert seen.one("RecordingChannels") == "dual"
    assert seen.one("Trim") == "do-not-trim"
    assert seen.one("RecordingStatusCallback") == URL + CALLBACK_RULES


async def test_a_recording_that_comes_too_early_may_be_asked_for_again(
    server: Server, rest: Rest
) -> None:
    server.decide = always(error(21220, 400))
    with pytest.raises(CarrierRefused) as refused:
        await recordings.start(rest, call(), RECORD)
    assert (refused.value.status, refused.value.code) == (409, "21220")
    with pytest.raises(CarrierRefused) as nameless:
        await recordings.start(rest, call(carrier_ids={}), RECORD)
    assert nameless.value.status == 404


async def test_one_recording_or_all_are_stopped(server: Server, rest: Rest) -> None:
    running = [{"sid": RECORDING, "status": "in-progress"}, {"sid": "RE" + "5" * 32}]
    listed = page(
        running[0],
        {**running[1], "status": "paused"},
        {"sid": "RE0", "status": "stopped"},
        key="recordings",
    )
    server.decide = lambda seen: Answer(200, listed if seen.method == "GET" else running[0])
    await recordings.stop(rest, call(), None)
    assert [seen.path.rsplit("/", 1)[1] for seen in server.seen] == [
        "Recordings.json",
        f"{RECORDING}.json",
        "RE" + "5" * 32 + ".json",
    ]
    assert [seen.one("Status") for seen in server.seen[1:]] == ["stopped", "stopped"]
    await recordings.stop(rest, call(), RECORDING)
    assert server.seen[-1].path.endswith(f"{RECORDING}.json")


async def test_a_recording_is_paused_and_goes_on(server: Server, rest: Rest) -> None:
    server.decide = always(Answer(200, {"sid": RECORDING, "status": "paused"}))
    await recordings.pause(rest, call(), RECORDING, resume=False)
    await recordings.pause(rest, call(), None, resume=True)
    first, second = server.seen
    assert (first.one("Status"), second.one("Status")) == ("paused", "in-progress")
    assert second.path.endswith("/Recordings/Twilio.CURRENT.json")
    server.decide = always(error(20404, 404))
    with pytest.raises(CarrierRefused, match="no recording"):
        await recordings.pause(rest, call(), None, resume=False)


def test_a_file_is_fetched_with_credentials_from_twilio_alone() -> None:
    known = settings("https://api.twilio.com", recording_hosts=("mine.s3.example.com",))
    theirs = f"https://api.twilio.com{ACCOUNT}/Recordings/{RECORDING}"
    got = recordings.where_it_is(known, theirs)
    assert got.url == f"{theirs}.wav"
    assert got.hosts == {"api.twilio.com"}
    assert got.authorization is not None
    region = recordings.where_it_is(known, "https://api.dublin.ie1.twilio.com/x")
    assert "api.dublin.ie1.twilio.com" in region.hosts
    own = recordings.where_it_is(known, "https://mine.s3.example.com/x/y")
    assert (own.url, own.hosts, own.authorization) == (
        "https://mine.s3.example.com/x/y",
        frozenset({"mine.s3.example.com"}),
        None,
    )
    for elsewhere in ("https://evil.example/x.wav", "https://api.twilio.com.evil.example/x"):
        foreign = recordings.where_it_is(known, elsewhere)
        assert (foreign.external, foreign.hosts, foreign.authorization) == (True, frozenset(), None)


@pytest.mark.parametrize(
    ("media_url", "external"),
    [(None, False), ("https://bucket.example.com/RE1", True)],
)
async def test_without_an_address_the_record_is_asked(
    server: Server, rest: Rest, media_url: str | None, external: bool
) -> None:
    said = {"sid": RECORDING, "status": "completed", "channels": 2, "media_url": media_url}
    server.decide = always(Answer(200, said))
    got = await recordings.fetch(rest, RECORDING, None)
    assert server.seen[0].path.endswith(f"/Recordings/{RECORDING}.json")
    assert got.external is external
    assert external or got.url.endswith(f"/Recordings/{RECORDING}.wav?RequestedChannels=2")


def transfer_order(stage: TransferStage, **more: Any) -> TransferOrder:
    given: dict[str, Any] = {
        "reference": "t1",
        "document_url": URL,
        "stage": stage,
        "targets": (cleared("+14155550177"), cleared("+14155550178")),
        "caller_id": OURS,
        "ring_seconds": 25,
        "max_seconds": 900,
        "room": "linecard-t1",
        "callback_url": f"{URL}6",
        "legs": {"target:1": TARGET, "target:2": SID},
    }
    return TransferOrder(**(given | more))


@pytest.mark.parametrize("stage", [TransferStage.DIAL, TransferStage.JOIN])
async def test_the_callers_leg_is_sent_to_another_document(
    server: Server, rest: Rest, stage: TransferStage
) -> None:
    server.decide = always(Answer(200, twilio_call(status="in-progress")))
    started = await transfers.transfer(rest, call(), transfer_order(stage))
    assert started.start is TransferStart.DOCUMENT_NOW
    (seen,) = server.seen
    assert seen.path == f"{ACCOUNT}/Calls/{SID}.json"
    assert seen.form == {"Url": [URL + DOCUMENT_RULES], "Method": ["POST"]}


async def test_a_transfer_of_a_call_that_is_over_is_refused(server: Server, rest: Rest) -> None:
    server.decide = always(error(21220, 400, "Call is not in-progress. Cannot redirect."))
    with pytest.raises(CarrierRefused) as refused:
        await transfers.transfer(rest, call(), transfer_order(TransferStage.JOIN))
    assert refused.value.code == "21220"
    assert len(server.seen) == 1


async def test_targets_are_rung_into_the_room(server: Server, rest: Rest) -> None:
    sids = iter([TARGET, SID])
    server.decide = lambda _seen: Answer(201, {"call_sid": next(sids), "status": "queued"})
    started = await transfers.transfer(rest, call(), transfer_order(TransferStage.CONSULT))
    assert started.start is TransferStart.STREAM_STAYS
    assert started.legs == {"target:1": TARGET, "target:2": SID}
    first, second = server.seen
    assert first.path == f"{ACCOUNT}/Conferences/linecard-t1/Participants.json"
    assert first.form == {
        "From": [OURS],
        "To": ["+14155550177"],
        "Label": ["target:1"],
        "Timeout": ["25"],
        "TimeLimit": ["900"],
        "Beep": ["false"],
        "WaitUrl": [""],
        "StartConferenceOnEnter": ["true"],
        "EndConferenceOnExit": ["true"],
        "StatusCallback": [f"{URL}6&of=room&n=1{CALLBACK_RULES}"],
        "StatusCallbackMethod": ["POST"],
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
        "ConferenceStatusCallback": [f"{URL}6{CALLBACK_RULES}"],
        "ConferenceStatusCallbackMethod": ["POST"],
        "ConferenceStatusCallbackEvent": ["start", "end", "join", "leave"],
    }
    assert second.one("Label") == "target:2"


async def test_where_one_target_is_refused_the_others_are_released(
    server: Server, rest: Rest
) -> None:
    def decide(seen: Seen) -> Answer:
        if seen.one("To") == "+14155550178":
            return error(21215, 400)
        return Answer(201, {"call_sid": TARGET, "sid": TARGET, "status": "queued"})

    server.decide = decide
    with pytest.raises(CarrierRefused) as refused:
        await transfers.transfer(rest, call(), transfer_order(TransferStage.CONSULT))
    assert refused.value.code == "21215"
    assert server.seen[-1].path == f"{ACCOUNT}/Calls/{TARGET}.json"
    assert server.seen[-1].form == {"Status": ["completed"]}


async def test_an_unknown_target_is_not_rung_again(server: Server, rest: Rest) -> None:
    server.decide = always(Answer(500, {}))
    with pytest.raises(PlacementUnknown):
        await transfers.transfer(rest, call(), transfer_order(TransferStage.CONSULT))
    assert len(server.seen) == 1


async def test_every_leg_is_released_even_if_one_cannot_be(server: Server, rest: Rest) -> None:
    def decide(seen: Seen) -> Answer:
        return Answer(500, {}) if TARGET in seen.path else Answer(200, twilio_call())

    server.decide = decide
    with pytest.raises(CarrierUnavailable):
        await transfers.transfer(rest, call(), transfer_order(TransferStage.RELEASE))
    assert [seen.path for seen in server.seen] == [
        f"{ACCOUNT}/Calls/{TARGET}.json",
        f"{ACCOUNT}/Calls/{TARGET}.json",
        f"{ACCOUNT}/Calls/{SID}.json",
    ]
    server.decide = always(error(20404, 404))
    started = await transfers.transfer(rest, call(), transfer_order(TransferStage.RELEASE))
    assert started.start is TransferStart.STREAM_STAYS


def number(**more: Any) -> Number:
    given: dict[str, Any] = {"id": "n", "provider": "twilio", "account": "main", "agent": "echo"}
    given["number"] = OURS
    return Number(**(given | more))


def rented(**more: object) -> dict[str, Any]:
    return {
        "sid": NUMBER_SID,
        "phone_number": OURS,
        "voice_url": "https://before.example/voice?x=1",
        "voice_method": "GET",
        "voice_fallback_url": "",
        "voice_fallback_method": "POST",
        "status_callback": "",
        "status_callback_method": "POST",
        "voice_application_sid": "",
        "trunk_sid": None,
        **more,
    }


def exchange_of(state: dict[str, Any]) -> Decide:
    """An account with one number, whose settings a POST changes."""
    names = dict(numbers.FIELDS)

    def decide(seen: Seen) -> Answer:
        if seen.method == "GET":
            return Answer(200, page(state, key="incoming_phone_numbers"))
        state.update({names[key]: values[0] for key, values in seen.form.items()})
        return Answer(200, state)

    return decide


CONNECT = ConnectOrder(
    name="linecard-voice.example.com",
    apply=True,
    answer_url=URL,
    ended_url=f"{URL}3",
    fallback_url=f"{URL}1",
)
LOOK = ConnectOrder(
    name="x", apply=False, answer_url=URL, ended_url=f"{URL}3", fallback_url=f"{URL}1"
)
BEFORE = "VoiceUrl=https://before.example/voice?x=1 VoiceMethod=GET VoiceFallbackMethod=POST StatusCallbackMethod=POST"


async def test_a_look_changes_nothing(server: Server, rest: Rest) -> None:
    server.decide = exchange_of(rented())
    seen = await numbers.connect(rest, number(), LOOK)
    assert (seen.target, seen.former) == (BEFORE, None)
    assert "before.example" in seen.notes[0]
    assert [one.method for one in server.seen] == ["GET"]
    assert server.seen[0].query["PhoneNumber"] == [OURS]


async def test_a_number_is_connected_and_given_back(server: Server, rest: Rest) -> None:
    state = rented()
    server.decide = exchange_of(state)
    connected = await numbers.connect(rest, number(), CONNECT)
    assert state["voice_url"] == URL + DOCUMENT_RULES
    assert state["voice_method"] == "POST"
    assert state["voice_fallback_url"] == f"{URL}1{DOCUMENT_RULES}"
    assert state["status_callback"] == f"{URL}3{CALLBACK_RULES}"
    assert connected.former == BEFORE
    ours = number(former_target=connected.former, connected_target=connected.target)
    state["voice_url"] = f"{URL}#rc=1"  # as another version of ours would have written it
    again = await numbers.connect(rest, ours, CONNECT)
    assert again == connected
    await numbers.disconnect(rest, ours)
    assert state == rented()


async def test_a_number_that_pointed_at_nothing_is_emptied_again(
    server: Server, rest: Rest
) -> None:
    state = rented(voice_url="", voice_method="POST")
    server.decide = exchange_of(state)
    connected = await numbers.connect(rest, number(), CONNECT)
    assert connected.former is None
    await numbers.disconnect(rest, number(connected_target=connected.target))
    assert (state["voice_url"], state["status_callback"]) == ("", "")


async def test_a_number_that_points_elsewhere_since_is_left_alone(
    server: Server, rest: Rest
) -> None:
    state = rented()
    server.decide = exchange_of(state)
    connected = await numbers.connect(rest, number(), CONNECT)
    state["voice_url"] = "https://third.example/"
    with pytest.raises(CarrierRefused, match=r"third\.example"):
        await numbers.disconnect(rest, number(connected_target=connected.target))
    assert state["voice_url"] == "https://third.example/"


@pytest.mark.parametrize(
    "elsewhere", [{"voice_application_sid": "AP" + "6" * 32}, {"trunk_sid": "TK" + "7" * 32}]
)
async def test_an_application_or_a_trunk_is_not_taken_away(
    server: Server, rest: Rest, elsewhere: dict[str, str]
) -> None:
    server.decide = exchange_of(rented(**elsewhere))
    (sid,) = elsewhere.values()
    seen = await numbers.connect(rest, number(), LOOK)
    assert seen.target == sid
    assert sid in seen.notes[0]
    with pytest.raises(CarrierRefused, match=sid):
        await numbers.connect(rest, number(), CONNECT)
    assert {one.method for one in server.seen} == {"GET"}


async def test_a_foreign_number_is_refused(server: Server, rest: Rest) -> None:
    server.decide = always(
        Answer(200, page(rented(phone_number="+141555501990"), key="incoming_phone_numbers"))
    )
    with pytest.raises(CarrierRefused, match="not of this account"):
        await numbers.connect(rest, number(), CONNECT)


def test_what_a_person_does_has_the_addresses_to_paste() -> None:
    steps = numbers.setup_steps(number(), {Kind.ANSWER: URL, Kind.ENDED: f"{URL}3"})
    assert [step.paste for step in steps] == [
        f"linecard numbers connect {OURS}",
        URL + DOCUMENT_RULES,
        f"{URL}3{CALLBACK_RULES}",
    ]


def priced(*lines: dict[str, Any], unit: str = "USD") -> dict[str, Any]:
    return {
        "country": "India",
        "iso_country": "IN",
        "outbound_prefix_prices": list(lines),
        "inbound_call_prices": [],
        "price_unit": unit,
    }


def line(prefixes: list[str], price: str, origins: list[str] | None = None) -> dict[str, Any]:
    return {
        "destination_prefixes": prefixes,
        "origination_prefixes": origins or ["ALL"],
        "friendly_name": "x",
        "base_price": "9",
        "current_price": price,
    }


async def test_the_longest_prefix_is_the_price(server: Server, rest: Rest) -> None:
    lines = [line(["91"], "0.0500"), line(["9180", "9181"], "0.0405"), line(["9199"], "0.9")]
    server.decide = always(Answer(200, priced(*lines, line(["9180"], "0.7", ["44"]))))
    first, *fees = await prices.rates(rest, "+918012345678")
    assert (first.what, first.prefix, first.usd) == (Charge.CALL, "+9180", "0.0405")
    assert (first.per, first.pulse_seconds) == (Per.MINUTE, 60)
    assert server.seen[0].path == "/v2/Voice/Countries/IN"
    assert {fee.what for fee in fees} == {
        Charge.STREAM,
        Charge.RECORDING,
        Charge.DETECTION,
        Charge.CONFERENCE,
    }


async def test_fees_are_dated_and_stand_alone_where_calls_have_no_price(
    server: Server, rest: Rest
) -> None:
    server.decide = always(Answer(200, priced(line(["91"], "0.05"), unit="EUR")))
    lines = await prices.rates(rest, "+91")
    assert all("since 20" in fee.source for fee in lines)
    assert Charge.CALL not in {fee.what for fee in lines}
    detection = next(fee for fee in lines if fee.what is Charge.DETECTION)
    assert detection.per is Per.CALL
    server.decide = always(error(20404, 404))
    assert await prices.rates(rest, "+91") == lines
    with pytest.raises(InvalidField):
        await prices.rates(rest, "+0")


async def test_settings_are_asked_at_the_address_that_replaces_twilio(server: Server) -> None:
    rest = Rest(settings(f"{server.url}/", region="ie1", edge="dublin"))
    server.decide = always(Answer(200, twilio_call(status="ringing")))
    await lookups.find(rest, {"call_sid": SID})
    assert server.seen[0].headers["Host"] == urlsplit(server.url).netloc


async def test_cancelling_a_question_leaves_nothing_open(server: Server, rest: Rest) -> None:
    server.decide = always(Answer(200, twilio_call(), wait=30))
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2.0):
            await lookups.find(rest, {"call_sid": SID})
    assert time.monotonic() - started < 10

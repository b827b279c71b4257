"""Requests through the vendor's SDK to a real socket: what leaves, how often, and what each answer means."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

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
    Machine,
    Number,
    PlacementUnknown,
    PlaceOrder,
    RecordingOrder,
    Secret,
    TransferOrder,
    TransferStart,
    UnsupportedByProvider,
)
from linecard.listening import free_port
from linecard.outbound.gate import Gate
from linecard_plivo import applications, calls, lookups, prices, transfers
from linecard_plivo.facts import PROFILES
from linecard_plivo.rest import Patience, Rest
from linecard_plivo.settings import PlivoSettings

AUTH_ID = "MA" + "X" * 18
TOKEN = "first_token_0123456789"
ACCOUNT = f"/v1/Account/{AUTH_ID}"
UUID = "9834029e-58b6-11e1-b8b7-a5bd0e4e126f"
URL = "https://voice.example.com/plivo/answer?a=main&k=answer&t=x"
DOCUMENT_RULES = "#ct=2000&rt=4000&rc=2&rp=ct,rt,5xx"
CALLBACK_RULES = "#rc=5&rp=ct,rt,5xx"
FIRED = {"message": "call fired", "request_uuid": UUID, "api_id": "a"}


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: dict[str, Any]


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
        self.decide: Decide = lambda _seen: Answer(404, {"error": "not found"})
        self.released = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

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
        body = handler.rfile.read(length)
        parts = urlsplit(handler.path)
        seen = Seen(
            handler.command,
            parts.path,
            dict(parse_qsl(parts.query)),
            dict(handler.headers),
            json.loads(body) if body else {},
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


def settings(url: str) -> PlivoSettings:
    return PlivoSettings(
        auth_id=AUTH_ID, auth_token=Secret(f"{TOKEN},second_token_0123456789"), api_url=url
    )


@pytest.fixture
def rest(server: Server) -> Rest:
    return Rest(settings(server.url))


def call(**more: Any) -> Call:
    given: dict[str, Any] = {
        "id": "c1",
        "provider": "plivo",
        "account": "main",
        "direction": Direction.OUTBOUND,
        "from_": "+14155550199",
        "to": "+14155550123",
        "number": "+14155550199",
        "agent": "echo",
        "profile": "l16-8000",
        "status": CallStatus.IN_PROGRESS,
        "created_at": datetime.now(UTC),
        "carrier_ids": {"request_uuid": UUID},
    }
    return Call(**(given | more))


def cleared(number: str = "+14155550123") -> Cleared:
    return Gate(frozenset({"US", "IN"}), ()).clear_call(number)


def order(**more: Any) -> PlaceOrder:
    return PlaceOrder(
        call=call(carrier_ids={}, **more),
        to=cleared(),
        profile=PROFILES[0],
        answer_url=URL,
        fallback_url=URL,
        ringing_url=URL,
        ended_url=URL,
        machine_url=URL,
    )


def number(**more: Any) -> Number:
    return Number(
        id="n1", number="+14155550199", provider="plivo", account="main", agent="echo", **more
    )


def always(answer: Answer) -> Decide:
    return lambda _seen: answer


def routes(table: dict[str, object]) -> Decide:
    """Answers by `METHOD path`, with the account's part of the path left out; else 404."""

    def decide(seen: Seen) -> Answer:
        path = seen.path.removeprefix(ACCOUNT)
        status = seen.query.get("status")
        key = f"{seen.method} {path}" + (f"?status={status}" if status else "")
        if key not in table:
            return Answer(404, {"api_id": "a", "error": "not found"})
        found = table[key]
        return found if isinstance(found, Answer) else Answer(200, found)

    return decide


# Placing a call


async def test_a_dial(server: Server, rest: Rest) -> None:
    server.decide = always(Answer(201, FIRED))
    placed = await calls.place(rest, order(send_digits="12w", max_seconds=600, ring_seconds=30))
    assert (placed.carrier_ids, placed.queued) == ({"request_uuid": UUID}, False)
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", f"{ACCOUNT}/Call/")
    pair = base64.b64encode(f"{AUTH_ID}:{TOKEN}".encode()).decode()
    assert seen.headers["Authorization"] == f"Basic {pair}"
    expected = {
        "from": "14155550199",
        "to": "14155550123",
        "answer_url": URL + DOCUMENT_RULES,
        "answer_method": "POST",
        "fallback_url": URL + DOCUMENT_RULES,
        "fallback_method": "POST",
        "ring_url": URL + CALLBACK_RULES,
        "ring_method": "POST",
        "hangup_url": URL + CALLBACK_RULES,
        "hangup_method": "POST",
        "time_limit": 600,
        "ring_timeout": 30,
        "send_digits": "12w",
    }
    assert {name: seen.body[name] for name in expected} == expected
    assert "machine_detection" not in seen.body
    assert "machine_detection_url" not in seen.body


async def test_machine_detection_is_asynchronous(server: Server, rest: Rest) -> None:
    server.decide = always(Answer(201, FIRED))
    await calls.place(rest, order(machine=Machine.DETECT))
    body = server.seen[0].body
    assert body["machine_detection"] == "true"
    assert body["machine_detection_url"] == URL + CALLBACK_RULES
    assert body["machine_detection_method"] == "POST"


async def test_waiting_for_the_beep_is_not_supported(server: Server, rest: Rest) -> None:
    with pytest.raises(UnsupportedByProvider, match="machine=wait-for-beep"):
        await calls.place(rest, order(machine=Machine.WAIT_FOR_BEEP))
    assert server.seen == []


async def test_a_dial_above_the_rate_is_queued(server: Server, rest: Rest) -> None:
    server.decide = always(Answer(201, FIRED | {"message": "call queued"}))
    assert (await calls.place(rest, order())).queued


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 409, 422])
async def test_a_refused_dial_is_definite(server: Server, rest: Rest, status: int) -> None:
    body = {"api_id": "a", "error": "Calls to +14155550123 are barred"}
    server.decide = always(Answer(status, body))
    with pytest.raises(CarrierRefused, match=f"plivo: {status} Calls to") as refused:
        await calls.place(rest, order())
    assert refused.value.status == status
    assert "14155550123" not in str(refused.value)
    assert len(server.seen) == 1


async def test_a_refusal_in_any_shape_keeps_its_status(server: Server, rest: Rest) -> None:
    for body in ({"error": {"to": ["invalid"]}}, b"<html>", b"", [1], 5, None):
        server.decide = always(Answer(403, body))
        with pytest.raises(CarrierRefused) as refused:
            await calls.place(rest, order())
        assert refused.value.status == 403


@pytest.mark.parametrize(("header", "seconds"), [({"Retry-After": "7"}, 7.0), ({}, None)])
async def test_too_many_requests(
    server: Server, rest: Rest, header: dict[str, str], seconds: float | None
) -> None:
    server.decide = always(Answer(429, {"error": "slow down"}, header))
    with pytest.raises(CarrierRefused) as refused:
        await calls.place(rest, order())
    assert (refused.value.status, refused.value.retry_after) == (429, seconds)
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 302])
async def test_a_fault_at_a_dial_leaves_it_unknown_after_one_post(
    server: Server, rest: Rest, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    server.decide = always(Answer(status, {"error": "x"}, {"Location": f"{server.url}/elsewhere"}))
    with pytest.raises(PlacementUnknown) as unknown:
        await calls.place(rest, order())
    assert unknown.value.status == status
    assert len(server.seen) == 1
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "body",
    [
        None,
        b"<html>created</html>",
        b'{"request_uuid": "98',
        [UUID],
        5,
        {"message": "call fired"},
        {"request_uuid": None},
        {"request_uuid": ""},
        {"request_uuid": [UUID, UUID]},
        b"[" * 100_000,
    ],
    ids=["empty", "html", "cut", "list", "number", "no-id", "null", "blank", "many", "deep"],
)
async def test_an_unreadable_answer_to_a_dial_leaves_it_unknown(
    server: Server, rest: Rest, body: object
) -> None:
    server.decide = always(Answer(201, body))
    with pytest.raises(PlacementUnknown):
        await calls.place(rest, order())
    assert len(server.seen) == 1


async def test_a_body_that_is_not_what_its_headers_say_leaves_it_unknown(
    server: Server, rest: Rest
) -> None:
    server.decide = always(Answer(201, b"not gzip", {"Content-Encoding": "gzip"}))
    with pytest.raises(PlacementUnknown):
        await calls.place(rest, order())


async def test_a_connection_that_breaks_after_the_request_leaves_it_unknown(
    server: Server, rest: Rest
) -> None:
    server.decide = always(Answer(drop=True))
    with pytest.raises(PlacementUnknown):
        await calls.place(rest, order())
    assert len(server.seen) == 1


async def test_a_late_answer_leaves_the_dial_unknown(server: Server) -> None:
    server.decide = always(Answer(201, FIRED, wait=30))
    rest = Rest(settings(server.url), Patience(dial=0.2))
    with pytest.raises(PlacementUnknown, match="timed out"):
        await calls.place(rest, order())
    assert len(server.seen) == 1


async def test_a_refused_connection_is_a_definite_failure_of_a_dial() -> None:
    rest = Rest(settings(f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(CarrierRefused, match="ConnectionError"):
        await calls.place(rest, order())


async def test_an_unknown_host_is_a_definite_failure_of_a_dial(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_such_host(*_args: object, **_options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    rest = Rest(settings("https://api.plivo.invalid"))
    monkeypatch.setattr(socket, "getaddrinfo", no_such_host)
    with pytest.raises(CarrierRefused, match="not known"):
        await calls.place(rest, order())


async def test_a_number_that_calls_itself_is_refused_by_the_sdk(server: Server, rest: Rest) -> None:
    with pytest.raises(CarrierRefused, match="overlap"):
        await calls.place(rest, order(number="+14155550123"))
    assert server.seen == []


async def test_the_event_loop_runs_on_while_the_carrier_thinks(server: Server, rest: Rest) -> None:
    server.decide = always(Answer(201, FIRED, wait=30))
    placing = asyncio.create_task(calls.place(rest, order()))
    deadline = time.monotonic() + 20
    while not server.seen and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    assert len(server.seen) == 1
    assert not placing.done()
    server.released.set()
    assert (await placing).carrier_ids == {"request_uuid": UUID}


async def test_dials_run_side_by_side(server: Server, rest: Rest) -> None:
    meeting = threading.Barrier(4)

    def decide(_seen: Seen) -> Answer:
        meeting.wait(20)
        return Answer(201, FIRED)

    server.decide = decide
    placed = await asyncio.gather(*(calls.place(rest, order()) for _ in range(4)))
    assert len(placed) == 4


# Ending a call


async def test_hanging_up(server: Server, rest: Rest) -> None:
    server.decide = always(Answer(204))
    live = call(carrier_ids={"request_uuid": "r", "call_uuid": UUID})
    assert await calls.hang_up(rest, live) is HangUpResult.DONE
    assert [(s.method, s.path) for s in server.seen] == [("DELETE", f"{ACCOUNT}/Call/{UUID}/")]


async def test_hanging_up_what_the_carrier_does_not_know_proves_nothing(
    server: Server, rest: Rest
) -> None:
    assert await calls.hang_up(rest, call()) is HangUpResult.NOT_FOUND
    assert await calls.hang_up(rest, call(carrier_ids={})) is HangUpResult.NOT_FOUND
    assert len(server.seen) == 1


async def test_hanging_up_is_tried_twice(server: Server, rest: Rest) -> None:
    answers = iter([Answer(503), Answer(204)])
    server.decide = lambda _seen: next(answers)
    assert await calls.hang_up(rest, call()) is HangUpResult.DONE
    server.decide = always(Answer(503))
    with pytest.raises(CarrierUnavailable) as unavailable:
        await calls.hang_up(rest, call())
    assert unavailable.value.status == 503
    assert len(server.seen) == 4


async def test_a_refused_hang_up_is_not_tried_again(server: Server, rest: Rest) -> None:
    server.decide = always(Answer(401, {"error": "no"}))
    with pytest.raises(CarrierRefused):
        await calls.hang_up(rest, call())
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("request_status", "call_status", "result"),
    [
        (204, 404, HangUpResult.DONE),
        (404, 204, HangUpResult.DONE),
        (204, 204, HangUpResult.DONE),
        (404, 404, HangUpResult.NOT_FOUND),
    ],
)
async def test_cancelling_ends_the_request_and_the_call(
    server: Server, rest: Rest, request_status: int, call_status: int, result: HangUpResult
) -> None:
    server.decide = routes(
        {
            f"DELETE /Request/{UUID}/": Answer(request_status),
            f"DELETE /Call/{UUID}/": Answer(call_status),
        }
    )
    assert await calls.cancel(rest, call()) is result
    assert [s.path.removeprefix(ACCOUNT) for s in server.seen] == [
        f"/Request/{UUID}/",
        f"/Call/{UUID}/",
    ]


# Transfer, keys, recordings


async def test_a_transfer(server: Server, rest: Rest) -> None:
    server.decide = always(Answer(202, {"message": "call transferred", "api_id": "a"}))
    started = await transfers.transfer(rest, call(), TransferOrder(reference="t", document_url=URL))
    assert started.start is TransferStart.DOCUMENT_AFTER_STREAM
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", f"{ACCOUNT}/Call/{UUID}/")
    assert seen.body["legs"] == "aleg"
    assert seen.body["aleg_url"] == URL + DOCUMENT_RULES
    assert seen.body["aleg_method"] == "POST"


@pytest.mark.parametrize(("status", "error"), [(404, CarrierRefused), (500, CarrierUnavailable)])
async def test_a_transfer_is_never_asked_for_twice(
    server: Server, rest: Rest, status: int, error: type[Exception]
) -> None:
    server.decide = always(Answer(status, {"error": "x"}))
    with pytest.raises(error):
        await transfers.transfer(rest, call(), TransferOrder(reference="t", document_url=URL))
    assert len(server.seen) == 1


async def test_keys(server: Server, rest: Rest) -> None:
    server.decide = always(Answer(202, {"message": "digits sent", "api_id": "a"}))
    await calls.send_digits(rest, call(), "12#")
    assert server.seen[0].path == f"{ACCOUNT}/Call/{UUID}/DTMF/"
    assert server.seen[0].body["digits"] == "12#"
    assert server.seen[0].body["leg"] == "aleg"


@pytest.mark.parametrize(("options", "format"), [({}, "wav"), ({"recording_format": "mp3"}, "mp3")])
async def test_starting_a_recording(
    server: Server, rest: Rest, options: dict[str, object], format: str
) -> None:
    server.decide = always(Answer(202, {"url": "u", "recording_id": "r1", "api_id": "a"}))
    wish = RecordingOrder(callback_url=URL, max_seconds=1860)
    assert await calls.start_recording(rest, call(options=options), wish) == "r1"
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", f"{ACCOUNT}/Call/{UUID}/Record/")
    assert seen.body["time_limit"] == 1860
    assert seen.body["file_format"] == format
    assert seen.body["callback_url"] == URL + CALLBACK_RULES
    assert seen.body["callback_method"] == "POST"


@pytest.mark.parametrize("status", [404, 409])
async def test_a_recording_that_comes_too_early_says_so(
    server: Server, rest: Rest, status: int
) -> None:
    server.decide = always(Answer(status, {"error": "call is not in progress"}))
    with pytest.raises(CarrierRefused) as refused:
        await calls.start_recording(rest, call(), RecordingOrder(callback_url=URL, max_seconds=60))
    assert refused.value.status == status
    assert len(server.seen) == 1


async def test_stopping_recordings(server: Server, rest: Rest) -> None:
    server.decide = always(Answer(204))
    await calls.stop_recording(rest, call())
    assert (server.seen[0].method, server.seen[0].path) == (
        "DELETE",
        f"{ACCOUNT}/Call/{UUID}/Record/",
    )
    server.decide = always(Answer(404, {"error": "none"}))
    await calls.stop_recording(rest, call())


async def test_fetching_a_recording(server: Server, rest: Rest) -> None:
    url = "https://media.plivo.com/v1/Account/MAX/Recording/r1.wav"
    download = await calls.fetch_recording(rest, "r1", url)
    assert download.url == url
    assert download.hosts == {"media.plivo.com", urlsplit(rest.settings.api_url).netloc}
    pair = base64.b64encode(f"{AUTH_ID}:{TOKEN}".encode()).decode()
    assert download.authorization == f"Basic {pair}"
    assert server.seen == []
    server.decide = routes({"GET /Recording/r1/": {"recording_id": "r1", "recording_url": url}})
    assert (await calls.fetch_recording(rest, "r1", None)).url == url


async def test_credentials_go_to_plivo_alone() -> None:
    rest = Rest(settings("https://api.plivo.com"))
    assert (await calls.fetch_recording(rest, "r1", "https://x.example/")).hosts == {
        "media.plivo.com"
    }


async def test_recordings_of_a_region_are_plivos_own() -> None:
    rest = Rest(settings("https://api.plivo.com"))
    for url, ours in (
        ("https://aps1.media.plivo.com/v1/r.mp3", True),
        ("https://evilmedia.plivo.com.example/r.mp3", False),
    ):
        hosts = (await calls.fetch_recording(rest, "r1", url)).hosts
        assert (urlsplit(url).netloc in hosts) is ours


# Look-ups

LIVE = {
    "api_id": "a",
    "call_status": "in-progress",
    "call_uuid": UUID,
    "caller_name": "",
    "direction": "outbound",
    "from": "14155550199",
    "request_uuid": UUID,
    "session_start": "2024-10-25 14:13:37.779297",
    "to": "14155550123",
}
DETAIL = {
    "api_id": "a",
    "answer_time": "2024-10-25 19:43:40+05:30",
    "bill_duration": 66,
    "billed_duration": 120,
    "call_direction": "outbound",
    "call_duration": 66,
    "call_state": "ANSWER",
    "call_uuid": UUID,
    "end_time": "2024-10-25 19:44:46+05:30",
    "from_number": "14155550199",
    "hangup_cause_code": 4000,
    "hangup_cause_name": "Normal Hangup",
    "hangup_source": "Callee",
    "initiation_time": "2024-10-25 19:43:37+05:30",
    "parent_call_uuid": None,
    "resource_uri": "x",
    "to_number": "14155550123",
    "total_amount": "0.01000",
    "total_rate": "0.00500",
}
BEGAN = datetime(2024, 10, 25, 14, 13, 37, tzinfo=UTC).timestamp()


async def test_finding_a_live_call(server: Server, rest: Rest) -> None:
    server.decide = routes({f"GET /Call/{UUID}/?status=live": LIVE})
    found = await lookups.find(rest, {"call_uuid": UUID})
    assert (found.found, found.answered) == (Found.LIVE, True)
    server.decide = routes({f"GET /Call/{UUID}/?status=live": LIVE | {"call_status": "ringing"}})
    assert not (await lookups.find(rest, {"request_uuid": UUID})).answered


async def test_finding_a_queued_call(server: Server, rest: Rest) -> None:
    queued = LIVE | {"call_status": "queued"}
    server.decide = routes({f"GET /Call/{UUID}/?status=queued": queued})
    found = await lookups.find(rest, {"request_uuid": UUID})
    assert (found.found, found.answered) == (Found.LIVE, False)


async def test_finding_a_call_that_is_over(server: Server, rest: Rest) -> None:
    server.decide = routes({f"GET /Call/{UUID}/": DETAIL})
    found = await lookups.find(rest, {"call_uuid": UUID})
    assert (found.found, found.answered) == (Found.ENDED, True)
    assert found.ended is not None
    assert found.ended.status is CallStatus.COMPLETED
    assert (found.ended.duration, found.ended.billed) == (66, 120)
    assert (found.ended.cost, found.ended.code) == ("0.01000", "4000")
    assert (found.ended.reason, found.ended.ended_by) == ("normal hangup", "callee")
    assert not found.ended.ran_out
    server.decide = routes({f"GET /Call/{UUID}/": DETAIL | {"hangup_cause_code": 4010}})
    ran_out = (await lookups.find(rest, {"call_uuid": UUID})).ended
    assert ran_out is not None
    assert ran_out.ran_out


async def test_a_call_without_an_answer_in_its_record(server: Server, rest: Rest) -> None:
    record = DETAIL | {"answer_time": None, "bill_duration": 0, "hangup_cause_code": "3010"}
    server.decide = routes({f"GET /Call/{UUID}/": record})
    found = await lookups.find(rest, {"call_uuid": UUID})
    assert found.ended is not None
    assert (found.ended.status, found.answered) == (CallStatus.BUSY, False)


async def test_finding_nothing_and_not_knowing(server: Server, rest: Rest) -> None:
    assert (await lookups.find(rest, {"call_uuid": UUID})).found is Found.NOT_FOUND
    assert (await lookups.find(rest, {})).found is Found.CANNOT_TELL
    unfinished = DETAIL | {"end_time": None, "hangup_cause_code": None}
    server.decide = routes({f"GET /Call/{UUID}/": unfinished})
    assert (await lookups.find(rest, {"call_uuid": UUID})).found is Found.CANNOT_TELL
    server.decide = always(Answer(500))
    with pytest.raises(CarrierUnavailable):
        await lookups.find(rest, {"call_uuid": UUID})


def listed(over: Sequence[object], live: list[str], queued: list[str]) -> dict[str, object]:
    return {
        "GET /Call/": {"api_id": "a", "meta": {"next": None}, "objects": over},
        "GET /Call/?status=live": {"api_id": "a", "calls": live},
        "GET /Call/?status=queued": {"api_id": "a", "calls": queued},
    }


async def test_searching_finds_only_what_fits(server: Server, rest: Rest) -> None:
    over = [
        DETAIL | {"call_uuid": "fits"},
        DETAIL | {"call_uuid": "other-to", "to_number": "14155550124"},
        DETAIL | {"call_uuid": "other-from", "from_number": "14155550198"},
        DETAIL | {"call_uuid": "long-ago", "initiation_time": "2024-10-25 19:40:00+05:30"},
        DETAIL | {"call_uuid": "no-time", "initiation_time": None},
    ]
    table = listed(over, ["live-1", "live-gone"], ["queued-1"])
    table["GET /Call/live-1/?status=live"] = LIVE | {"call_uuid": "live-1", "from": "+14155550199"}
    table["GET /Call/queued-1/?status=queued"] = LIVE | {
        "call_uuid": "queued-1",
        "call_status": "queued",
        "request_uuid": None,
    }
    server.decide = routes(table)
    found = await lookups.search(rest, "+14155550199", cleared(), BEGAN)
    assert {each.carrier_ids["call_uuid"]: each.found for each in found} == {
        "fits": Found.ENDED,
        "live-1": Found.LIVE,
        "queued-1": Found.LIVE,
    }
    first = server.seen[0].query
    assert (first["from_number"], first["to_number"]) == ("14155550199", "14155550123")


async def test_searching_finds_nothing(server: Server, rest: Rest) -> None:
    server.decide = routes(listed([], [], []))
    assert await lookups.search(rest, "+14155550199", cleared(), BEGAN) == []


# Numbers and applications

FORMER = f"{ACCOUNT}/Application/111/"
OURS = f"{ACCOUNT}/Application/222/"


def wish(apply: bool = True) -> ConnectOrder:
    return ConnectOrder(
        name="linecard-voice-example-com",
        apply=apply,
        answer_url=URL,
        ended_url=URL,
        fallback_url=URL,
    )


def page(*apps: tuple[str, str]) -> dict[str, object]:
    objects = [{"app_id": app_id, "app_name": name} for app_id, name in apps]
    return {"api_id": "a", "meta": {"next": None}, "objects": objects}


ADDRESSES = {
    "answer_url": URL + DOCUMENT_RULES,
    "answer_method": "POST",
    "hangup_url": URL + CALLBACK_RULES,
    "hangup_method": "POST",
    "fallback_answer_url": URL + DOCUMENT_RULES,
    "fallback_method": "POST",
}


def changes(server: Server) -> list[tuple[str, dict[str, Any]]]:
    return [
        (s.path.removeprefix(ACCOUNT), {k: v for k, v in s.body.items() if k not in ("number",)})
        for s in server.seen
        if s.method != "GET"
    ]


async def test_looking_changes_nothing(server: Server, rest: Rest) -> None:
    server.decide = routes({"GET /Number/14155550199/": {"application": FORMER}})
    looked = await applications.connect(rest, number(), wish(apply=False))
    assert (looked.target, looked.former) == (FORMER, None)
    assert any("text messages" in note and FORMER in note for note in looked.notes)
    assert changes(server) == []


async def test_connecting_makes_one_application_and_keeps_the_messages(
    server: Server, rest: Rest
) -> None:
    server.decide = routes(
        {
            "GET /Number/14155550199/": {"application": FORMER},
            "GET /Application/": page(("111", "somebody's"), ("333", "linecard-voice")),
            "GET /Application/111/": {
                "app_id": "111",
                "message_url": "https://sms.example.com/",
                "message_method": "GET",
            },
            "POST /Application/": Answer(201, {"message": "created", "app_id": "222"}),
            "POST /Number/14155550199/": Answer(202, {"message": "changed"}),
        }
    )
    connected = await applications.connect(rest, number(), wish())
    assert (connected.target, connected.former) == (OURS, FORMER)
    (path, made), linked = changes(server)
    assert path == "/Application/"
    expected = ADDRESSES | {
        "app_name": "linecard-voice-example-com",
        "message_url": "https://sms.example.com/",
        "message_method": "GET",
    }
    assert {name: made[name] for name in expected} == expected
    assert linked == ("/Number/14155550199/", {"app_id": "222"})


async def test_connecting_again_updates_our_own_application_only(
    server: Server, rest: Rest
) -> None:
    server.decide = routes(
        {
            "GET /Number/14155550199/": {"application": OURS},
            "GET /Application/": page(("111", "x"), ("222", "linecard-voice-example-com")),
            "POST /Application/222/": Answer(202, {"message": "changed"}),
        }
    )
    connected = await applications.connect(rest, number(former_target=FORMER), wish())
    assert (connected.target, connected.former) == (OURS, FORMER)
    assert changes(server) == [("/Application/222/", ADDRESSES)]


async def test_our_application_is_found_on_a_later_page(server: Server, rest: Rest) -> None:
    full = page(*((str(n), f"app-{n}") for n in range(20)))
    rest_of = page(("222", "linecard-voice-example-com"))

    def decide(seen: Seen) -> Answer:
        if seen.method == "GET" and seen.path.endswith("/Application/"):
            return Answer(200, rest_of if seen.query["offset"] == "20" else full)
        if seen.method == "GET":
            return Answer(200, {"application": None})
        return Answer(202, {"message": "changed"})

    server.decide = decide
    connected = await applications.connect(rest, number(), wish())
    assert (connected.target, connected.former) == (OURS, None)
    assert [path for path, _ in changes(server)] == ["/Application/222/", "/Number/14155550199/"]


async def test_a_number_on_a_trunk_is_named_as_such(server: Server, rest: Rest) -> None:
    trunk = f"{ACCOUNT}/Zentrunk/Trunk/4711/"
    server.decide = routes({"GET /Number/14155550199/": {"application": trunk}})
    looked = await applications.connect(rest, number(), wish(apply=False))
    assert any("SIP trunk" in note for note in looked.notes)
    server.decide = routes(
        {
            "GET /Number/14155550199/": {"application": OURS},
            "POST /Number/14155550199/": Answer(202, {"message": "changed"}),
        }
    )
    await applications.disconnect(rest, number(former_target=trunk, connected_target=OURS))
    assert changes(server) == [("/Number/14155550199/", {"app_id": "4711"})]


async def test_disconnecting_without_a_former_target_says_what_to_do(
    server: Server, rest: Rest
) -> None:
    server.decide = routes({"GET /Number/14155550199/": {"application": OURS}})
    with pytest.raises(CarrierRefused, match="Plivo console"):
        await applications.disconnect(rest, number(connected_target=OURS))
    assert changes(server) == []


async def test_disconnecting_leaves_alone_what_somebody_else_has_changed(
    server: Server, rest: Rest
) -> None:
    elsewhere = f"{ACCOUNT}/Application/999/"
    server.decide = routes({"GET /Number/14155550199/": {"application": elsewhere}})
    with pytest.raises(CarrierRefused, match="left alone"):
        await applications.disconnect(rest, number(former_target=FORMER, connected_target=OURS))
    assert changes(server) == []


async def test_a_number_that_is_not_rented_is_refused(server: Server, rest: Rest) -> None:
    with pytest.raises(CarrierRefused) as refused:
        await applications.connect(rest, number(), wish())
    assert refused.value.status == 404


def test_the_steps_for_a_person() -> None:
    steps = applications.setup_steps(number(), URL)
    assert steps[0].paste == "linecard numbers connect +14155550199"
    assert steps[1].paste == URL + DOCUMENT_RULES
    assert all(step.do for step in steps)


# Prices

PRICING = {
    "country": "United States",
    "country_code": "1",
    "country_iso": "US",
    "phone_numbers": {"local": {"rate": "0.80"}},
    "voice": {
        "inbound": {"ip": {"rate": "0.0030"}},
        "outbound": {
            "ip": {"rate": "0.0030"},
            "rates": [
                {"prefix": ["1"], "rate": "0.01200"},
                {"prefix": ["1907", "1415555"], "rate": "0.09000"},
                {"prefix": ["1415"], "rate": "0.01100"},
            ],
        },
    },
}


@pytest.mark.parametrize(
    ("destination", "prefix", "price"),
    [
        ("+14155550123", "+1415555", "0.09000"),
        ("+14150000000", "+1415", "0.01100"),
        ("+12125550123", "+1", "0.01200"),
        ("+1", "+1", "0.01200"),
    ],
)
async def test_the_longest_prefix_sets_the_price(
    server: Server, rest: Rest, destination: str, prefix: str, price: str
) -> None:
    server.decide = routes({"GET /Pricing/": PRICING})
    (line,) = await prices.rates(rest, destination)
    assert (line.prefix, line.usd, line.pulse_seconds) == (prefix, price, 60)
    assert server.seen[0].query["country_iso"] == "US"


async def test_the_price_of_calls_that_come_in(server: Server, rest: Rest) -> None:
    inbound = {"local": {"rate": "0.0055"}, "tollfree": {"rate": "0.0210"}}
    voice = {"outbound": {"rates": []}, "inbound": inbound}
    server.decide = routes({"GET /Pricing/": {**PRICING, "voice": voice}})
    (line,) = await prices.rates(rest, "+14155550123")
    assert (line.what, line.prefix, line.usd) == (Charge.INBOUND, "+1", "0.0055")
    assert "local numbers" in line.source


async def test_a_destination_without_a_price_or_a_country(server: Server, rest: Rest) -> None:
    server.decide = routes({"GET /Pricing/": PRICING})
    assert await prices.rates(rest, "+447700900123") == ()
    assert server.seen[0].query["country_iso"] == "GB"
    with pytest.raises(InvalidField, match="destination"):
        await prices.rates(rest, "+0")
    server.decide = routes({"GET /Pricing/": {"country": "x"}})
    with pytest.raises(CarrierUnavailable):
        await prices.rates(rest, "+14155550123")

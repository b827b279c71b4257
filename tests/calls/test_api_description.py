"""What the API says of itself is true: every route is described, keyed, and answers as described."""

from __future__ import annotations

import json
import random
import re
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from tests.calls.problems import refused
from tests.calls.telephone import Telephone, telephone

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUTES = {
    ("post", "/numbers"),
    ("get", "/numbers"),
    ("get", "/numbers/{number}"),
    ("patch", "/numbers/{number}"),
    ("delete", "/numbers/{number}"),
    ("post", "/numbers/{number}/rotate"),
    ("get", "/blocklist"),
    ("post", "/blocklist"),
    ("delete", "/blocklist/{caller}"),
    ("post", "/calls"),
    ("get", "/calls"),
    ("get", "/calls/{call_id}"),
    ("get", "/calls/{call_id}/explanation"),
    ("get", "/calls/{call_id}/payloads"),
    ("post", "/calls/{call_id}/hangup"),
    ("post", "/calls/{call_id}/transfer"),
    ("post", "/calls/{call_id}/dtmf"),
    ("post", "/calls/{call_id}/recording"),
    ("get", "/calls/{call_id}/recordings/{n}"),
    ("get", "/notifications"),
    ("post", "/notifications/{notification_id}/retry"),
    ("delete", "/calls/{call_id}/recordings/{n}"),
    ("post", "/forget"),
    ("get", "/providers"),
    ("get", "/rates"),
    ("post", "/leads"),
    ("get", "/leads"),
    ("get", "/leads/{lead_id}"),
    ("post", "/leads/{lead_id}/cancel"),
    ("post", "/campaigns"),
    ("get", "/campaigns"),
    ("get", "/campaigns/{campaign_id}"),
    ("post", "/campaigns/{campaign_id}/pause"),
    ("post", "/campaigns/{campaign_id}/resume"),
    ("post", "/campaigns/{campaign_id}/stop"),
    ("post", "/campaigns/{campaign_id}/leads.csv"),
    ("get", "/campaigns/{campaign_id}/leads.csv"),
    ("get", "/campaigns/{campaign_id}/report"),
    ("get", "/campaigns/{campaign_id}/report.svg"),
    ("patch", "/campaigns/{campaign_id}"),
}
WRONG_KEYS = [
    {},
    {"Authorization": "Bearer wrong-key-0123456789abcdef"},
    {"Authorization": "Bearer"},
    {"Authorization": "Basic dGVzdC1rZXktMDEyMzQ1Njc4OWFiY2RlZg=="},
    {"Authorization": "test-key-0123456789abcdef"},
    {"Authorization": "Bearer test-key-0123456789abcdef,test-key-0123456789abcdef"},
    {"X-Forwarded-For": "127.0.0.1", "Host": "127.0.0.1"},
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Telephone]:
    async with telephone(tmp_path_factory.mktemp("world")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stranger(world: Telephone) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=world.url) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def document(world: Telephone) -> dict[str, Any]:
    return dict((await world.api.get("/api/openapi.json")).json())


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def address(path: str) -> str:
    return "/api" + re.sub(r"\{.*?\}", "1", path)


async def test_every_route_is_described(document: dict[str, Any]) -> None:
    assert {(method, path) for method, path, _ in operations(document)} == ROUTES
    assert document["servers"] == [{"url": "/api"}]


async def test_every_route_wants_the_key(
    stranger: httpx2.AsyncClient, document: dict[str, Any]
) -> None:
    tried = 0
    for method, path, operation in operations(document):
        assert operation["security"] == [{"HTTPBearer": []}]
        for headers in WRONG_KEYS:
            answer = await stranger.request(method.upper(), address(path), headers=headers)
            refused(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"
            tried += 1
    assert tried == len(ROUTES) * len(WRONG_KEYS)


async def test_a_stranger_learns_nothing_from_what_is_sent(
    world: Telephone, stranger: httpx2.AsyncClient
) -> None:
    headers = {"content-type": "application/json"}
    refused(await stranger.post("/api/numbers", content="{", headers=headers), 401)
    refused(await stranger.get("/api/nothing"), 401)
    refused(await stranger.put("/api/numbers"), 401)
    refused(await stranger.get("/metrics"), 401)
    assert (await world.api.get("/metrics")).status_code == 200


async def test_the_scheme_is_read_without_regard_to_case(stranger: httpx2.AsyncClient) -> None:
    headers = {"Authorization": "bearer test-key-0123456789abcdef"}
    assert (await stranger.get("/api/providers", headers=headers)).status_code == 200


async def test_health_and_the_description_are_open(stranger: httpx2.AsyncClient) -> None:
    for path in ("/healthz", "/readyz", "/api/openapi.json"):
        assert (await stranger.get(path)).status_code == 200, path
    page = await stranger.get("/api/docs")
    assert page.status_code == 200
    assert "url: 'openapi.json'" in page.text


async def test_unknown_routes_and_methods_are_problems_too(world: Telephone) -> None:
    refused(await world.api.get("/api/nothing"), 404)
    refused(await world.api.get("/api/"), 404)
    refused(await world.api.get("/api/calls/x/nothing"), 404)
    refused(await world.api.get("/api/numbers/"), 404)
    answer = await world.api.put("/api/numbers", json={})
    refused(answer, 405)
    assert {"GET", "POST"} & set(re.split(r",\s*", answer.headers["allow"]))


async def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))
    assert references
    for reference in references:
        found: Any = document
        for part in reference.split("/"):
            found = found[part]
        assert found


async def test_every_error_is_described_as_the_problem_that_it_is(
    document: dict[str, Any],
) -> None:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for method, path, operation in operations(document):
        errors = {s: r for s, r in operation["responses"].items() if s == "default" or s >= "400"}
        assert {"401", "default"} <= set(errors), (method, path)
        for response in errors.values():
            assert response["content"] == problem, (method, path)
        assert [status for status in operation["responses"] if status < "300"], (method, path)


async def test_answers_fit_their_schema(world: Telephone, document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    number = {"number": "+14155550100", "provider": "plivo", "agent": "echo"}
    shown = {
        "NumberOut": (await world.api.post("/api/numbers", json=number)).json(),
        "NumberList": (await world.api.get("/api/numbers")).json(),
        "CallList": (await world.api.get("/api/calls")).json(),
        "ProviderList": (await world.api.get("/api/providers")).json(),
        "Problem": (await world.api.get("/api/calls/none")).json(),
    }
    for name, body in shown.items():
        assert set(body) <= set(schemas[name]["properties"]), name
        assert set(schemas[name]["required"]) <= set(body), name


async def test_what_the_schema_of_a_call_promises(document: dict[str, Any]) -> None:
    call = document["components"]["schemas"]["CallOut"]["properties"]
    wanted = (
        "id status direction from to provider account agent carrier_ids metadata created_at "
        "answered_at ended_at duration cost end_reason answered_by answered_word recordings events"
    )
    assert set(wanted.split()) <= set(call)
    wish = document["components"]["schemas"]["CallIn"]["properties"]
    fields = "from to agent record machine voicemail ring_seconds max_seconds send_digits metadata notify enhance"
    assert set(wish) == set(fields.split())
    place = document["paths"]["/calls"]["post"]
    assert [one["name"] for one in place["parameters"]] == ["Idempotency-Key"]
    assert {"201", "401", "409", "422", "429", "501"} <= set(place["responses"])


async def test_providers_are_listed_with_what_they_can_do(world: Telephone) -> None:
    listed = (await world.api.get("/api/providers")).json()
    assert listed["next"] is None
    assert [one["name"] for one in listed["items"]] == ["exotel", "plivo", "twilio"]
    assert {one["name"] for one in listed["enhancers"]} == {"aic", "rnnoise"}
    assert all(one["skipped"] is None for one in listed["items"])
    assert [one["accounts"] for one in listed["items"]] == [[], ["main"], []]
    plivo = listed["items"][1]
    assert set(plivo["profiles"]) == {"l16-8000", "l16-16000", "pcmu-8000"}
    for hooks in plivo["profiles"].values():
        assert "transfer" in hooks
        assert "pause_recording" not in hooks


NASTY: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1,
    2**63,
    10**40,
    1.5,
    "",
    " ",
    "x",
    "\x00",
    "\u202e+1\uff11",
    "x" * 5000,
    "+14155550100",
    "+14155550123",
    "plivo",
    "main",
    "echo",
    "l16-8000",
    "detect",
    "warm",
    "start",
    "12#",
    [],
    ["+14155550177"],
    [None],
    {},
    {"a": {"b": [1]}},
    {"noise_cancellation": 1},
)


async def test_no_request_makes_a_fault(world: Telephone, document: dict[str, Any]) -> None:
    chance = random.Random(20)
    described = list(operations(document))
    seen: Counter[int] = Counter()
    for _ in range(600):
        method, path, operation = chance.choice(described)
        url = "/api" + re.sub(r"\{.*?\}", lambda _: chance.choice(PATHS), path)
        query = {name: chance.choice(QUERIES) for name in ("limit", "cursor", "status", "number")}
        body = _body(chance, document, operation)
        answer = await world.api.request(method.upper(), url, params=query, json=body)
        seen[answer.status_code] += 1
        assert answer.status_code < 500 or answer.status_code == 501, (url, query, body)
        if answer.status_code >= 400:
            refused(answer, answer.status_code, *_fields(answer))
    assert {201, 404, 422} <= set(seen)


PATHS = ("+14155550100", "1", "%00", "x" * 300, "%F0%9F%98%80", "-1", "9" * 40)
FAR_CURSOR = b64encode(b'["0001-01-01T00:00:00+14:00","x"]').decode()
QUERIES = (FAR_CURSOR, "", "1", "0", "x", "\x00", "completed", "+14155550100", "WzEsMl0", "9" * 40)


def _fields(answer: httpx2.Response) -> list[str]:
    return [error["field"] for error in answer.json().get("errors", [])]


def _body(chance: random.Random, document: dict[str, Any], operation: dict[str, Any]) -> Any:
    """Fields of the operation's own body, each with a value that fits, fits elsewhere, or nowhere."""
    if "requestBody" not in operation or chance.random() < 0.05:
        return chance.choice(NASTY)
    fields = _known(document, operation["requestBody"]["content"])
    usual = {"number": "+14155550100", "provider": "plivo", "agent": "echo", "from": "+14155550100"}
    usual |= {"caller": "+19005550100", "to": "+14155550123", "name": "x"}
    kept = [name for name in fields if chance.random() < (0.95 if name in usual else 0.2)]
    return {
        name: usual[name] if name in usual and chance.random() < 0.9 else chance.choice(NASTY)
        for name in kept
    }


def _known(document: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """The fields of a body; a file has none."""
    schema = content.get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    found = document["components"]["schemas"][name] if name else schema
    fields: dict[str, Any] = found.get("anyOf", [found])[0].get("properties", {})
    return fields

"""The carriers' door under attack: what is not believed, or not readable, leaves no trace."""

from __future__ import annotations

import asyncio
import json
import random
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from itertools import chain, permutations, repeat
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlencode, urlsplit

import pytest
import pytest_asyncio
from plivo.utils.signature_v3 import construct_post_url, validate_v3_signature
from structlog.testing import capture_logs

from linecard.calls import Call, CallStatus, Direction
from linecard.exchange.sparing import SparingLog
from linecard.numbers import Number
from linecard.store import calls, inbox, numbers
from linecard.tokens import new_id
from linecard.wall import now
from linecard.webhook import Kind
from tests.calls.signed import (
    FORM,
    Changes,
    Form,
    Plivo,
    Said,
    answer_form,
    counted,
    everything,
    exchange_bytes,
    hangup_form,
    outbound_form,
    raw_request,
    ring_form,
    tail_form,
    v2_headers,
    v3_headers,
)
from tests.calls.telephone import CUSTOMER, OURS, Telephone, names, telephone

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOT_IN_HTTP = frozenset(range(33)) | {ord("#"), 127}
REJECTED = b"<?xml version='1.0' encoding='utf-8'?>\n" + (
    b'<Response><Hangup reason="rejected" /></Response>'
)
HUNG_UP = b"<?xml version='1.0' encoding='utf-8'?>\n<Response><Hangup /></Response>"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plivo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Plivo]:
    async with telephone(tmp_path_factory.mktemp("world")) as world:
        await world.register(channels=1000)
        yield Plivo.of(world)


async def dialled(world: Telephone) -> str:
    """An outbound call whose dial has not been answered yet."""
    call = Call(
        id=new_id(),
        provider="plivo",
        account="main",
        direction=Direction.OUTBOUND,
        from_=OURS,
        to=CUSTOMER,
        number=OURS,
        agent="echo",
        profile="l16-8000",
        status=CallStatus.DIALING,
        created_at=now(),
    )
    async with world.exchange.database.write() as conn:
        await calls.add(conn, call)
    return call.id


def _record(call: dict[str, object]) -> tuple[object, ...]:
    return tuple(call[name] for name in ("status", "duration", "cost", "end_reason"))


async def refused(plivo: Plivo, said: Said, before: object, *statuses: int) -> None:
    """The answer is a refusal and nothing was written."""
    assert said.status in (statuses or (403,)), said
    assert await everything(plivo.world) == before


FORGERIES: dict[str, dict[str, str | None]] = {
    "no headers at all": {"v3": None, "ma": None, "nonce": None},
    "no signature": {"v3": None, "ma": None},
    "no nonce": {"nonce": None},
    "an empty signature": {"v3": "", "ma": ""},
    "another nonce": {"nonce": "1"},
    "an empty nonce": {"nonce": ""},
    "a comma list without ours": {"v3": "AAAA,BBBB", "ma": "AAAA,BBBB"},
    "a thousand commas": {"v3": "," * 1000, "ma": "," * 1000},
    "not ASCII": {"v3": "\xe9" * 44, "ma": "\xe9" * 44},
    "very long": {"v3": "A" * 20_000, "ma": "A" * 20_000},
}
HEADERS = {
    "v3": "x-plivo-signature-v3",
    "ma": "x-plivo-signature-ma-v3",
    "nonce": "x-plivo-signature-v3-nonce",
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_signature_is_refused(plivo: Plivo, forgery: str) -> None:
    before = await everything(plivo.world)
    changes = {HEADERS[name]: value for name, value in FORGERIES[forgery].items()}
    said = await plivo.send(plivo.address(Kind.ANSWER), answer_form(), "POST", changes)
    await refused(plivo, said, before)


async def test_the_same_request_rightly_signed_is_believed(plivo: Plivo) -> None:
    url, form = plivo.address(Kind.ANSWER), answer_form()
    headers = v3_headers(plivo.token, url, form)
    signature, nonce = (headers[HEADERS[name]] for name in ("v3", "nonce"))
    assert validate_v3_signature("POST", url, nonce, plivo.token, signature, dict(form))
    said = await plivo.deliver(url, form, headers)
    assert said.status == 200
    assert b"<Stream" in said.body


async def test_either_header_alone_is_enough(plivo: Plivo) -> None:
    for missing in ("v3", "ma"):
        changes: Changes = {HEADERS[missing]: None}
        said = await plivo.send(plivo.address(Kind.ANSWER), answer_form(), "POST", changes)
        assert said.status == 200


async def test_the_old_signature_alone_is_refused(plivo: Plivo) -> None:
    before = await everything(plivo.world)
    url = plivo.address(Kind.ANSWER)
    said = await plivo.deliver(url, answer_form(), v2_headers(plivo.token, url))
    await refused(plivo, said, before)


async def test_another_accounts_token_is_refused(plivo: Plivo) -> None:
    before = await everything(plivo.world)
    stranger = replace(plivo, token="0" * 40)
    await refused(plivo, await stranger.send(plivo.address(Kind.ANSWER), answer_form()), before)


@pytest.mark.parametrize("part", ["query", "body", "v3", "nonce"])
async def test_one_bit_flipped_anywhere_is_refused(plivo: Plivo, part: str) -> None:
    url, form = plivo.address(Kind.ANSWER), answer_form()
    headers = {"content-type": FORM, **v3_headers(plivo.token, url, form)}
    del headers[HEADERS["ma"]]
    text = {"query": urlsplit(url).query, "body": urlencode(form)}.get(part)
    text = text or headers[HEADERS[part]]
    whole = raw_request("POST", url, headers, urlencode(form).encode())
    start = whole.index(text.encode())
    before = await everything(plivo.world)
    for bit in random.Random(part).sample(range(8 * len(text)), 60):
        flipped = bytearray(whole)
        flipped[start + bit // 8] ^= 1 << bit % 8
        if flipped[start + bit // 8] in NOT_IN_HTTP or _means_the_same(whole, bytes(flipped)):
            continue
        said = await exchange_bytes(plivo.world.url, bytes(flipped))
        await refused(plivo, said, before, 400, 403, 404)
    assert (await exchange_bytes(plivo.world.url, whole)).status == 200


def _means_the_same(whole: bytes, flipped: bytes) -> bool:
    """An escape may be written in small letters: `%2B` is `%2b`."""
    return unquote_to_bytes(whole) == unquote_to_bytes(flipped)


async def test_a_signature_for_another_host_is_refused_and_named_once_a_minute(
    plivo: Plivo,
) -> None:
    ours = plivo.address(Kind.ANSWER)
    with capture_logs() as lines:
        for scheme, host in [
            ("https", "old.example"),
            ("https", "old.example"),
            ("http", "x.example"),
        ]:
            before = await everything(plivo.world)
            form = answer_form()
            theirs = urlsplit(ours)._replace(scheme=scheme, netloc=host).geturl()
            headers = v3_headers(plivo.token, theirs, form)
            said = await plivo.deliver(ours, form, headers, "POST", {"host": host})
            await refused(plivo, said, before)
    named = [line["fits"] for line in lines if "fits" in line]
    assert named == ["https://old.example", "http://x.example"]
    setting = {line["setting"] for line in lines if "fits" in line}
    assert setting == {plivo.world.url}


async def test_a_flood_of_forgeries_is_logged_once_and_counted(plivo: Plivo) -> None:
    line = 'linecard_requests_refused_total{provider="plivo"}'
    counted_before = await counted(plivo.world, line)
    forged: Changes = {HEADERS["v3"]: "AAAA", HEADERS["ma"]: "AAAA"}
    with capture_logs() as lines:
        for _ in range(20):
            await plivo.send(plivo.address(Kind.RINGING), ring_form("x"), "POST", forged)
    assert await counted(plivo.world, line) == counted_before + 20
    assert len([one for one in lines if one["event"] == "carrier request refused"]) <= 2


async def test_a_line_is_said_again_after_a_minute_with_how_often_it_was_left_out() -> None:
    moments = chain((0.0, 1.0, 59.0, 61.0, 62.0), repeat(62.0))
    sparing = SparingLog(partial(next, moments))
    with capture_logs() as lines:
        for _ in range(5):
            sparing.warning("refused", reason="forged")
        sparing.warning("refused", reason="other")
        for number in range(10_000):
            sparing.warning("refused", reason=str(number))
        sparing.warning("fields", fields="\x1b[2Ja\r\nb\u202ec" + "x" * 10_000)
    assert [line.get("left_out") for line in lines[:3]] == [0, 2, 0]
    assert lines[-1]["fields"].startswith("\ufffd[2Ja\ufffd\ufffdb\ufffdcx")
    assert len(lines[-1]["fields"]) == 200
    assert len(lines) < 500


async def test_an_address_that_was_changed_is_refused(plivo: Plivo) -> None:
    _, first = await plivo.call_in()
    carrier_id, second = await plivo.call_in()
    url = plivo.address(Kind.NEXT, second, "ref-0001")
    parts = dict(pair.split("=") for pair in urlsplit(url).query.split("&"))
    changes = [
        {"c": first},
        {"c": new_id()},
        {"k": "transfer"},
        {"k": "nonsense"},
        {"x": "ref-0002"},
        {"t": parts["t"][:-1] + ("A" if parts["t"][-1] != "A" else "B")},
        {"t": ""},
        {"a": "main&a=main"},
        {"t": f"{parts['t']}&t={parts['t']}"},
    ]
    for change in changes:
        await _refused_at(plivo, url, parts | change, carrier_id)
    for missing in ("x", "k", "t", "c", "a"):
        left = {name: value for name, value in parts.items() if name != missing}
        await _refused_at(plivo, url, left, carrier_id)
    assert (await plivo.send(url, tail_form(carrier_id))).status == 200


async def _refused_at(plivo: Plivo, url: str, query: Form, carrier_id: str) -> None:
    before = await everything(plivo.world)
    text = "&".join(f"{name}={value}" for name, value in query.items())
    changed = urlsplit(url)._replace(query=text).geturl()
    await refused(plivo, await plivo.send(changed, tail_form(carrier_id)), before, 400, 403)


async def test_no_header_says_where_a_request_was_sent(plivo: Plivo) -> None:
    url, form = plivo.address(Kind.ANSWER), answer_form()
    elsewhere = urlsplit(url)._replace(scheme="https", netloc="evil.example").geturl()
    forwarded = {
        "host": "evil.example",
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "https",
        "x-forwarded-for": "127.0.0.1",
        "forwarded": "host=evil.example;proto=https",
        "x-original-url": "/plivo/answer",
    }
    before = await everything(plivo.world)
    said = await plivo.deliver(
        url, form, v3_headers(plivo.token, elsewhere, form), "POST", forwarded
    )
    await refused(plivo, said, before)
    assert (await plivo.send(url, form, "POST", forwarded)).status == 200


@pytest.mark.parametrize("strips", [True, False])
async def test_a_path_before_ours_may_be_stripped_by_the_proxy_or_not(
    tmp_path: Path, strips: bool
) -> None:
    public = "http://127.0.0.1:8080/behind/a%20proxy"
    async with telephone(tmp_path, public_url=public) as world:
        await world.register()
        proxied = Plivo.of(world)
        url, form = proxied.address(Kind.ANSWER), answer_form()
        headers = v3_headers(proxied.token, url, form)
        assert url.startswith(f"{public}/plivo/answer?")
        received = url.replace("/behind/a%20proxy", "") if strips else url
        said = await proxied.deliver(received, form, headers)
        assert said.status == 200
        assert f"ws{public.removeprefix('http')}/ws/plivo/".encode() in said.body
        plain = v3_headers(proxied.token, url.replace("/behind/a%20proxy", ""), form)
        assert (await proxied.deliver(received, form, plain)).status == 403


async def test_an_unknown_account_or_provider_is_not_found(plivo: Plivo) -> None:
    before = await everything(plivo.world)
    url = plivo.address(Kind.ANSWER)
    form = answer_form()
    for wrong in (
        url.replace("a=main", "a=other"),
        url.replace("/plivo/", "/nosuch/"),
        url.replace("/plivo/", "/PLIVO/"),
        url.replace("/plivo/", "/%2e%2e/"),
    ):
        await refused(plivo, await plivo.send(wrong, form), before, 404)


async def test_names_from_outside_never_become_labels_of_metrics(plivo: Plivo) -> None:
    for number in range(30):
        await plivo.send(f"{plivo.world.url}/stranger-{number}/answer", {})
    assert "stranger" not in (await plivo.world.api.get("/metrics")).text


async def test_a_callback_posted_to_another_calls_address_is_refused(plivo: Plivo) -> None:
    carrier_first, first = await plivo.call_in()
    _, second = await plivo.call_in()
    own = plivo.address(Kind.ENDED, first)
    form = hangup_form(carrier_first, Direction="inbound")
    headers = v3_headers(plivo.token, own, form)
    before = await everything(plivo.world)
    replayed = await plivo.deliver(plivo.address(Kind.ENDED, second), form, headers)
    await refused(plivo, replayed, before)
    signed_anew = await plivo.send(plivo.address(Kind.ENDED, second), form)
    await refused(plivo, signed_anew, before)


async def test_a_callback_of_another_call_is_refused_before_any_id_is_known(plivo: Plivo) -> None:
    carrier_first, _ = await plivo.call_in()
    fresh = await dialled(plivo.world)
    before = await everything(plivo.world)
    said = await plivo.send(plivo.address(Kind.ENDED, fresh), hangup_form(carrier_first))
    await refused(plivo, said, before)


async def test_an_exact_replay_has_one_effect(plivo: Plivo) -> None:
    carrier_id, call_id = await plivo.call_in()
    url, form = plivo.address(Kind.ENDED, call_id), hangup_form(carrier_id, Direction="inbound")
    headers = v3_headers(plivo.token, url, form)
    said = [await plivo.deliver(url, form, headers) for _ in range(3)]
    assert [one.status for one in said] == [200, 200, 200]
    call = await plivo.world.call(call_id)
    assert names(call).count("leg-ended") == 1
    before = await everything(plivo.world)
    assert (await plivo.deliver(url, form, headers)).status == 200
    assert await everything(plivo.world) == before


async def test_the_answer_of_a_call_that_is_over_hangs_up(plivo: Plivo) -> None:
    url, form = plivo.address(Kind.ANSWER), answer_form()
    headers = v3_headers(plivo.token, url, form)
    assert b"<Stream" in (await plivo.deliver(url, form, headers)).body
    call_id = await plivo.call_of(form["CallUUID"])
    over = hangup_form(form["CallUUID"], Direction="inbound")
    await plivo.send(plivo.address(Kind.ENDED, call_id), over)
    before = await everything(plivo.world)
    again = await plivo.deliver(url, form, headers)
    assert (again.status, again.body) == (200, HUNG_UP)
    assert await everything(plivo.world) == before


READ = {"CallUUID", "CallStatus", "Duration", "HangupCauseCode", "TotalCost", "Event"}
TRUE_END = ("completed", 17, "0.00850", "normal hangup")


def _cut_anew(form: Form) -> list[dict[str, str]]:
    """Other forms whose names and values join to the same text, so that one signature fits all."""
    pairs = sorted(form.items())
    whole = "".join(name + value for name, value in pairs)
    found: list[dict[str, str]] = []
    for at, (name, value) in enumerate(pairs):
        rest = pairs[:at] + pairs[at + 1 :]
        cuts = [(name[:-1], name[-1] + value)]
        cuts += [(name + value[:k], value[k:]) for k in (1, len(value)) if value]
        if at + 1 < len(pairs):
            swallowed = pairs[at + 1]
            found.append(dict([*pairs[:at], (name, value + "".join(swallowed)), *pairs[at + 2 :]]))
        found += [dict(sorted([*rest, cut])) for cut in cuts]
    return [one for one in found if "".join(n + v for n, v in sorted(one.items())) == whole]


async def test_a_form_that_was_cut_anew_says_nothing_else(plivo: Plivo) -> None:
    call_id, carrier_id = await dialled(plivo.world), str(uuid.uuid4())
    await plivo.send(plivo.address(Kind.ANSWER, call_id), outbound_form(carrier_id))
    url, form = plivo.address(Kind.ENDED, call_id), hangup_form(carrier_id)
    signed = construct_post_url(url, dict(form))
    taken: set[str] = set()
    for other in _cut_anew(form):
        assert construct_post_url(url, dict(other)) == signed
        before = await everything(plivo.world)
        said = await plivo.send(url, other)
        if said.status == 200:
            assert _record(await plivo.world.call(call_id)) == TRUE_END
            taken |= {name for name in form if form[name] != other.get(name)}
        else:
            await refused(plivo, said, before, 400, 403)
    assert taken.isdisjoint(READ)
    assert (await plivo.send(url, form)).status == 200
    assert _record(await plivo.world.call(call_id)) == TRUE_END


async def test_fields_moved_between_address_and_body_are_refused(plivo: Plivo) -> None:
    url, form = plivo.address(Kind.ANSWER), answer_form()
    before = await everything(plivo.world)
    moved = dict(form)
    text = urlencode({"BillRate": moved.pop("BillRate")})
    await refused(
        plivo,
        await plivo.deliver(f"{url}&{text}", moved, v3_headers(plivo.token, url, form)),
        before,
    )


async def test_a_field_that_stands_twice_is_refused(plivo: Plivo) -> None:
    url, form = plivo.address(Kind.ANSWER), answer_form()
    body = urlencode([*form.items(), ("CallStatus", "completed")]).encode()
    twice = {**form, "CallStatus": ["ringing", "completed"]}
    before = await everything(plivo.world)
    headers = {"content-type": FORM, **v3_headers(plivo.token, url, twice)}  # type: ignore[arg-type]
    said = await exchange_bytes(plivo.world.url, raw_request("POST", url, headers, body))
    await refused(plivo, said, before, 400)


REQUIRED = ("CallUUID", "From", "To", "Direction", "CallStatus")
MALFORMED = {
    "CallUUID": ("", "x", "../../etc/passwd", "A" * 5000),
    "From": ("<b>", "\u202e14155550100", "'; drop table calls; --"),
    "To": ("", "4155550100 x", "anonymous", "+1"),
    "Direction": ("", "sideways"),
    "CallStatus": ("", "In Progress"),
}


async def test_a_required_field_must_be_there_and_well_formed(plivo: Plivo) -> None:
    url = plivo.address(Kind.ANSWER)
    before = await everything(plivo.world)
    for name in REQUIRED:
        form = answer_form()
        del form[name]
        await refused(plivo, await plivo.send(url, form), before, 400, 403)
        for value in MALFORMED[name]:
            await refused(plivo, await plivo.send(url, answer_form(**{name: value})), before, 400)


async def test_unknown_fields_are_taken_kept_and_counted(plivo: Plivo) -> None:
    line = 'linecard_unknown_fields_total{provider="plivo"}'
    before = await counted(plivo.world, line)
    form = answer_form(NewField="of tomorrow", **{"X-PH-Ticket": "17"})
    assert b"<Stream" in (await plivo.send(plivo.address(Kind.ANSWER), form)).body
    assert await counted(plivo.world, line) == before + 2
    rows = (await everything(plivo.world))["inbox"]
    kept = next(str(row) for row in rows if form["CallUUID"] in str(row))
    assert "of tomorrow" in kept
    assert "X-PH-Ticket" in kept


async def test_secrets_and_keys_in_unknown_fields_are_kept_nowhere(plivo: Plivo) -> None:
    secret = plivo.world.exchange.settings.secret.values()[0]
    private = {
        "ApiToken": "tomorrows-token",
        "X-PH-Note": f"they said {plivo.token} and {secret}",
        "send_digits": "4711",
        "More": '{"dtmf": "4711", "password": "opens all"}',
        "Nested[Digits]": "4711",
        "Where": f"https://else.example/file?sig={'s' * 20}",
    }
    form = answer_form(**private)
    assert b"<Stream" in (await plivo.send(plivo.address(Kind.ANSWER), form)).body
    rows = (await everything(plivo.world))["inbox"]
    kept = next(str(row) for row in rows if form["CallUUID"] in str(row))
    assert set(private) <= {name for name in private if name in kept}
    for hidden in ("tomorrows-token", plivo.token, secret, "4711", "opens all", "s" * 20):
        assert hidden not in kept, hidden
    assert "they said *** and ***" in kept


async def test_what_is_too_much_to_be_kept_is_counted(plivo: Plivo) -> None:
    form = answer_form(**{f"Huge{n}": "x" * 9_000 for n in range(9)})
    await plivo.send(plivo.address(Kind.ANSWER), form)
    rows = (await everything(plivo.world))["inbox"]
    kept = next(row for row in rows if form["CallUUID"] in str(row))
    raw = next(column["came"] for column in kept if isinstance(column, dict))
    assert raw["fields"] == [list(pair) for pair in form.items()][:-6]
    assert raw["left_out"] == 6


async def test_bodies_that_are_no_forms_are_refused(plivo: Plivo) -> None:
    url = plivo.address(Kind.ANSWER)
    form = answer_form()
    before = await everything(plivo.world)
    bodies = {
        "application/json": json.dumps(form).encode(),
        "text/plain": urlencode(form).encode(),
        "multipart/form-data; boundary=x": b'--x\r\ncontent-disposition: form-data; name="To"\r\n\r\n1',
        FORM: b"\xff\xfe\x00",
        f"{FORM}; charset=utf-16": b"%FF%FE=%FF",
    }
    for content_type, body in bodies.items():
        for signed in (form, {}):
            headers = {"content-type": content_type, **v3_headers(plivo.token, url, signed)}
            said = await exchange_bytes(plivo.world.url, raw_request("POST", url, headers, body))
            await refused(plivo, said, before, 400, 403)


async def test_a_body_that_is_too_large_is_refused(plivo: Plivo) -> None:
    url = plivo.address(Kind.ANSWER)
    before = await everything(plivo.world)
    form = answer_form(Padding="x" * 1_000_000)
    await refused(plivo, await plivo.send(url, form), before, 413)


async def test_too_many_fields_are_refused(plivo: Plivo) -> None:
    url = plivo.address(Kind.ANSWER)
    before = await everything(plivo.world)
    for many in (201, 20_000):
        form = answer_form(**{f"f{number}": "" for number in range(many)})
        await refused(plivo, await plivo.send(url, form), before, 400)


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_other_methods_are_not_allowed(plivo: Plivo, method: str) -> None:
    before = await everything(plivo.world)
    said = await plivo.send(plivo.address(Kind.ANSWER), answer_form(), method)
    await refused(plivo, said, before, 405)


async def test_a_signed_get_is_refused_since_it_was_never_asked_for(plivo: Plivo) -> None:
    form = answer_form()
    url = f"{plivo.address(Kind.ANSWER)}&{urlencode(form)}"
    before = await everything(plivo.world)
    headers = v3_headers(plivo.token, url, {}, "GET")
    said = await exchange_bytes(plivo.world.url, raw_request("GET", url, headers, b""))
    await refused(plivo, said, before)


async def test_a_body_that_never_ends_is_given_up(
    plivo: Plivo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linecard.http.webhooks.BODY_SECONDS", 0.2)
    headers = {"content-type": FORM, "content-length": "1000"}
    request = raw_request("POST", plivo.address(Kind.ANSWER), headers, b"CallUUID=")
    assert (await exchange_bytes(plivo.world.url, request)).status == 408


async def test_a_number_that_is_not_ours_is_rejected(plivo: Plivo) -> None:
    world = plivo.world
    away = Number(
        id=new_id(), number="+14155550142", provider="plivo", account="other", agent="echo"
    )
    async with world.exchange.database.write() as conn:
        await numbers.add(conn, away)
    await world.register(number="+14155550143", enabled=False)
    reasons = {
        "+14155550141": "not registered",
        "+14155550142": "registered with plivo:other",
        "+14155550143": "switched off",
    }
    before = await everything(world)
    for number, reason in reasons.items():
        with capture_logs() as lines:
            said = await plivo.send(plivo.address(Kind.ANSWER), answer_form(To=number[1:]))
        assert (said.status, said.body) == (200, REJECTED)
        logged = [line for line in lines if line["event"] == "inbound call refused"]
        assert reason in logged[0]["reason"]
        assert number not in str(logged)
    after = await everything(world)
    assert {name for name in after if after[name] != before[name]} == {"inbox"}


WITHHELD = ["", "anonymous", "+266696687", "266696687", "Restricted", "sip:anonymous@invalid"]


@pytest.mark.parametrize("caller", WITHHELD)
async def test_a_withheld_caller_is_taken(plivo: Plivo, caller: str) -> None:
    _, call_id = await plivo.call_in(From=caller)
    assert (await plivo.world.call(call_id))["from"] is None


async def test_a_hang_up_posted_to_the_answer_address_ends_the_call(plivo: Plivo) -> None:
    carrier_id, call_id = await plivo.call_in()
    form = hangup_form(carrier_id, Direction="inbound")
    said = await plivo.send(plivo.address(Kind.ANSWER), form)
    assert (said.status, said.body) == (200, b"")
    call = await plivo.world.call(call_id)
    assert call["status"] == "completed"
    assert "agent-started" not in names(call)
    before = await everything(plivo.world)
    stranger = hangup_form(str(uuid.uuid4()), Direction="inbound")
    assert (await plivo.send(plivo.address(Kind.ANSWER), stranger)).status == 200
    after = await everything(plivo.world)
    assert {name for name in after if after[name] != before[name]} == {"inbox"}


async def test_answers_at_the_same_time_are_one_call_and_one_document(plivo: Plivo) -> None:
    form = answer_form()
    before = await everything(plivo.world)
    url = plivo.address(Kind.ANSWER)
    said = await asyncio.gather(*(plivo.send(url, form) for _ in range(8)))
    assert {one.status for one in said} == {200}
    assert len({one.body for one in said}) == 1
    after = await everything(plivo.world)
    for table in ("calls", "documents", "inbox"):
        assert len(after[table]) == len(before[table]) + 1, table


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_callbacks_of_a_dialled_call_may_come_in_any_order(
    plivo: Plivo, order: tuple[int, ...]
) -> None:
    call_id, carrier_id = await dialled(plivo.world), str(uuid.uuid4())
    requests = [
        (plivo.address(Kind.RINGING, call_id), ring_form(carrier_id)),
        (plivo.address(Kind.ANSWER, call_id), outbound_form(carrier_id)),
        (plivo.address(Kind.ENDED, call_id), hangup_form(carrier_id)),
    ]
    for one in (*order, *order):
        assert (await plivo.send(*requests[one])).status == 200
    call = await plivo.world.call(call_id)
    assert _record(call) == TRUE_END
    assert sorted(names(call)) == ["answer-requested", "call-ringing", "leg-ended"]


async def test_callbacks_at_the_same_time_end_in_the_same_record(plivo: Plivo) -> None:
    call_id, carrier_id = await dialled(plivo.world), str(uuid.uuid4())
    requests = [
        (plivo.address(Kind.RINGING, call_id), ring_form(carrier_id)),
        (plivo.address(Kind.ANSWER, call_id), outbound_form(carrier_id)),
        (plivo.address(Kind.ENDED, call_id), hangup_form(carrier_id)),
    ]
    said = await asyncio.gather(*(plivo.send(*one) for one in requests * 4))
    assert {one.status for one in said} == {200}
    call = await plivo.world.call(call_id)
    assert _record(call) == TRUE_END
    assert sorted(names(call)) == ["answer-requested", "call-ringing", "leg-ended"]


async def test_an_inbound_hang_up_that_overtakes_its_answer_ends_the_call(plivo: Plivo) -> None:
    carrier_id = str(uuid.uuid4())
    over = hangup_form(carrier_id, Direction="inbound", Duration="0", TotalCost="0.00000")
    assert (await plivo.send(plivo.address(Kind.ENDED), over)).status == 200
    said = await plivo.send(plivo.address(Kind.ANSWER), answer_form(CallUUID=carrier_id))
    assert (said.status, said.body) == (200, HUNG_UP)
    call = await plivo.world.call(await plivo.call_of(carrier_id))
    assert _record(call) == ("completed", 0, "0.00000", "normal hangup")
    assert names(call).count("leg-ended") == 1


async def test_a_callback_of_an_unknown_call_is_kept_and_counted(plivo: Plivo) -> None:
    line = 'linecard_unmatched_callbacks_total{provider="plivo"}'
    before = await counted(plivo.world, line)
    carrier_id = str(uuid.uuid4())
    for url in (plivo.address(Kind.ENDED), plivo.address(Kind.ENDED, new_id())):
        assert (await plivo.send(url, hangup_form(carrier_id))).status == 200
    assert await counted(plivo.world, line) == before + 2
    async with plivo.world.exchange.database.read() as conn:
        waiting = await inbox.unmatched(conn)
    assert [one.key for one in waiting if carrier_id in one.key] == [f"ended:{carrier_id}"]


async def test_a_call_whose_dial_was_never_answered_is_settled_by_its_callbacks(
    plivo: Plivo,
) -> None:
    world = plivo.world
    world.carrier.faults.rest = r"POST .*/Call/$"
    world.carrier.faults.drop_answer = 1
    placed = await world.dial("+14155550188")
    world.carrier.faults.drop_answer = 0
    call = await world.until(placed["id"], lambda one: "answer-requested" in names(one))
    assert call["status"] == "in-progress"
    assert call["carrier_ids"]["call_uuid"]
    await world.api.post(f"/api/calls/{call['id']}/hangup")
    call = await world.ended(call["id"])
    assert call["status"] == "completed"
    assert world.carrier.ledger.dials("+14155550188") == 1

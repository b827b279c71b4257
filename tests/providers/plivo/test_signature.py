"""Signatures: the recorded vectors, the vendor's SDK as the oracle, and every way to get it wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plivo.utils import validate_v3_signature

from linecard import CarrierRequest, Pairs, RequestRefused, Secret
from linecard_plivo.settings import PlivoSettings
from linecard_plivo.signature import prove, sign_v2, sign_v3, v2_texts, v3_texts

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "signature_vectors.json").read_text()
)
TOKEN = "test_auth_token_0123456789abcdef01234567"
OTHER = "another_token_0123456789abcdef0123456789"
MAIN = "main_account_token_0123456789abcdef01234"
NONCE = "05429567804466091622"
URL = "https://voice.example.com/plivo/answer?a=main&c=1f2e&k=answer&t=Zm9vYmFy"
SOCKET = "wss://voice.example.com/ws/plivo/abc.def?x=1"
FIELDS: Pairs = (
    ("CallUUID", "afa6fa0c-0000-4000-8000-000000000001"),
    ("From", "14155550100"),
    ("To", "14155550199"),
)


def settings(token: str = TOKEN, **more: Any) -> PlivoSettings:
    return PlivoSettings(auth_id="MA" + "X" * 18, auth_token=Secret(token), **more)


def pairs_of(params: dict[str, Any]) -> Pairs:
    return tuple(
        (name, value)
        for name, values in params.items()
        for value in (values if isinstance(values, list) else [values])
    )


def signature(
    url: str, fields: Pairs = (), method: str = "POST", token: str = TOKEN, nonce: str = NONCE
) -> str:
    return sign_v3(token, v3_texts(method, url, fields)[0], nonce).decode()


def request(
    url: str = URL,
    fields: Pairs = FIELDS,
    method: str = "POST",
    headers: dict[str, str] | None = None,
) -> CarrierRequest:
    signed = {
        "x-plivo-signature-v3": signature(url, fields, method),
        "x-plivo-signature-v3-nonce": NONCE,
    }
    return CarrierRequest(
        method=method, url=url, headers=signed if headers is None else headers, pairs=fields
    )


def is_believed(asked: CarrierRequest, how: PlivoSettings | None = None) -> bool:
    try:
        prove(how or settings(), "main", asked)
    except RequestRefused as refused:
        return refused.status != 403
    return True


@pytest.mark.parametrize("vector", VECTORS["plivo_v3"], ids=lambda vector: vector["name"])
def test_v3_vectors(vector: dict[str, Any]) -> None:
    (text,) = v3_texts(vector["method"], vector["uri"], pairs_of(vector["params"]))
    assert f"{text.decode()}.{vector['nonce']}" == vector["signed_string"]
    signed = sign_v3(vector["auth_token"], text, vector["nonce"])
    assert signed.decode() == vector["signature"]


@pytest.mark.parametrize("vector", VECTORS["plivo_v2"], ids=lambda vector: vector["uri"])
def test_v2_vectors(vector: dict[str, Any]) -> None:
    (text,) = v2_texts(vector["uri"])
    assert sign_v2(vector["auth_token"], text, vector["nonce"]).decode() == vector["signature"]


@pytest.mark.parametrize(
    "key", ["utf8_once (node SDK behaviour)", "utf8_twice (python SDK behaviour)"]
)
def test_both_readings_of_non_ascii_fields(key: str) -> None:
    vector = VECTORS["plivo_v3_non_ascii"]
    headers = {"x-plivo-signature-v3": vector[key], "x-plivo-signature-v3-nonce": vector["nonce"]}
    asked = request(vector["uri"], pairs_of(vector["params"]), headers=headers)
    assert is_believed(asked)


def test_non_ascii_in_the_query_is_believed_in_either_reading() -> None:
    url = "https://voice.example.com/plivo/answer?name=Jos%C3%A9"
    texts = v3_texts("POST", url, FIELDS)
    assert len(texts) == 2
    for text in texts:
        headers = {
            "x-plivo-signature-v3": sign_v3(TOKEN, text, NONCE).decode(),
            "x-plivo-signature-v3-nonce": NONCE,
        }
        assert is_believed(request(url, headers=headers))


names = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=8)
values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
forms = st.dictionaries(names, values | st.lists(values, min_size=2, max_size=3), max_size=5)


@given(
    query=st.dictionaries(names, values, max_size=4),
    form=forms,
    method=st.sampled_from(["GET", "POST"]),
)
def test_the_vendor_sdk_agrees(query: dict[str, str], form: dict[str, Any], method: str) -> None:
    url = "https://voice.example.com:8443/plivo/answer" + ("?" + urlencode(query) if query else "")
    ours = signature(url, pairs_of(form), method)
    assert validate_v3_signature(method, url, NONCE, TOKEN, ours, dict(form))
    assert not validate_v3_signature(method, url, NONCE, OTHER, ours, dict(form))


def test_a_signed_webhook_is_proved() -> None:
    proof = prove(settings(), "main", request())
    assert (proof.kind, proof.account, proof.strength) == ("signature", "main", 3)


def flipped(text: str, position: int, bit: int) -> str:
    position %= len(text)
    return text[:position] + chr(ord(text[position]) ^ 1 << bit) + text[position + 1 :]


bits = st.tuples(st.integers(0, 10_000), st.integers(0, 6))


@given(bits)
def test_a_flipped_bit_of_the_address_is_refused(flip: tuple[int, int]) -> None:
    good = request()
    assert not is_believed(replace(good, url="https://" + flipped(URL[8:], *flip)))


@given(bits, st.integers(0, len(FIELDS) - 1), st.booleans())
def test_a_flipped_bit_of_the_form_is_refused(
    flip: tuple[int, int], at: int, in_name: bool
) -> None:
    name, value = FIELDS[at]
    pair = (flipped(name, *flip), value) if in_name else (name, flipped(value, *flip))
    assert not is_believed(replace(request(), pairs=(*FIELDS[:at], pair, *FIELDS[at + 1 :])))


@given(bits, st.sampled_from(["x-plivo-signature-v3", "x-plivo-signature-v3-nonce"]))
def test_a_flipped_bit_of_a_header_is_refused(flip: tuple[int, int], name: str) -> None:
    good = request()
    headers = {**good.headers, name: flipped(good.headers[name], *flip)}
    assert not is_believed(replace(good, headers=headers))


anything = st.text(st.characters(codec=None), max_size=40)


@given(
    url=anything | anything.map(lambda text: "https://h/" + text) | st.just("http://[broken"),
    own=anything,
    main=anything,
    nonce=anything,
    form=st.lists(st.tuples(anything, anything), max_size=3),
    method=st.sampled_from(["GET", "POST", "", "post"]),
)
def test_whatever_comes_is_refused_and_never_raises(
    url: str, own: str, main: str, nonce: str, form: list[tuple[str, str]], method: str
) -> None:
    headers = {
        "x-plivo-signature-v3": own,
        "x-plivo-signature-ma-v3": main,
        "x-plivo-signature-v3-nonce": nonce,
        "x-plivo-signature-v2": own,
        "x-plivo-signature-v2-nonce": nonce,
    }
    asked = CarrierRequest(method=method, url=url, headers=headers, pairs=tuple(form))
    assert not is_believed(asked, settings(verify_v2=True))


@pytest.mark.parametrize(
    "header",
    ["", " ", ",", "," * 1000, "x" * 1_000_000, "\ud800", "Ünïcode", "\x00"],
    ids=["empty", "blank", "comma", "commas", "huge", "surrogate", "non-ascii", "nul"],
)
def test_broken_headers_are_refused(header: str) -> None:
    headers = {"x-plivo-signature-v3": header, "x-plivo-signature-v3-nonce": NONCE}
    assert not is_believed(request(headers=headers))
    assert not is_believed(
        request(headers={**request().headers, "x-plivo-signature-v3-nonce": header})
    )


def test_an_unsigned_request_is_refused() -> None:
    with pytest.raises(RequestRefused, match="no Plivo V3 signature"):
        prove(settings(), "main", request(headers={}))


@pytest.mark.parametrize(("candidates", "believed"), [(1, True), (8, True), (9, False)])
def test_a_comma_list_holds_at_most_eight(candidates: int, believed: bool) -> None:
    listed = ", ".join(["AAAA"] * (candidates - 1) + [signature(URL, FIELDS)])
    headers = {"x-plivo-signature-v3": listed, "x-plivo-signature-v3-nonce": NONCE}
    assert is_believed(request(headers=headers)) is believed


def test_a_header_over_512_bytes_is_refused_even_with_a_good_signature() -> None:
    long = signature(URL, FIELDS) + "," + "A" * 512
    headers = {"x-plivo-signature-v3": long, "x-plivo-signature-v3-nonce": NONCE}
    assert not is_believed(request(headers=headers))


def test_two_tokens_are_live_while_they_are_rotated() -> None:
    headers = {
        "x-plivo-signature-v3": signature(URL, FIELDS, token=OTHER),
        "x-plivo-signature-v3-nonce": NONCE,
    }
    assert is_believed(request(headers=headers), settings(f"{TOKEN},{OTHER}"))
    assert not is_believed(request(headers=headers), settings(TOKEN))


def test_each_header_is_proved_with_its_own_token() -> None:
    by_main = signature(URL, FIELDS, token=MAIN)
    in_main = {"x-plivo-signature-ma-v3": by_main, "x-plivo-signature-v3-nonce": NONCE}
    in_own = {"x-plivo-signature-v3": by_main, "x-plivo-signature-v3-nonce": NONCE}
    both = settings(main_auth_token=Secret(MAIN))
    assert is_believed(request(headers=in_main), both)
    assert not is_believed(request(headers=in_own), both)
    assert not is_believed(request(headers=in_main))


def test_the_main_header_is_tried_with_the_only_tokens_there_are() -> None:
    headers = {
        "x-plivo-signature-ma-v3": signature(URL, FIELDS),
        "x-plivo-signature-v3-nonce": NONCE,
    }
    assert is_believed(request(headers=headers))


@pytest.mark.parametrize("method", ["GET", "post", "PUT"])
def test_a_webhook_comes_by_post(method: str) -> None:
    signed_as_sent = request(method="POST").headers
    assert not is_believed(request(method=method, headers=dict(signed_as_sent)))
    by_get = {
        "x-plivo-signature-v3": signature(URL, FIELDS, "GET"),
        "x-plivo-signature-v3-nonce": NONCE,
    }
    assert not is_believed(request(method=method, headers=by_get))


@pytest.mark.parametrize("scheme", ["http", "https", "wss"])
def test_a_handshake_is_signed_as_a_get_in_one_of_three_schemes(scheme: str) -> None:
    signed = signature(scheme + SOCKET[3:], (), "GET")
    headers = {"x-plivo-signature-v3": signed, "x-plivo-signature-v3-nonce": NONCE}
    assert is_believed(request(SOCKET, (), "GET", headers))
    assert not is_believed(request(SOCKET, (), "POST", headers))
    assert not is_believed(request(SOCKET.replace("x=1", "x=2"), (), "GET", headers))
    assert not is_believed(request(SOCKET.replace("abc", "abd"), (), "GET", headers))


def test_a_recorded_handshake_is_believed() -> None:
    vector = next(
        v for v in VECTORS["plivo_v3"] if "no query" in v["name"] and v["method"] == "GET"
    )
    headers = {
        "x-plivo-signature-v3": vector["signature"],
        "x-plivo-signature-v3-nonce": vector["nonce"],
    }
    assert is_believed(request("wss://voice.example.com/ws/plivo", (), "GET", headers))


def test_v2_counts_only_when_it_is_switched_on_and_never_for_a_socket() -> None:
    def headers(url: str) -> dict[str, str]:
        signed = sign_v2(TOKEN, v2_texts(url)[0], NONCE).decode()
        return {"x-plivo-signature-v2": signed, "x-plivo-signature-v2-nonce": NONCE}

    on = settings(verify_v2=True)
    assert not is_believed(request(headers=headers(URL)))
    assert prove(on, "main", request(headers=headers(URL))).strength == 1
    assert not is_believed(request(SOCKET, (), "GET", headers("http" + SOCKET[3:])), on)


def test_the_address_is_part_of_what_is_signed() -> None:
    good = request()
    assert not is_believed(replace(good, url=URL.replace("c=1f2e", "c=1f2f")))
    assert not is_believed(replace(good, url=URL.replace("voice.", "other.")))

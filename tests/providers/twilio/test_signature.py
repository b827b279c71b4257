"""Signatures: the recorded vectors, the vendor's SDK as the oracle, and every way to get it wrong."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from linecard import CarrierRequest, Pairs, Proof, RequestRefused, Secret
from linecard_twilio.settings import TwilioSettings
from linecard_twilio.signature import prove, sign, signed_texts

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "signature_vectors.json").read_text()
)
TOKEN = "test_auth_token_0123456789abcdef"
OTHER = "another_token_0123456789abcdef01"
KEY = "webhooks_sharedkey_example"
KEY_SECRET = "sharedkey-secret-0123456789abcdef"
NAMED = f"key={KEY},algorithm=HMAC_SHA256"
URL = "https://voice.example.com/twilio/answer?a=main&c=1f2e&k=answer&t=Zm9vYmFy"
SOCKET = "wss://voice.example.com/ws/twilio/abc.def"
FORM = "application/x-www-form-urlencoded; charset=UTF-8"
FIELDS: Pairs = (
    ("CallSid", "CA00000000000000000000000000000001"),
    ("From", "+14155550100"),
    ("To", "+14155550199"),
)


def settings(token: str = TOKEN, **more: Any) -> TwilioSettings:
    return TwilioSettings(account_sid="AC" + "0" * 32, auth_token=Secret(token), **more)


WITH_KEY = settings(shared_keys=Secret(f"{KEY}={KEY_SECRET}, other=0123456789abcdef"))


def oracle(url: str, fields: Pairs = (), token: str = TOKEN, algorithm: str | None = None) -> str:
    made: str = RequestValidator(token).compute_signature(url, MultiDict(fields), algorithm)
    return made


def request(
    url: str = URL,
    fields: Pairs = FIELDS,
    method: str = "POST",
    signature: str | None = None,
    body: bytes = b"body",
    **headers: str,
) -> CarrierRequest:
    given = {"content-type": FORM} if method == "POST" else {}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    given["x-twilio-signature"] = oracle(url, fields) if signature is None else signature
    body = body if method == "POST" else b""
    return CarrierRequest(method=method, url=url, headers=given, body=body, pairs=fields)


def is_believed(asked: CarrierRequest, how: TwilioSettings | None = None) -> bool:
    try:
        prove(how or settings(), "main", asked)
    except RequestRefused as refused:
        return refused.status != 403
    return True


def pairs_of(params: dict[str, Any]) -> Pairs:
    return tuple(
        (name, value)
        for name, values in params.items()
        for value in (values if isinstance(values, list) else [values])
    )


@pytest.mark.parametrize(
    "vector",
    [one for one in VECTORS["classic"] if isinstance(one["params"], dict)],
    ids=lambda one: one["name"],
)
def test_vectors(vector: dict[str, Any]) -> None:
    texts = signed_texts(vector["uri"], pairs_of(vector["params"]))
    made = {sign(vector["auth_token"], text).decode() for text in texts}
    assert (vector["signature"] in made) is vector["valid"]


@pytest.mark.parametrize("vector", VECTORS["shared_key"], ids=lambda one: one["name"])
def test_shared_key_vectors(vector: dict[str, Any]) -> None:
    asked = CarrierRequest(
        method="POST" if vector["params"] else "GET",
        url=vector["uri"],
        headers={
            "content-type": FORM,
            "x-twilio-signature": vector["signature"],
            "x-twilio-webhooks-signature-settings": vector["settings_header"],
        },
        pairs=pairs_of(vector["params"]),
    )
    how = settings(shared_keys=Secret(f"{KEY}={vector['shared_key_secret']}"))
    assert prove(how, "main", asked) == Proof("signature", "main", 3)
    assert not is_believed(asked)


def test_the_vector_of_a_json_body() -> None:
    vector = next(one for one in VECTORS["classic"] if isinstance(one["params"], str))
    (text, *_) = signed_texts(vector["uri"], ())
    assert sign(vector["auth_token"], text).decode() == vector["signature"]


def test_a_signed_request_is_believed() -> None:
    assert prove(settings(), "main", request()) == Proof("signature", "main", 3)


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
values = st.text(st.characters(codec="utf-8"), max_size=12)


@given(st.lists(st.tuples(names, values), max_size=6), st.sampled_from([URL, f"{URL}&x=%20y"]))
def test_we_and_the_sdk_sign_alike(pairs: list[tuple[str, str]], url: str) -> None:
    fields = tuple(pairs)
    assert oracle(url, fields) == sign(TOKEN, signed_texts(url, fields)[0]).decode()
    assert is_believed(request(url, fields))


PORTS = ("", ":443", ":80", ":8443")


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("ours", PORTS)
@pytest.mark.parametrize("theirs", PORTS)
def test_ports_as_the_sdk_takes_them(scheme: str, ours: str, theirs: str) -> None:
    url = f"{scheme}://voice.example.com{ours}/twilio/answer?a=main"
    signature = oracle(f"{scheme}://voice.example.com{theirs}/twilio/answer?a=main", FIELDS)
    expected = RequestValidator(TOKEN).validate(url, dict(FIELDS), signature)
    assert is_believed(request(url, signature=signature)) is expected


def test_a_repeated_field_counts_once_as_with_the_sdk() -> None:
    fields = (*FIELDS, ("MediaUrl", "b"), ("MediaUrl", "a"), ("MediaUrl", "a"))
    assert is_believed(request(fields=fields))
    once = (*FIELDS, ("MediaUrl", "a"), ("MediaUrl", "b"))
    assert oracle(URL, fields) == oracle(URL, once)


def test_a_get_signs_its_address_alone() -> None:
    url = f"{URL}&CallSid=CA1&From=%2B14155550100"
    fields = (("CallSid", "CA1"), ("From", "+14155550100"))
    asked = request(url, fields, "GET", oracle(url))
    assert is_believed(asked)
    assert not is_believed(request(url, fields, "GET", oracle(url, fields)))


@pytest.mark.parametrize("at_the_end", ["", "/"])
@pytest.mark.parametrize("port", ["", ":443"])
def test_a_socket_is_signed_as_written_with_or_without_a_slash(at_the_end: str, port: str) -> None:
    signed = f"wss://voice.example.com{port}/ws/twilio/abc.def{at_the_end}"
    assert is_believed(request(SOCKET, (), "GET", oracle(signed)))
    assert is_believed(request(f"{SOCKET}/", (), "GET", oracle(signed)))


@pytest.mark.parametrize(
    "signed",
    [
        "https://voice.example.com/ws/twilio/abc.def",
        "wss://voice.example.com/ws/twilio/abc.de",
        "wss://voice.example.com/ws/twilio/abc.def?x=1",
        "wss://other.example.com/ws/twilio/abc.def",
    ],
)
def test_another_sockets_signature_is_none(signed: str) -> None:
    assert not is_believed(request(SOCKET, (), "GET", oracle(signed)))


def test_a_webhooks_address_takes_no_other_end() -> None:
    url = "https://voice.example.com/twilio/answer"
    assert not is_believed(request(url, signature=oracle(f"{url}/", FIELDS)))


def test_either_of_two_tokens_and_that_of_a_sub_account() -> None:
    both = settings(f"{OTHER},{TOKEN}")
    assert is_believed(request(), both)
    assert not is_believed(request(), settings(OTHER))
    sub = TwilioSettings(account_sid="AC" + "5" * 32, auth_token=Secret(TOKEN))
    assert is_believed(request(), sub)


@pytest.mark.parametrize(
    "signature",
    [
        "",
        " ",
        "x",
        "=" * 28,
        "é" * 28,
        "\ud800",
        "A" * 1_000_000,
        "," * 1000,
        oracle(URL, FIELDS, OTHER),
        oracle(URL, FIELDS)[:-1],
        oracle(URL, FIELDS) + "=",
        f"{oracle(URL, FIELDS)},{oracle(URL, FIELDS)}",
        oracle(URL, FIELDS).swapcase(),
        oracle(URL, FIELDS, TOKEN, "HMAC_SHA256"),
    ],
    ids=range(14),
)
def test_anything_else_is_refused(signature: str) -> None:
    assert not is_believed(request(signature=signature))


def test_no_signature_at_all_is_refused() -> None:
    bare = CarrierRequest(method="POST", url=URL, headers={}, pairs=FIELDS)
    assert not is_believed(bare)


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_no_flipped_bit_passes(position: int, bit: int) -> None:
    signature = oracle(URL, FIELDS)
    place = position % len(signature)
    flipped = signature[:place] + chr(ord(signature[place]) ^ (1 << bit)) + signature[place + 1 :]
    assert not is_believed(request(signature=flipped))
    url = URL[: place + 8] + chr(ord(URL[place + 8]) ^ (1 << bit)) + URL[place + 9 :]
    assert not is_believed(request(url, signature=signature))


@pytest.mark.parametrize(
    "method", ["get", "post", "PUT", "HEAD", "DELETE", "", "POST ", "X" * 1000]
)
def test_other_methods_are_refused(method: str) -> None:
    fields = FIELDS if method.strip().upper() != "GET" else ()
    asked = CarrierRequest(
        method=method,
        url=URL,
        headers={"content-type": FORM, "x-twilio-signature": oracle(URL, fields)},
        pairs=fields,
    )
    assert not is_believed(asked)


def test_a_socket_is_opened_by_get_alone() -> None:
    assert not is_believed(request(SOCKET, (), "POST", oracle(SOCKET), body=b""))


JSON_BODY = b'{"property": "value"}'


def json_request(url: str, body: bytes = JSON_BODY) -> CarrierRequest:
    return request(url, (), "POST", oracle(url), body=body, content_type="application/json")


def test_a_json_body_is_covered_by_its_hash_in_the_address() -> None:
    url = f"{URL}&bodySHA256={sha256(JSON_BODY).hexdigest()}"
    assert is_believed(json_request(url))
    assert not is_believed(json_request(url, b'{"property": "other"}'))


@pytest.mark.parametrize(
    "end", ["", "&bodySHA256=", "&bodySHA256=é", f"&bodySHA256={sha256(JSON_BODY).hexdigest()}" * 2]
)
def test_a_body_without_its_one_hash_is_refused(end: str) -> None:
    assert not is_believed(json_request(URL + end))


@pytest.mark.parametrize(
    "kind", ["multipart/form-data; boundary=x", "text/plain", "", FORM.upper()]
)
def test_fields_count_only_in_the_one_kind_of_form(kind: str) -> None:
    asked = request(content_type=kind)
    assert is_believed(asked) is (kind == FORM.upper())
    unsigned = request(signature=oracle(URL), content_type=kind)
    assert not is_believed(unsigned)


def test_a_form_on_a_get_is_not_signed() -> None:
    asked = CarrierRequest(
        method="GET",
        url=URL,
        headers={"content-type": FORM, "x-twilio-signature": oracle(URL, FIELDS)},
        body=b"CallSid=CA1",
        pairs=FIELDS,
    )
    assert not is_believed(asked)


def with_scheme(header: str, signature: str | None = None) -> CarrierRequest:
    made = oracle(URL, FIELDS, KEY_SECRET, "HMAC_SHA256") if signature is None else signature
    return request(signature=made, x_twilio_webhooks_signature_settings=header)


@pytest.mark.parametrize("header", [NAMED, f" {NAMED.replace(',', ' , ')} "])
def test_a_configured_shared_key_is_believed(header: str) -> None:
    assert is_believed(with_scheme(header), WITH_KEY)


@pytest.mark.parametrize(
    "header",
    [
        f"key={KEY}",
        "algorithm=HMAC_SHA256",
        "key=unknown,algorithm=HMAC_SHA256",
        "key=,algorithm=HMAC_SHA256",
        f"key={KEY},algorithm=HMAC_SHA1",
        f"key={KEY},algorithm=none",
        f"key=unknown,key={KEY},algorithm=HMAC_SHA256",
        f"key={KEY},algorithm=HMAC_SHA256" + "," * 1000,
        "é",
    ],
)
def test_the_header_may_only_name_a_configured_key(header: str) -> None:
    assert not is_believed(with_scheme(header), WITH_KEY)
    assert not is_believed(with_scheme(header, oracle(URL, FIELDS)), WITH_KEY)


def test_no_scheme_falls_back_to_the_other() -> None:
    classic = oracle(URL, FIELDS)
    assert not is_believed(with_scheme(NAMED, classic), WITH_KEY)
    assert not is_believed(with_scheme("", None), WITH_KEY)
    assert is_believed(with_scheme("", classic), WITH_KEY)
    assert not is_believed(with_scheme(NAMED.replace(KEY, "other"), None), WITH_KEY)


@pytest.mark.parametrize(
    "url",
    [
        "https://",
        "https://[::1/x",
        "https://h:99999/x",
        "x",
        "",
        "https://u:p@h:1/x",
        "wss://[::1]/x",
    ],
)
def test_strange_addresses_are_refused_and_raise_nothing_else(url: str) -> None:
    assert not is_believed(request(url, (), "GET", "A" * 28))

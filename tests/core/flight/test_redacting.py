"""What may not be written, in every place where it may stand."""

from __future__ import annotations

import base64
import json

import pytest

from linecard.flight import Redactor
from linecard.settings import Secret
from linecard.tokens import StreamClaims, Tokens
from linecard.webhook import Kind

PUBLIC = "https://calls.example.com"
NUMBER = "+14155550123"
TOKENS = Tokens(Secret("s" * 40))
CLAIMS = StreamClaims("a" * 20, "b" * 20, "acme", "main", "c" * 20, "echo", "pcmu", "local", 1)


def redactor(**changes: bool) -> Redactor:
    return Redactor(secrets=["auth-canary-17", 'quo"ted'], key=b"k", public_url=PUBLIC, **changes)


@pytest.mark.parametrize(
    "name",
    [
        "auth_token",
        "AuthToken",
        "CallToken",
        "StirPassportToken",
        "secret",
        "password",
        "X-Acme-Signature",
        "authorization",
        "api_key",
        "proofs",
        "webhook_user",
    ],
)
def test_a_field_that_is_called_a_secret_is_one(name: str) -> None:
    hidden = redactor()
    assert hidden.clean({name: "canary"}) == {name: "***"}
    assert hidden.pairs([(name, "canary")], None) == [[name, "***"]]


@pytest.mark.parametrize(
    "text",
    [
        "it says auth-canary-17 here",
        "https://x:auth-canary-17@carrier.example/v1",
        '{"said": {"deep": ["auth-canary-17"]}}',
        "<Say>auth-canary-17</Say>",
        "Authorization: Basic YXV0aC1jYW5hcnktMTc6eA==",
        "bearer auth-canary-17",
        'quo\\"ted',
        "quo%22ted",
    ],
)
def test_a_secret_stands_nowhere(text: str) -> None:
    for written in (redactor().text(text), redactor().message(text)):
        assert "canary" not in written
        assert "YXV0" not in written
        assert "ted" not in written.replace("quoted", "")


def test_our_tokens_are_hidden_and_what_they_are_for_is_not() -> None:
    token = TOKENS.webhook("acme", "main", "b" * 20, Kind.NEXT, "a" * 20)
    url = f"{PUBLIC}/acme/dial-up?a=main&c={'b' * 20}&k=next&x={'a' * 20}&t={token}"
    in_xml = f"<Redirect>{url.replace('&', '&amp;')}</Redirect>"
    nested = f"https://elsewhere.example/?to={url.replace('&', '%26').replace('=', '%3D')}"
    for text in (url, in_xml, nested):
        assert token not in redactor().text(text)
    assert "k=next" in redactor().text(url)
    assert "a" * 20 in redactor().text(in_xml)


def test_of_a_streams_token_its_id_is_left() -> None:
    token = TOKENS.stream(CLAIMS)
    written = redactor().text(f"wss://calls.example.com/ws/acme/{token}?x=1")
    assert written.startswith(f"wss://calls.example.com/ws/acme/~{'a' * 20}")
    assert token.partition(".")[2] not in written


def test_the_proof_of_a_number_is_hidden() -> None:
    proof = "0123456789abcdef" * 2
    for dot in (".", "%2E"):
        assert proof not in redactor().text(f"{PUBLIC}/acme/answer?a=main&x={'d' * 20}{dot}{proof}")


def test_the_query_of_a_foreign_address_may_sign_it() -> None:
    signed = "https://files.example/r/1.wav?X-Amz-Signature=canary&Expires=17#top"
    assert (
        redactor().text(signed)
        == "https://files.example/r/1.wav?X-Amz-Signature=***&Expires=***#top"
    )
    assert redactor().text(f"{PUBLIC}/x?a=main") == f"{PUBLIC}/x?a=main"
    other = "https://calls.example.com.evil.example/x?a=main"
    assert redactor().text(other).endswith("?a=***")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (NUMBER, ""),
        ("14155550123", ""),
        ("4155550123", "From"),
        ("0014155550123", ""),
        ("sip:+14155550123@desk.example.com", ""),
        ("to=%2B14155550123", ""),
        ("<Number>14155550123</Number>", ""),
        ("calls to +14155550123 are not allowed", ""),
    ],
)
def test_a_number_keeps_all_but_its_last_four_digits(text: str, name: str) -> None:
    written = redactor().text(text, name)
    assert "0123" not in written
    assert written[: text.index("0123")] == text[: text.index("0123")]
    assert len(written) == len(text)


def test_a_number_is_the_same_however_it_is_written() -> None:
    hidden = redactor()
    ends = {hidden.text(one)[-4:] for one in (NUMBER, "14155550123", "0014155550123")}
    ends.add(hidden.text("4155550123", "to"))
    assert {end[-4:] for end in ends} == {hidden.number(NUMBER)[-4:]}
    assert hidden.text("+14155550124") != hidden.text(NUMBER)
    assert Redactor(key=b"another").text(NUMBER) != hidden.text(NUMBER)


def test_numbers_stay_whole_where_that_is_asked_for() -> None:
    assert redactor(numbers=True).text(NUMBER) == NUMBER


@pytest.mark.parametrize("text", ["1795825300393", "1795825300"])
def test_a_moment_is_no_number(text: str) -> None:
    assert redactor().text(text, "Timestamp") == text


def test_ids_are_no_numbers() -> None:
    ids = "47560213-196a-4f46-9626-243531324567 e31fcb3d75997e9e535d 12345678901234567890"
    assert redactor().text(ids) == ids


KEYS = (
    '{"event":"dtmf","dtmf":{"digit":"7"}}',
    '{"event":"sendDTMF","dtmf":"7#7"}',
    '{"digits":"77"}',
    '{"send_digits":"ww77"}',
)


@pytest.mark.parametrize("message", KEYS)
def test_keys_are_stars(message: str) -> None:
    written = redactor().message(message)
    assert "7" not in written
    assert "*" in written
    assert "7" not in redactor(digits=False).message(message)
    assert "*" not in redactor(digits=False).message(message)


def test_keys_in_documents_and_fields() -> None:
    document = '<Dial sendDigits="w77"><DTMF async="false">77</DTMF><Gather numDigits="1"/></Dial>'
    written = redactor().text(document)
    assert "7" not in written
    assert 'numDigits="1"' in written
    pairs = [("Digits", "77"), ("digits", '"77"'), ("Pressed", "77"), ("Other", "78")]
    assert redactor().pairs(pairs, "77") == [
        ["Digits", "**"],
        ["digits", '"**"'],
        ["Pressed", "**"],
        ["Other", "78"],
    ]
    assert redactor(digits=False).pairs(pairs, "77") == [["Other", "78"]]


def test_sound_is_written_only_where_that_is_asked_for() -> None:
    sound = base64.b64encode(b"\0\1" * 160).decode()
    message = json.dumps({"event": "media", "media": {"payload": sound}})
    assert sound not in redactor().message(message)
    assert sound in redactor(audio=True).message(message)

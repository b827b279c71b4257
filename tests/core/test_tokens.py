from __future__ import annotations

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linecard import Kind, RequestRefused, Secret
from linecard.addresses import Addresses
from linecard.tokens import STREAM_MAC_CHARS, StreamClaims, Tokens, _mac, open_pod_stream

OLD, NEW = "o" * 32, "n" * 32
CLAIMS = StreamClaims(
    id="t1",
    call="c1",
    provider="acme",
    account="main",
    number="n1",
    agent="echo",
    profile="l16-8000",
    pod="local",
    expires=1000,
)


def test_a_stream_token_says_what_was_put_in() -> None:
    tokens = Tokens(Secret(NEW))
    assert tokens.open_stream(tokens.stream(CLAIMS), now=999) == CLAIMS


def test_an_old_stream_token_is_refused() -> None:
    tokens = Tokens(Secret(NEW))
    with pytest.raises(RequestRefused, match="too old"):
        tokens.open_stream(tokens.stream(CLAIMS), now=1001)


def test_while_rotating_the_first_value_signs_and_both_verify() -> None:
    before, during = Tokens(Secret(OLD)), Tokens(Secret(f"{NEW},{OLD}"))
    assert during.open_stream(before.stream(CLAIMS), now=0) == CLAIMS
    assert during.stream(CLAIMS) == Tokens(Secret(NEW)).stream(CLAIMS)
    with pytest.raises(RequestRefused):
        Tokens(Secret(NEW)).open_stream(before.stream(CLAIMS), now=0)


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=7))
def test_no_bit_of_a_stream_token_may_change(position: int, bit: int) -> None:
    tokens = Tokens(Secret(NEW))
    token = bytearray(tokens.stream(CLAIMS).encode())
    token[position % len(token)] ^= 1 << bit
    with pytest.raises(RequestRefused):
        tokens.open_stream(token.decode("latin-1"), now=0)


@given(st.text())
def test_a_foreign_token_is_refused_and_nothing_else(text: str) -> None:
    with pytest.raises(RequestRefused):
        Tokens(Secret(NEW)).open_stream(text, now=0)


def test_a_stream_token_holds_no_number() -> None:
    body = Tokens(Secret(NEW)).stream(CLAIMS).partition(".")[0]
    assert b"+" not in base64.urlsafe_b64decode(body + "==")


def test_a_webhook_token_fits_one_address_alone() -> None:
    tokens = Tokens(Secret(NEW))
    made = tokens.webhook("acme", "main", "c1", Kind.ANSWER, "")
    assert tokens.is_webhook(made, "acme", "main", "c1", Kind.ANSWER, "")
    assert not tokens.is_webhook(made, "acme", "other", "c1", Kind.ANSWER, "")
    assert not tokens.is_webhook(made, "acme", "main", "c2", Kind.ANSWER, "")
    assert not tokens.is_webhook(made, "acme", "main", "c1", Kind.NEXT, "")
    assert not tokens.is_webhook(made, "acme", "main", "c1", Kind.ANSWER, "x")


def test_addresses_keep_the_path_prefix_and_name_account_call_kind_and_token() -> None:
    addresses = Addresses("https://voice.example.com/eu", "acme", "main", Tokens(Secret(NEW)))
    url = addresses.webhook(Kind.DIALED, "c1", "x1")
    assert url.startswith(
        "https://voice.example.com/eu/acme/callback/transfer?a=main&c=c1&k=dialed&x=x1&t="
    )
    assert addresses.socket("TOKEN") == "wss://voice.example.com/eu/ws/acme/TOKEN"


def test_a_plain_origin_gives_a_plain_socket() -> None:
    addresses = Addresses("http://127.0.0.1:8080", "acme", "main", Tokens(Secret(NEW)))
    assert addresses.socket("T") == "ws://127.0.0.1:8080/ws/acme/T"


@pytest.mark.parametrize("body", ["", "x", "W10", "bm90IGpzb24", "é"])
def test_what_is_sealed_by_a_pod_and_is_no_token_is_refused(body: str) -> None:
    tokens = Tokens(Secret(NEW))
    key = tokens.keys_of_pod("pod-1").reveal()
    sealed = f"{body}.{_mac(key, 'stream', body, STREAM_MAC_CHARS)}"
    with pytest.raises(RequestRefused):
        tokens.open_stream(f"pod-1~{sealed}", now=0)


def test_a_pod_opens_its_own_tokens_with_its_own_key_or_its_fleets() -> None:
    tokens = Tokens(Secret(f"{NEW},{OLD}"))
    own = msgspec.structs.replace(CLAIMS, pod="pod-1")
    token = Tokens(Secret(OLD)).stream(own)
    for keys in (tokens.pod_keys, tokens.keys_of_pod("pod-1")):
        assert open_pod_stream(keys.values(), "pod-1", token, now=0) == own
    assert tokens.open_stream(token, now=0) == own


def test_and_no_other_pod_could_have_made_them() -> None:
    tokens = Tokens(Secret(NEW))
    token = tokens.stream(msgspec.structs.replace(CLAIMS, pod="pod-1"))
    with pytest.raises(RequestRefused):
        open_pod_stream(tokens.keys_of_pod("pod-2").values(), "pod-2", token, now=0)
    with pytest.raises(RequestRefused):
        open_pod_stream(tokens.keys_of_pod("pod-2").values(), "pod-1", token, now=0)
    assert tokens.is_pod_key(tokens.keys_of_pod("pod-1").reveal(), "pod-1")
    assert tokens.is_pod_key(tokens.pod_keys.reveal(), "pod-1")
    assert not tokens.is_pod_key(tokens.keys_of_pod("pod-2").reveal(), "pod-1")

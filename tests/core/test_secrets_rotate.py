"""LINECARD_SECRET while it is changed: the first value signs, and all that was given out before still counts."""

from __future__ import annotations

import time

import pytest

from linecard.addresses import Addresses
from linecard.errors import RequestRefused
from linecard.outgoing.signing import shown_secrets
from linecard.settings import Secret
from linecard.tokens import StreamClaims, Tokens
from linecard.webhook import Kind

OLD, NEW = "o" * 40, "n" * 40
BEFORE, BETWEEN, AFTER = (Tokens(Secret(text)) for text in (OLD, f"{NEW},{OLD}", NEW))
ADDRESS = ("acme", "main", "call", Kind.ANSWER, "number.proof")


def test_addresses_given_out_before_count_until_the_old_value_is_gone() -> None:
    old, new = BEFORE.webhook(*ADDRESS), AFTER.webhook(*ADDRESS)
    assert BETWEEN.webhook(*ADDRESS) == new != old
    assert BETWEEN.is_webhook(old, *ADDRESS)
    assert BETWEEN.is_webhook(new, *ADDRESS)
    assert not AFTER.is_webhook(old, *ADDRESS)


def test_a_pasted_address_carries_the_number_s_proof_under_either_value() -> None:
    """The proof itself is random: a new secret makes no new proofs, only the token beside it."""
    old, new = (
        Addresses("https://calls.example.com", "acme", "main", tokens).webhook(
            Kind.ANSWER, reference="number.proof"
        )
        for tokens in (BEFORE, BETWEEN)
    )
    assert old.partition("&t=")[0] == new.partition("&t=")[0]
    assert old != new


def test_stream_tokens_given_out_before_open_until_the_old_value_is_gone() -> None:
    claims = StreamClaims("1", "call", "acme", "main", "n", "echo", "p", "", 2**40)
    for made in (BEFORE, BETWEEN, AFTER):
        assert BETWEEN.open_stream(made.stream(claims), time.time()) == claims
    with pytest.raises(RequestRefused):
        AFTER.open_stream(BEFORE.stream(claims), time.time())


def test_receivers_may_verify_notifications_with_either_value() -> None:
    def shown(text: str) -> tuple[str, ...]:
        return shown_secrets(None, Secret(text))

    assert shown(f"{NEW},{OLD}") == shown(NEW) + shown(OLD)

"""Signatures: the standard's own example, two secrets at a time, secrets made from the server's."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256

import pytest

from linecard.outgoing.signing import read_secret, shown_secrets, signed_headers
from linecard.settings import Secret

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""Of the example that the libraries of Standard Webhooks test themselves with."""
ID, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_example_of_the_standard() -> None:
    assert signed_headers([SECRET], ID, AT, BODY) == {
        "webhook-id": ID,
        "webhook-timestamp": str(AT),
        "webhook-signature": SIGNATURE,
    }


def test_while_a_secret_is_changed_both_sign() -> None:
    other = "whsec_" + base64.b64encode(b"n" * 32).decode()
    headers = signed_headers([other, SECRET], ID, AT, BODY)
    first, second = headers["webhook-signature"].split(" ")
    assert second == SIGNATURE
    assert first == signed_headers([other], ID, AT, BODY)["webhook-signature"]


@pytest.mark.parametrize(
    "change", [("x" + ID, AT, BODY), (ID, AT + 1, BODY), (ID, AT, BODY + b" ")]
)
def test_nothing_can_be_changed(change: tuple[str, int, bytes]) -> None:
    assert signed_headers([SECRET], *change)["webhook-signature"] != SIGNATURE


def test_without_a_secret_of_their_own_they_are_made_from_the_servers() -> None:
    server = Secret("n" * 40 + "," + "o" * 40)
    shown = shown_secrets(None, server)
    digest = hmac.new(b"o" * 40, b"linecard notifications", sha256).digest()
    assert shown[1] == "whsec_" + base64.b64encode(digest).decode()
    assert len(set(shown)) == 2
    assert shown_secrets(Secret(SECRET), server) == (SECRET,)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("secret", "must begin with whsec_"),
        ("WHSEC_YWJj", "must begin with whsec_"),
        ("whsec_%%%", "must be Base64"),
        ("whsec_YQ", "must be Base64"),
    ],
)
def test_what_is_no_secret_of_the_standard(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_secret(text)

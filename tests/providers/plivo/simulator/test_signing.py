"""The simulator's signatures against Plivo's own vectors."""

from __future__ import annotations

import pytest
from plivo.utils import validate_signature, validate_v3_signature

from linecard_plivo.simulator.identity import Ids
from linecard_plivo.simulator.signing import Signer

TOKEN = "test_auth_token_0123456789abcdef01234567"
NONCE = "05429567804466091622"
FIELDS = (
    ("CallUUID", "afa6fa0c-0000-4000-8000-000000000001"),
    ("From", "14155550100"),
    ("To", "14155550199"),
    ("Direction", "inbound"),
    ("CallStatus", "ringing"),
    ("Event", "StartApp"),
)
ANSWER = "https://voice.example.com/plivo/answer"


class FixedIds(Ids):
    def digits(self, length: int) -> str:
        return NONCE


@pytest.mark.parametrize(
    ("method", "url", "fields", "signature"),
    [
        ("POST", ANSWER, FIELDS, "Gh28q5/VJWifLGLpalAl3sVFIDD3q5Ewb+bqlcJ6LUA="),
        (
            "POST",
            f"{ANSWER}?run=42&agent=a%20b",
            FIELDS,
            "/LQTDqdd5gtuUFuiEu7HuRtsL7Hb4LAtzHm1aT31k9E=",
        ),
        (
            "POST",
            "https://voice.example.com/plivo/hangup",
            (),
            "LhMd2Og/wSGGRz4wrEBSOcfvyWasZjj5GUxTLVsY6rs=",
        ),
        (
            "POST",
            "https://voice.example.com/x",
            (("Digits", "2"), ("Digits", "1"), ("CallUUID", "u")),
            "GIiw8uq3zJJU3gn9m15AD7Uub3wSYO9MuR43S7RrRRc=",
        ),
    ],
)
def test_v3_vectors(
    method: str, url: str, fields: tuple[tuple[str, str], ...], signature: str
) -> None:
    headers = Signer(TOKEN, FixedIds(0)).webhook(method, url, fields)
    assert headers["X-Plivo-Signature-V3"] == signature
    assert headers["X-Plivo-Signature-Ma-V3"] == signature
    assert headers["X-Plivo-Signature-V3-Nonce"] == NONCE


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        (
            "wss://voice.example.com/ws/plivo",
            "PxHvXg3rURvABluutJVclN+x6kNmI0QVghjVybRzjhk=",
        ),
        (
            "ws://voice.example.com/ws/plivo?run=42",
            "TMvkWnpcYAsVBcyVgH8BJyDJZYi9V2U9pMOapi6q2oU=",
        ),
    ],
)
def test_a_socket_is_signed_as_a_get_over_http(url: str, signature: str) -> None:
    headers = Signer(TOKEN, FixedIds(0)).socket(url)
    assert headers["X-Plivo-Signature-V3"] == signature


def test_v2_fits_the_sdk() -> None:
    headers = Signer(TOKEN, Ids(1)).webhook("POST", f"{ANSWER}?a=1", FIELDS)
    nonce, signature = (
        headers["X-Plivo-Signature-V2-Nonce"],
        headers["X-Plivo-Signature-V2"],
    )
    assert validate_signature(f"{ANSWER}?a=1", nonce, signature, TOKEN)


def test_each_request_has_its_own_nonce() -> None:
    signer = Signer(TOKEN, Ids(1))
    first, second = (signer.webhook("POST", ANSWER, FIELDS) for _ in range(2))
    assert first["X-Plivo-Signature-V3-Nonce"] != second["X-Plivo-Signature-V3-Nonce"]
    assert validate_v3_signature(
        "POST",
        ANSWER,
        second["X-Plivo-Signature-V3-Nonce"],
        TOKEN,
        second["X-Plivo-Signature-V3"],
        dict(FIELDS),
    )

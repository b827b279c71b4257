"""Whom we believe: a signature over the time and the raw body, for five minutes."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from linecard import CarrierRequest, ConfigurationError, RequestRefused, Secret
from linecard_telnyx.settings import TelnyxSettings
from linecard_telnyx.signature import prove

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = b64encode(KEY.public_key().public_bytes_raw()).decode()
SIGNED_AT = datetime(2026, 2, 2, 22, 25, 27, tzinfo=UTC)
BODY = b'{"data":{"event_type":"call.hangup"}}'


def settings(public_key: str = PUBLIC) -> TelnyxSettings:
    return TelnyxSettings(Secret("KEY0123"), Secret(public_key), "1494404757140276705")


def signed(body: bytes = BODY) -> CarrierRequest:
    stamp = str(int(SIGNED_AT.timestamp()))
    return CarrierRequest(
        method="POST",
        url="https://voice.example.com/telnyx/answer?a=main",
        headers={
            "telnyx-timestamp": stamp,
            "telnyx-signature-ed25519": b64encode(KEY.sign(f"{stamp}|".encode() + body)).decode(),
        },
        body=body,
        received_at=SIGNED_AT,
    )


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_signature_is_good_for_five_minutes(seconds: int) -> None:
    request = replace(signed(), received_at=SIGNED_AT + timedelta(seconds=seconds))
    assert prove(settings(), "main", request).kind == "signature"


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_an_older_one_or_an_early_one_is_refused(seconds: int) -> None:
    request = replace(signed(), received_at=SIGNED_AT + timedelta(seconds=seconds))
    with pytest.raises(RequestRefused, match="300 seconds"):
        prove(settings(), "main", request)


def test_time_and_body_are_signed_together() -> None:
    other = str(int(SIGNED_AT.timestamp()) + 1)
    moved = replace(signed(), headers={**signed().headers, "telnyx-timestamp": other})
    for request in (moved, replace(signed(), body=BODY + b" ")):
        with pytest.raises(RequestRefused, match="does not fit"):
            prove(settings(), "main", request)


def test_the_handshake_of_a_socket_is_proved_by_the_token_in_its_path() -> None:
    handshake = CarrierRequest(method="GET", url="wss://voice.example.com/ws/telnyx/t", headers={})
    proof = prove(settings(), "main", handshake)
    assert (proof.kind, proof.strength) == ("token", 1)


@pytest.mark.parametrize("key", ["", "not base64!", b64encode(bytes(31)).decode()])
def test_a_public_key_that_is_none_is_refused_at_start(key: str) -> None:
    with pytest.raises(ConfigurationError, match="TELNYX_PUBLIC_KEY"):
        settings(key)

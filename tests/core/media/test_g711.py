"""SHA-256 of all inputs through the ITU-T reference (ITU-T G.191)."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import pytest

from linecard.media import g711

ALL = b"".join(value.to_bytes(2, "little", signed=True) for value in range(-32768, 32768))
CODES = bytes(range(256))


@pytest.mark.parametrize(
    ("encode", "digest"),
    [
        (g711.encode_pcmu, "90c29de505fb68e766118303bd552a16005dcf810873698bee1d8f3b247ce28c"),
        (g711.encode_pcma, "38488f6fd710f4686360edc4d38639f96c491595ef93f8eb8d62d5e07ca6ce7b"),
    ],
)
def test_every_sample_is_encoded_as_the_reference_does(
    encode: Callable[[bytes], bytes], digest: str
) -> None:
    assert sha256(encode(ALL)).hexdigest() == digest


@pytest.mark.parametrize(
    ("decode", "digest"),
    [
        (g711.decode_pcmu, "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827"),
        (g711.decode_pcma, "e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174"),
    ],
)
def test_every_code_is_decoded_as_the_reference_does(
    decode: Callable[[bytes], bytes], digest: str
) -> None:
    assert sha256(decode(CODES)).hexdigest() == digest


def test_a_code_comes_back_as_itself() -> None:
    again = g711.encode_pcmu(g711.decode_pcmu(CODES))
    assert again == CODES.replace(b"\x7f", b"\xff")
    assert g711.encode_pcma(g711.decode_pcma(CODES)) == CODES


def test_silence() -> None:
    assert g711.encode_pcmu(b"\0\0") == b"\xff"
    assert g711.encode_pcma(b"\0\0") == b"\xd5"

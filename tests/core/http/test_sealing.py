"""Requests between processes of ours: sealed with the secret, over all that they say, now, and once."""

from __future__ import annotations

import time

import pytest

from linecard.http.inside.sealing import Seals, seal
from linecard.settings import Secret
from linecard.tokens import Tokens

OURS = Tokens(Secret("s" * 40))
ROTATED = Tokens(Secret("n" * 40 + "," + "s" * 40))


def test_a_sealed_request_is_believed_once() -> None:
    header, seals = seal(OURS, "POST", "/inside/pass", b"body"), Seals()
    assert seals.fits(OURS, header, "POST", "/inside/pass", b"body")
    assert not seals.fits(OURS, header, "POST", "/inside/pass", b"body")
    again = seal(OURS, "POST", "/inside/pass", b"body")
    assert seals.fits(OURS, again, "POST", "/inside/pass", b"body")


def test_while_the_secret_is_changed_the_old_one_is_still_believed() -> None:
    assert Seals().fits(ROTATED, seal(OURS, "POST", "/p", b""), "POST", "/p", b"")


@pytest.mark.parametrize(
    ("method", "path", "body"), [("GET", "/p", b"b"), ("POST", "/q", b"b"), ("POST", "/p", b"c")]
)
def test_a_seal_is_of_one_request(method: str, path: str, body: bytes) -> None:
    assert not Seals().fits(OURS, seal(OURS, "POST", "/p", b"b"), method, path, body)


@pytest.mark.parametrize("header", ["", "x", "1 2 3", "a b c d", " ", "nan x \N{SNOWMAN}"])
def test_what_is_no_seal_is_refused(header: str) -> None:
    assert not Seals().fits(OURS, header, "POST", "/p", b"b")


@pytest.mark.parametrize("off", [-61.0, 61.0])
def test_a_seal_of_another_time_is_refused(off: float, monkeypatch: pytest.MonkeyPatch) -> None:
    made = time.time()
    with monkeypatch.context() as patched:
        patched.setattr(time, "time", lambda: made + off)
        header = seal(OURS, "POST", "/p", b"b")
    assert not Seals().fits(OURS, header, "POST", "/p", b"b")


def test_a_seal_of_another_secret_is_refused() -> None:
    header = seal(Tokens(Secret("t" * 40)), "POST", "/p", b"b")
    assert not Seals().fits(OURS, header, "POST", "/p", b"b")

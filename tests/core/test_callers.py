"""Whom a log line names behind proxies."""

from __future__ import annotations

import pytest

from linecard.http.callers import caller

TRUSTED = ("10.0.0.0/8", "2001:db8::/32")


@pytest.mark.parametrize(
    ("peer", "forwarded", "named"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("127.0.0.1", ["198.51.100.1"], "127.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["<script>"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, unknown, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", [", ,"], "10.0.0.1"),
        ("2001:db8::1", ["2a00::7"], "2a00::7"),
    ],
)
def test_only_trusted_proxies_are_believed(peer: str, forwarded: list[str], named: str) -> None:
    headers = [(b"x-forwarded-for", one.encode()) for one in forwarded]
    scope = {"type": "http", "client": (peer, 1), "headers": headers}
    assert caller(scope, TRUSTED) == named


def test_without_proxies_nobody_is_believed() -> None:
    headers = [(b"x-forwarded-for", b"198.51.100.1")]
    assert (
        caller({"type": "http", "client": ("127.0.0.1", 1), "headers": headers}, ()) == "127.0.0.1"
    )
    assert caller({"type": "http", "client": None, "headers": headers}, ()) == "unknown"


def test_an_endless_list_is_read_to_an_end() -> None:
    headers = [(b"x-forwarded-for", b", ".join([b"10.1.1.1"] * 100_000))]
    scope = {"type": "http", "client": ("10.0.0.1", 1), "headers": headers}
    assert caller(scope, TRUSTED) == "10.1.1.1"

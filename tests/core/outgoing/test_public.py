"""Which IP addresses are on the internet, and that a name is believed only with all of its addresses."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from linecard.outgoing.public import NotAllowed, checked_addresses, is_own, is_public

NOT_PUBLIC = [
    "127.0.0.1",
    "127.255.255.254",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "0.1.2.3",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "100::1",
    "fe80::1%lo",
    "fec0::1",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "2001::1",
    "2001:1::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2606:4700::5efe:7f00:1",
    "2606:4700::200:5efe:a00:1",
    "3fff::1",
    "5f00::1",
    "4000::1",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_on_the_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["93.184.215.14", "1.1.1.1", "172.32.0.1", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"],
)
def test_what_is_on_the_internet(address: str) -> None:
    assert is_public(address)
    assert not is_own(address)


@pytest.mark.parametrize(("address", "own"), [("127.0.0.1", True), ("127.9.9.9", True),
    ("::1", True), ("::ffff:127.0.0.1", False), ("0.0.0.0", False), ("10.0.0.1", False)])  # fmt: skip
def test_what_is_this_machine(address: str, own: bool) -> None:
    assert is_own(address) is own


async def test_one_private_address_spoils_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    found = ["93.184.215.14", "10.0.0.1"]

    async def lookup(*_asked: Any, **_more: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443)) for one in found]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup, raising=False)
    with pytest.raises(NotAllowed, match=r"hooks\.example\.com is not on the internet"):
        await checked_addresses("hooks.example.com", 443)
    found.pop()
    assert await checked_addresses("hooks.example.com", 443) == ("93.184.215.14",)
    found.clear()
    with pytest.raises(NotAllowed):
        await checked_addresses("hooks.example.com", 443)

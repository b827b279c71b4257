"""Addresses as they are taken, and what is said of those that are not."""

from __future__ import annotations

import httpx2
import pytest

from linecard.errors import InvalidField
from linecard.outgoing.urls import LONGEST, read_target


@pytest.mark.parametrize(
    ("url", "host", "port", "rest"),
    [
        ("https://hooks.example.com", "hooks.example.com", 443, "/"),
        ("https://hooks.example.com/a/b?c=d&e=%20", "hooks.example.com", 443, "/a/b?c=d&e=%20"),
        ("https://hooks.example.com?token=x", "hooks.example.com", 443, "/?token=x"),
        ("HTTPS://Hooks.Example.com:8443/A", "hooks.example.com", 8443, "/A"),
        ("https://xn--bcher-kva.example/a@b:c;d,e", "xn--bcher-kva.example", 443, "/a@b:c;d,e"),
        ("https://93.184.215.14/a", "93.184.215.14", 443, "/a"),
        ("https://[2606:4700::1111]:8443/", "2606:4700::1111", 8443, "/"),
    ],
)
def test_an_address_on_the_internet_is_taken(url: str, host: str, port: int, rest: str) -> None:
    target = read_target(url, "notify", loopback=False)
    assert (target.scheme, target.host, target.port, target.rest) == ("https", host, port, rest)
    other = httpx2.URL(url)
    assert (other.raw_host.decode(), other.port or 443) == (host, port), (
        "another reader sees another host"
    )


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.example.com/", "must be https"),
        ("https://me:pw@hooks.example.com/", "no user or password"),
        ("https://hooks.example.com/#part", "no fragment"),
        ("https://hooks.example.com:22/", "port 22 is not open"),
        ("https://hooks.example.com:65536/", "port 65536 is not open"),
        ("https://bücher.example/", "in plain ASCII"),
        ("https://hooks.example.com/a b", "must be an address such as"),
        ("hooks.example.com", "must be an address such as"),
        ("", "must be an address such as"),
        ("https://hooks/", "not a name on the internet"),
        ("https://127.1/", "neither a name nor an IP address"),
        ("https://hooks.example.0x7f/", "neither a name nor an IP address"),
        ("https://-a.example.com/", "not the name of a host"),
        ("https://a..example.com/", "not the name of a host"),
        (f"https://{'a' * 64}.example.com/", "not the name of a host"),
        (f"https://{'a.' * 130}com/", "not the name of a host"),
        ("https://10.0.0.1/", "not on the internet"),
        (f"https://hooks.example.com/{'a' * LONGEST}", "longer than"),
    ],
)
def test_what_is_not_taken_is_told_why(url: str, why: str) -> None:
    with pytest.raises(InvalidField, match=why) as refused:
        read_target(url, "notify", loopback=False)
    assert refused.value.field == "notify"


def test_the_pinned_address_keeps_path_and_host() -> None:
    target = read_target("https://hooks.example.com:8443/a?b=c", "notify", loopback=False)
    assert target.at("93.184.215.14") == "https://93.184.215.14:8443/a?b=c"
    assert target.at("2606:4700::1111") == "https://[2606:4700::1111]:8443/a?b=c"
    assert target.authority == "hooks.example.com:8443"
    usual = read_target("https://hooks.example.com/a", "notify", loopback=False)
    assert usual.authority == "hooks.example.com"

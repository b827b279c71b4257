"""No address that a stranger may write leads a request of ours into a private network."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from tests.core.outgoing.names import resolve_with
from tests.core.outgoing.tricks import LOCAL_SPELLINGS, OTHER_PRIVATE, PRIVATE_RECORDS, tricks

from linecard.errors import InvalidField
from linecard.outgoing import posting
from linecard.outgoing.posting import Answered, NoAnswer, post
from linecard.outgoing.public import NotAllowed, is_public
from linecard.outgoing.urls import Target, read_target

HOOKS, PUBLIC = "hooks.example.com", "93.184.215.14"


@dataclass(slots=True)
class Trap:
    """A listener on every address of this machine: whatever connects is counted."""

    port: int = 0
    connections: int = 0

    async def take(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.close()


@pytest.fixture
async def trap() -> AsyncIterator[Trap]:
    trap, listener = Trap(), socket.create_server(("", 0))
    trap.port = listener.getsockname()[1]
    both = [listener]
    if socket.has_ipv6:
        six = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        six.bind(("::", trap.port))
        both.append(six)
    servers = [await asyncio.start_server(trap.take, sock=one) for one in both]
    yield trap
    for server in servers:
        server.close()


def private(host: str) -> Sequence[str] | None:
    return PRIVATE_RECORDS.get(host, ["127.0.0.1", "::1"] if host.endswith("localhost") else None)


async def try_it(url: str) -> None:
    """As a notification would go: read at the door, read again and looked up for its delivery."""
    target = read_target(url, "notify", loopback=False)
    await post(target, b"{}", {})


async def test_the_trap_can_be_reached(trap: Trap) -> None:
    for host in ("127.0.0.1", "[::1]"):
        target = read_target(f"http://{host}:{trap.port}/calls", "notify", loopback=True)
        with pytest.raises(NoAnswer):
            await post(target, b"{}", {})
    assert trap.connections == 2


async def test_no_trick_reaches_a_listener(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_with(monkeypatch, private)
    tried = list(dict.fromkeys(tricks(trap.port)))
    assert len(tried) >= 200
    for url in tried:
        with pytest.raises((InvalidField, NotAllowed, NoAnswer)) as stopped:
            await try_it(url)
        if stopped.type is NoAnswer:  # it means our own host, which the resolver does not know
            assert read_target(url, "notify", loopback=False).host == HOOKS
    assert trap.connections == 0


async def test_nor_does_one_that_had_got_past_the_door(
    trap: Trap, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_with(monkeypatch, private)
    hosts = [*LOCAL_SPELLINGS, *OTHER_PRIVATE, *PRIVATE_RECORDS]
    for host in hosts:
        target = Target("https", host.strip("[]"), trap.port, "/calls")
        with pytest.raises((OSError, ValueError)):
            await post(target, b"{}", {})
    assert trap.connections == 0


@pytest.mark.parametrize("private_ones", [["127.0.0.1"], ["::1"], [PUBLIC, "127.0.0.1"]])
async def test_a_name_that_leads_elsewhere_a_moment_later_gains_nothing(
    trap: Trap, monkeypatch: pytest.MonkeyPatch, private_ones: list[str]
) -> None:
    """Whether the first answer is the public one or the second, as with a life of 0 seconds."""
    answers: list[Sequence[str]] = []
    went_to: list[str] = []

    async def noted(_target: Target, address: str, *_more: object) -> Answered:
        went_to.append(address)
        return Answered(204)

    asked = resolve_with(monkeypatch, lambda _host: answers.pop(0))
    monkeypatch.setattr(posting, "_to", noted)
    answers += [[PUBLIC], private_ones, private_ones, [PUBLIC]]
    url = f"https://{HOOKS}:{trap.port}/calls"
    await try_it(url)
    assert (asked, went_to) == ([HOOKS], [PUBLIC])
    with pytest.raises(NotAllowed):
        await try_it(url)
    with pytest.raises(NotAllowed):
        await try_it(url)
    assert went_to == [PUBLIC]
    assert all(is_public(address) for address in went_to)
    assert trap.connections == 0


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/a", "http://localhost:{port}/a"])
async def test_loopback_is_for_a_server_on_loopback(trap: Trap, url: str) -> None:
    written = url.format(port=trap.port)
    with pytest.raises(InvalidField, match="must be https"):
        read_target(written, "notify", loopback=False)
    assert read_target(written, "notify", loopback=True).host == urlsplit(written).hostname
    with pytest.raises(InvalidField):
        read_target(written.replace("http:", "https:"), "notify", loopback=True)


async def test_on_loopback_other_private_addresses_stay_closed(trap: Trap) -> None:
    for host in [*OTHER_PRIVATE, "0.0.0.0", "[::]", "127.1", "2130706433", "[::ffff:127.0.0.1]"]:
        with pytest.raises(InvalidField):
            read_target(f"http://{host}:{trap.port}/calls", "notify", loopback=True)
    assert trap.connections == 0

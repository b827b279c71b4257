"""The allocator's client against a faithful allocator: real TLS, every way in which it can answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.responses import Response
from tests.plugins.agones.allocator import FakeAllocator, Mode, allocating, status, wrong_with
from tests.plugins.agones.calls import a_call
from tests.plugins.agones.conftest import Trust, World
from tests.plugins.agones.fleet import Fleet, State

from linecard import ConfigurationError, Direction, LinecardError, NoFreePod, PodLease
from linecard_agones import allocating as module
from linecard_agones.allocating import Allocator
from linecard_agones.faults import (
    AllocatorRefused,
    AllocatorUnavailable,
    BadAllocation,
    ConnectionClosed,
    Contended,
    PodTaken,
)
from linecard_agones.fencing import Fence
from linecard_agones.orders import CALL_LABEL, UNUSED_ANNOTATION
from linecard_agones.settings import AllocatorSettings

SOON, LATER = 0.4, 1.5
"""Seconds: a deadline for what never comes, and for what comes again and again."""
NEVER = frozenset({Mode.HELD, Mode.HELD_WITHIN})


@asynccontextmanager
async def client(settings: AllocatorSettings, deadline: float = 20.0) -> AsyncIterator[Allocator]:
    allocator = Allocator(settings, deadline)
    try:
        yield allocator
    finally:
        await allocator.close()


async def _raises(world: World, mode: Mode, kind: type[LinecardError]) -> str:
    """The words of the error."""
    world.fake.script = [mode] * 100
    deadline = SOON if mode in NEVER else LATER if mode is Mode.CONTENTION else 20.0
    async with client(world.settings, deadline) as allocator:
        with pytest.raises(kind) as raised:
            await allocator.allocate(a_call())
    assert type(raised.value) is kind
    return str(raised.value)


async def test_a_call_is_given_a_pod(world: World) -> None:
    async with client(world.settings) as allocator:
        lease = await allocator.allocate(a_call("0a1b2c3d"))
    assert lease == PodLease(pod="media-00000", call="0a1b2c3d", address="10.1.0.1:8080")
    (allocated,) = world.fleet.in_state(State.ALLOCATED)
    assert (allocated.name, allocated.labels[CALL_LABEL]) == (lease.pod, "0a1b2c3d")
    assert world.fleet.wrong == []


async def test_a_pod_is_told_how_long_it_may_wait(world: World) -> None:
    rings = a_call("a", direction=Direction.OUTBOUND, ring_seconds=45)
    async with client(world.settings) as allocator:
        await allocator.allocate(rings)
        await allocator.allocate(a_call("b"))
    told = [one["metadata"]["annotations"][UNUSED_ANNOTATION] for one in world.fake.asked]
    assert told == ["75", "30"]


async def test_the_same_call_has_the_same_pod(world: World) -> None:
    async with client(world.settings) as allocator:
        first = await allocator.allocate(a_call())
        assert await allocator.allocate(a_call()) == first
    assert len(world.fake.asked) == 1


async def test_ten_calls_at_once_share_three_pods_truly(world: World) -> None:
    async with client(world.settings) as allocator:
        asked = (allocator.allocate(a_call(f"call-{n}")) for n in range(10))
        said = await asyncio.gather(*asked, return_exceptions=True)
    leases = [one for one in said if isinstance(one, PodLease)]
    assert len({one.pod for one in leases}) == len(leases) == 3
    assert sum(isinstance(one, NoFreePod) for one in said) == 7


@pytest.mark.parametrize("code", [429, 409, 503])
async def test_none_free_is_told_as_what_it_is(world: World, code: int) -> None:
    """429 by default; `http-unallocated-status-code` makes an allocator say other things."""
    words = "there is no available GameServer to allocate"
    codes = {429: 8, 409: 6, 503: 8}
    world.fake.none_free = lambda: status(code, codes[code], words)
    world.fake.fleet = Fleet(0)
    async with client(world.settings) as allocator:
        with pytest.raises(NoFreePod, match=words) as raised:
            await allocator.allocate(a_call())
    assert type(raised.value) is NoFreePod
    assert len(world.fake.asked) == 1


async def test_a_bare_429_is_none_free(world: World) -> None:
    world.fake.none_free = lambda: Response(status_code=429)
    world.fake.fleet = Fleet(0)
    async with client(world.settings) as allocator:
        with pytest.raises(NoFreePod):
            await allocator.allocate(a_call())


async def test_contention_is_asked_again_within_the_deadline(world: World) -> None:
    world.fake.script = [Mode.CONTENTION] * 3
    async with client(world.settings) as allocator:
        assert (await allocator.allocate(a_call())).pod == "media-00000"
    assert len(world.fake.asked) == 4


async def test_contention_that_never_ends_is_no_free_pod(world: World) -> None:
    await _raises(world, Mode.CONTENTION, Contended)
    assert issubclass(Contended, NoFreePod)
    assert len(world.fake.asked) > 1


async def test_pauses_grow_and_differ() -> None:
    pauses = {round(module._pause(3), 6) for _ in range(20)}
    assert len(pauses) > 1
    assert all(0 < module._pause(n) <= module.LONGEST_PAUSE for n in range(2000))


async def test_a_pod_of_another_call_is_not_taken(world: World) -> None:
    async with client(world.settings) as allocator:
        first = await allocator.allocate(a_call("one"))
        world.fake.script = [Mode.SAME_AGAIN, Mode.SAME_AGAIN]
        second = await allocator.allocate(a_call("two"))
    assert first.pod != second.pod
    assert len(world.fake.asked) == 4


async def test_a_pod_is_not_taken_again_after_its_call(world: World) -> None:
    async with client(world.settings, LATER) as allocator:
        lease = await allocator.allocate(a_call("one"))
        released = allocator.release(lease)
        assert released is not None
        await released
        world.fake.script = [Mode.SAME_AGAIN] * 100
        with pytest.raises(PodTaken, match=lease.pod) as raised:
            await allocator.allocate(a_call("two"))
    assert isinstance(raised.value, NoFreePod)


async def test_releases_are_idempotent_and_only_of_what_is_held(world: World) -> None:
    async with client(world.settings) as allocator:
        lease = await allocator.allocate(a_call("one"))
        assert allocator.release(PodLease("media-00002", "one", "10.1.0.3:8080")) is None
        assert allocator.release(PodLease("local", "two")) is None
        released = allocator.release(lease)
        assert released is not None
        await released
        assert allocator.release(lease) is None


@pytest.mark.parametrize(
    ("mode", "kind", "words"),
    [
        (Mode.HELD, AllocatorUnavailable, "no answer within 0.4 s"),
        (Mode.HELD_WITHIN, AllocatorUnavailable, "no answer within 0.4 s"),
        (Mode.FAULT, AllocatorUnavailable, "the allocator said 500: internal server error"),
        (Mode.UNAVAILABLE, AllocatorUnavailable, "the allocator said 503"),
        (Mode.ELSEWHERE, AllocatorUnavailable, "the allocator said 307"),
        (Mode.INVALID, AllocatorRefused, "is invalid"),
        (Mode.FORBIDDEN, AllocatorRefused, "permission denied"),
        (Mode.NO_JSON, BadAllocation, "cannot be read"),
        (Mode.A_LIST, BadAllocation, "cannot be read"),
        (Mode.NO_TEXT, BadAllocation, "cannot be read"),
        (Mode.ENDLESS, BadAllocation, "longer than 65536 bytes"),
        (Mode.NO_ADDRESS, BadAllocation, "media-00000 has no address"),
        (Mode.STRANGE_ADDRESS, BadAllocation, "has no address"),
        (Mode.NO_PORT, BadAllocation, "no port named 'media'; name one so in the fleet"),
        (Mode.OTHER_PORT, BadAllocation, "no port named 'media'"),
        (Mode.PORT_TOO_LARGE, BadAllocation, "no port named 'media'"),
        (Mode.PORT_AS_TEXT, BadAllocation, "cannot be read"),
        (Mode.PORTS_AS_OBJECT, BadAllocation, "cannot be read"),
        (Mode.NO_NAME, BadAllocation, "'' cannot be the name of a pod"),
        (Mode.STRANGE_NAME, BadAllocation, "cannot be the name of a pod"),
    ],
)
async def test_every_bad_answer_has_its_own_error(
    world: World, mode: Mode, kind: type[LinecardError], words: str
) -> None:
    assert words in await _raises(world, mode, kind)


def test_every_mode_is_told_apart() -> None:
    """A mode that nobody tries would be no contract."""
    tried = {mark.args[1][n][0] for mark in MARKS for n in range(len(mark.args[1]))}
    assert tried | {Mode.TRUE, Mode.CONTENTION, Mode.SAME_AGAIN} == set(Mode)


MARKS = test_every_bad_answer_has_its_own_error.pytestmark  # type: ignore[attr-defined]


async def test_without_an_address_of_the_pod_it_is_that_of_its_node(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linecard_agones.answers.POD_IP", "NoSuchType")
    async with client(world.settings) as allocator:
        assert (await allocator.allocate(a_call())).address == "192.0.2.7:8080"


async def test_ipv6_stands_in_brackets(world: World) -> None:
    for server in world.fleet:
        server.address = "fd00:1::7"
    async with client(world.settings) as allocator:
        assert (await allocator.allocate(a_call())).address == "[fd00:1::7]:8080"


async def test_an_allocator_that_is_down(trust: Trust) -> None:
    async with allocating(FakeAllocator(Fleet(1)), trust.server, trust.clients) as url:
        pass
    async with client(trust.settings(url)) as allocator:
        with pytest.raises(AllocatorUnavailable, match="does not answer"):
            await allocator.allocate(a_call())


async def test_a_client_that_the_allocator_does_not_know(trust: Trust, world: World) -> None:
    stranger = trust.servers.client("stranger")
    settings = world.but(client_cert=str(stranger.cert), client_key=str(stranger.key))
    # Its alert may be lost where the connection is reset behind it.
    async with client(settings, LATER) as allocator:
        with pytest.raises(
            (AllocatorRefused, ConnectionClosed), match="does not take AGONES_CLIENT_CERT"
        ):
            await allocator.allocate(a_call())
    assert world.fake.asked == []


async def test_an_allocator_that_nobody_vouches_for(trust: Trust, world: World) -> None:
    async with client(world.but(ca=str(trust.clients.cert))) as allocator:
        with pytest.raises(AllocatorRefused, match="AGONES_CA must name the authority"):
            await allocator.allocate(a_call())
    assert world.fake.asked == []


async def test_an_allocator_of_another_name(trust: Trust) -> None:
    elsewhere = trust.servers.server("elsewhere", "192.0.2.1")
    fake = FakeAllocator(Fleet(1).all_ready())
    async with (
        allocating(fake, elsewhere, trust.clients) as url,
        client(trust.settings(url)) as allocator,
    ):
        with pytest.raises(AllocatorRefused, match="is not trusted"):
            await allocator.allocate(a_call())
    assert fake.asked == []


async def test_a_connection_that_is_closed_unanswered_is_opened_again(trust: Trust) -> None:
    """As an allocator that is being replaced does it to the connections that are kept open."""
    async with _closing(trust, 2) as (url, opened), client(trust.settings(url)) as allocator:
        with pytest.raises(NoFreePod):
            await allocator.allocate(a_call())
    assert len(opened) == 3


async def test_an_allocator_without_tls(trust: Trust) -> None:
    """Its other port, say: no certificate is to blame for that."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with client(trust.settings(url)) as allocator:
            with pytest.raises(AllocatorUnavailable, match="does not answer") as raised:
                await allocator.allocate(a_call())
    assert "AGONES_CLIENT_CERT" not in str(raised.value)


def test_the_fence_forgets_the_oldest_pods_alone() -> None:
    fence = Fence(most=2)
    assert [fence.take(pod, "a call") for pod in ("one", "two", "two", "three")] == [
        True,
        True,
        False,
        True,
    ]
    assert [fence.take(pod, "a call") for pod in ("three", "two")] == [False, False]
    assert fence.take("one", "a call")


async def test_a_connection_is_kept_for_the_next_call(world: World) -> None:
    async with client(world.settings) as allocator:
        for n in range(3):
            await allocator.allocate(a_call(f"call-{n}"))
    assert len(set(world.fake.peers)) == 1


async def test_connections_that_are_always_closed(trust: Trust) -> None:
    async with _closing(trust, 10_000) as (url, _), client(trust.settings(url), LATER) as allocator:
        with pytest.raises(ConnectionClosed):
            await allocator.allocate(a_call())
    assert issubclass(ConnectionClosed, AllocatorUnavailable)


@asynccontextmanager
async def _closing(trust: Trust, times: int) -> AsyncIterator[tuple[str, list[int]]]:
    """A server that reads a request and hangs up, so many times; then none is free."""
    opened: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(len(opened))
        await reader.readuntil(b"}}")
        if len(opened) > times:
            writer.write(b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=_server_side(trust))
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", opened


def _server_side(trust: Trust) -> object:
    import ssl

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(trust.clients.cert))
    context.load_cert_chain(trust.server.cert, trust.server.key)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


async def test_who_stops_waiting_leaves_nothing_behind(world: World) -> None:
    """A call that ends meanwhile: its pod, if there is one, finds nobody and goes by itself."""
    world.fake.script = [Mode.HELD]
    async with client(world.settings) as allocator:
        asked = asyncio.create_task(allocator.allocate(a_call("gone")))
        while not world.fake.asked:
            await asyncio.sleep(0.01)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert (await allocator.allocate(a_call("next"))).pod == "media-00001"


async def test_a_wrong_certificate_is_said_at_the_start(trust: Trust) -> None:
    fits = trust.settings("https://127.0.0.1:1")
    other = trust.clients.client("other")
    locked = trust.clients.client("locked", password=b"secret")
    from dataclasses import replace

    for wrong, words in [
        (
            replace(fits, client_cert="/nowhere.crt"),
            r"AGONES_CLIENT_CERT \(/nowhere.crt\) cannot be read",
        ),
        (
            replace(fits, client_key="/nowhere.key"),
            r"AGONES_CLIENT_KEY \(/nowhere.key\) cannot be read",
        ),
        (replace(fits, client_key=str(other.key)), "are no pair"),
        (replace(fits, client_key=str(trust.client.cert)), "are no pair"),
        (
            replace(fits, client_cert=str(locked.cert), client_key=str(locked.key)),
            "without a password",
        ),
        (replace(fits, ca="/nowhere.pem"), r"AGONES_CA \(/nowhere.pem\) cannot be read"),
        (replace(fits, ca=str(trust.client.key)), "AGONES_CA .* holds no certificate"),
    ]:
        with pytest.raises(ConfigurationError, match=words):
            Allocator(wrong)


@pytest.mark.parametrize(
    "wanted",
    [
        {"namespace": "calls", "namespaces": "x"},
        {"namespace": 7},
        {},
        {"namespace": "calls", "gameServerSelectors": [{"labels": {}}]},
        {"namespace": "calls", "gameServerSelectors": [{"gameServerState": "Ready"}]},
        {"namespace": "calls", "metadata": {"labels": {"linecard/call": "+1 415"}}},
        {"namespace": "calls", "metadata": {"annotations": {"a": 30}}},
        {"namespace": "calls", "scheduling": "packed"},
    ],
)
def test_the_fake_refuses_what_agones_would_not_understand(wanted: dict[str, object]) -> None:
    assert wrong_with(wanted)

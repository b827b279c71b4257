"""No pod is free, or none that lives: what the caller gets, and what stands on the record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import linecard
from linecard.calls import Call
from linecard.carrier import HERE, PodLease
from linecard.errors import NoFreePod, RequestRefused
from linecard.exchange import pod_watch, waiting
from linecard.exchange.admission import admit
from linecard.plugins import OtherPlugin, Plugins
from linecard.pods import leases
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from linecard.store import calls
from linecard.testing.telephone import CUSTOMER, OURS, Telephone, names, telephone
from linecard.tokens import StreamClaims, new_id
from linecard.webhook import CarrierRequest

STAYS = Phone(ring_seconds=1.0, script=(Wait(300),))


class Scarce:
    """Pods that are free from the `free`th time on that one is asked for; the last address is that of all later ones."""

    def __init__(self, free: int, *addresses: str | None) -> None:
        self.free = free
        self.addresses = list(addresses or [None])
        self.asked = 0
        self.back: list[str] = []

    @linecard.hookimpl
    async def allocate_pod(self, call: Call) -> PodLease:
        self.asked += 1
        if self.asked < self.free:
            raise NoFreePod("all are taken")
        more = len(self.addresses) > 1
        address = self.addresses.pop(0) if more else self.addresses[0]
        return PodLease(pod=f"pod-{self.asked}", call=call.id, address=address)

    @linecard.hookimpl
    async def release_pod(self, lease: PodLease) -> None:
        self.back.append(lease.pod)


def _with(scarce: Scarce) -> Plugins:
    plugins = Plugins.discover()
    plugins.add(OtherPlugin("scarce", scarce, "tests", "1"))
    return plugins


async def _comes_in(world: Telephone) -> str:
    await world.register()
    await world.carrier.call_in(CUSTOMER, OURS, STAYS)
    return str((await world.only_call())["id"])


async def test_a_caller_rings_until_a_pod_is_free(tmp_path: Path) -> None:
    scarce = Scarce(4)
    async with telephone(tmp_path, "plivo", (), _with(scarce)) as world:
        call_id = await _comes_in(world)
        call = await world.until(call_id, lambda one: "stream-started" in names(one))
        (told,) = [one["facts"] for one in call["events"] if one["name"] == "pod-allocated"]
        assert (told["pod"], scarce.asked) == ("pod-4", 4)


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["plivo", "twilio"])
async def test_then_hears_that_it_must_wait(tmp_path: Path, provider: str) -> None:
    scarce = Scarce(19)
    async with telephone(tmp_path, provider, (), _with(scarce)) as world:
        call_id = await _comes_in(world)
        await world.until(call_id, lambda one: "stream-started" in names(one))
        waited = await world.api.get("/metrics")
        assert f'linecard_answers_waited_total{{provider="{provider}"}}' in waited.text


async def test_and_an_apology_when_there_is_none_for_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "RINGING_SECONDS", 0.2)
    async with telephone(tmp_path, "plivo", (), _with(Scarce(10**6)), speed=20) as world:
        call = await world.ended(await _comes_in(world))
        assert "apologised" in names(call)
        assert world.carrier.ledger.live_legs() == ()


@pytest.mark.parametrize("provider", ["plivo", "twilio", "exotel"])
async def test_or_the_busy_tone_where_that_is_wanted(tmp_path: Path, provider: str) -> None:
    async with telephone(tmp_path, provider, (), _with(Scarce(10**6)), no_pod="reject") as world:
        if provider == "exotel":
            pytest.skip("its flow has no busy tone: the caller hears the applet behind it")
        call_id = await _comes_in(world)
        call = await world.until(call_id, lambda one: "no-pod" in names(one))
        await world.ended(call_id)
        assert world.carrier.ledger.live_legs() == ()
        assert "stream-started" not in names(call)


async def test_or_an_agent_in_the_server(tmp_path: Path) -> None:
    async with telephone(tmp_path, "plivo", (), _with(Scarce(10**6)), no_pod="here") as world:
        call_id = await _comes_in(world)
        await world.until(call_id, lambda one: "stream-started" in names(one))


async def test_a_pod_that_cannot_be_reached_is_followed_by_another(tmp_path: Path) -> None:
    scarce = Scarce(1, "127.0.0.1:1", None)
    async with telephone(tmp_path, "plivo", (), _with(scarce)) as world:
        call_id = await _comes_in(world)
        call = await world.until(call_id, lambda one: "stream-started" in names(one))
        assert [one for one in names(call) if one in ("pod-lost", "stream-started")] == [
            "pod-lost",
            "stream-started",
        ]
        assert (scarce.asked, scarce.back) == (2, ["pod-1"])


@pytest.mark.slow
async def test_a_pod_that_nobody_comes_to_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "UNUSED_SECONDS", 1.0)
    async with (
        _mute() as address,
        telephone(tmp_path, "plivo", (), _with(scarce := Scarce(1, address))) as world,
    ):
        call_id = await _comes_in(world)
        call = await world.until(call_id, lambda one: "pod-unused" in names(one))
        assert "stream-started" not in names(call), "it is carried by nobody else"
        assert "pod-1" in scarce.back
        await world.ended(call_id)
        assert scarce.back.count("pod-1") == 1


@asynccontextmanager
async def _mute() -> AsyncIterator[str]:
    """An address where somebody listens, and says nothing."""

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_call_that_was_asked_for_a_pod_after_its_end_gives_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pod_watch, "LOOK_SECONDS", 0.1)
    scarce = Scarce(1, "127.0.0.1:1")
    async with telephone(tmp_path, "plivo", (), _with(scarce)) as world:
        await world.register()
        world.carrier.phones[CUSTOMER] = Phone(ring_seconds=600.0)
        call_id = (await world.dial())["id"]
        await world.api.post(f"/api/calls/{call_id}/hangup")
        await world.ended(call_id)
        await world.eventually(lambda: not world.exchange.leases.asked)
        async with world.exchange.database.read() as conn:
            call = await calls.get(conn, call_id)
        assert call is not None
        given = scarce.asked
        world.exchange.leases.begin(world.exchange.plugins, call)
        await world.eventually(lambda: f"pod-{given + 1}" in scarce.back)


async def test_a_token_of_a_pod_opens_nothing_here_once_its_pod_is_given_back(
    tmp_path: Path,
) -> None:
    async with telephone(tmp_path, "exotel", ()) as world:
        await world.register()
        world.carrier.phones[CUSTOMER] = Phone(ring_seconds=600.0)
        call_id = (await world.dial())["id"]
        async with world.exchange.database.read() as conn:
            call = await calls.get(conn, call_id)
        assert call is not None

        def token(pod: str) -> str:
            given = StreamClaims(
                new_id(), call_id, "exotel", call.account, "", "", call.profile, pod, 2**40
            )
            return world.exchange.tokens.stream(given)

        request = CarrierRequest(method="GET", url="wss://us/ws", headers={})
        with pytest.raises(RequestRefused, match="elsewhere"):
            await admit(world.exchange, "exotel", token("pod-1"), request)
        admitted = await admit(world.exchange, "exotel", token(HERE), request)
        assert admitted.call.id == call_id

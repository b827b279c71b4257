from __future__ import annotations

import asyncio

import pytest

import linecard
from linecard.calls import Call, CallStatus, Direction
from linecard.carrier import HERE, PodLease
from linecard.errors import NoFreePod
from linecard.plugins import OtherPlugin, Plugins
from linecard.pods import Leases
from linecard.wall import now


def call(call_id: str = "c1") -> Call:
    return Call(
        id=call_id,
        provider="acme",
        account="main",
        direction=Direction.INBOUND,
        from_=None,
        to="+14155550100",
        number="+14155550100",
        agent="echo",
        profile="p",
        status=CallStatus.RINGING,
        created_at=now(),
    )


class Pool:
    """A plugin that gives each call a pod of its own."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.error: Exception | None = None
        self.given: list[str] = []
        self.back: list[str] = []

    @linecard.hookimpl
    async def allocate_pod(self, call: Call) -> PodLease:
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        self.given.append(call.id)
        return PodLease(pod=f"pod-{len(self.given)}", call=call.id)

    @linecard.hookimpl
    async def release_pod(self, lease: PodLease) -> None:
        self.back.append(lease.pod)


def _with(pool: Pool) -> Plugins:
    plugins = Plugins()
    plugins.add(OtherPlugin("pool", pool, "tests", "1"))
    return plugins


async def test_without_a_plugin_the_call_stays_here() -> None:
    assert (await Leases().of(Plugins(), call())).lease.pod == HERE


async def test_a_call_has_one_pod_whatever_its_streams_do() -> None:
    pool, leases = Pool(), Leases()
    plugins = _with(pool)
    first = await leases.of(plugins, call())
    assert await leases.of(plugins, call()) is first
    assert (await leases.of(plugins, call("c2"))).lease.pod == "pod-2"
    assert pool.given == ["c1", "c2"]


async def test_a_pod_is_given_back_once() -> None:
    pool, leases = Pool(), Leases()
    plugins = _with(pool)
    await leases.of(plugins, call())
    await leases.give_back(plugins, "c1")
    await leases.give_back(plugins, "c1")
    await leases.give_back(plugins, "never")
    assert pool.back == ["pod-1"]


async def test_a_pod_that_does_not_come_in_time_is_there_when_it_is_asked_for_again() -> None:
    pool, leases = Pool(0.1), Leases()
    plugins = _with(pool)
    with pytest.raises(NoFreePod):
        await leases.of(plugins, call(), within=0.01)
    assert (await leases.of(plugins, call())).lease.pod == "pod-1"
    assert pool.given == ["c1"]


async def test_a_call_may_stay_here_and_the_late_pod_is_given_back() -> None:
    pool, leases = Pool(0.05), Leases(or_here=True)
    assert (await leases.of(_with(pool), call(), within=0.01)).lease.pod == HERE
    await asyncio.sleep(0.1)
    assert (pool.given, pool.back) == (["c1"], ["pod-1"])


@pytest.mark.parametrize("error", [NoFreePod("none"), OSError("gone"), ValueError("a fault")])
async def test_whatever_fails_the_call_may_ask_again(error: Exception) -> None:
    pool, leases = Pool(), Leases()
    pool.error = error
    plugins = _with(pool)
    with pytest.raises(NoFreePod):
        await leases.of(plugins, call())
    pool.error = None
    assert (await leases.of(plugins, call())).lease.pod == "pod-1"


async def test_a_pod_that_was_asked_for_while_the_call_rang_is_there_at_the_answer() -> None:
    pool, leases = Pool(0.05), Leases()
    plugins = _with(pool)
    leases.begin(plugins, call())
    leases.begin(plugins, call())
    await asyncio.sleep(0.2)
    assert (await leases.of(plugins, call(), within=0.0001)).lease.pod == "pod-1"
    assert pool.given == ["c1"]


@pytest.mark.parametrize(("seconds", "back"), [(0.0, ["pod-1"]), (5.0, [])])
async def test_the_pod_of_a_call_that_nobody_answered_is_given_back(
    seconds: float, back: list[str]
) -> None:
    pool, leases = Pool(seconds), Leases()
    plugins = _with(pool)
    leases.begin(plugins, call())
    await asyncio.sleep(0.05)
    await leases.give_back(plugins, "c1")
    await leases.give_back(plugins, "c1")
    assert pool.back == back


async def test_an_answer_that_waits_for_a_pod_is_told_when_its_call_has_ended() -> None:
    for or_here in (False, True):
        pool, leases = Pool(5.0), Leases(or_here=or_here)
        plugins = _with(pool)
        waiting = asyncio.create_task(leases.of(plugins, call(), within=10))
        await asyncio.sleep(0.01)
        assert leases.asked == ("c1",)
        await leases.give_back(plugins, "c1")
        with pytest.raises(NoFreePod):
            await waiting
        assert not list(leases)
        assert leases.get("c1") is None


async def test_two_requests_of_a_call_are_told_the_same_and_the_late_pod_is_given_back() -> None:
    pool, leases = Pool(0.1), Leases(or_here=True)
    plugins = _with(pool)
    first = asyncio.create_task(leases.of(plugins, call(), within=0.02))
    second = asyncio.create_task(leases.of(plugins, call(), within=5))
    held = await first
    assert held.lease.pod == HERE
    assert await second is held
    await asyncio.sleep(0.05)
    assert pool.back == ["pod-1"]

"""Whatever happens: no pod for two calls, releases are idempotent, and nothing stays allocated in vain."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plugins.agones.allocator import FakeAllocator, Mode, allocating
from tests.plugins.agones.calls import a_call
from tests.plugins.agones.conftest import Trust
from tests.plugins.agones.fleet import Fleet, State
from tests.plugins.agones.sidecars import sidecars
from tests.plugins.agones.test_tending import Media
from tests.plugins.agones.waiting import quick, until

from linecard import Direction, LinecardError, PodLease
from linecard_agones.allocating import Allocator
from linecard_agones.sidecar import Sidecar
from linecard_agones.tending import Tending

PODS = 4
CALLS = st.integers(0, 4)
MODES = st.lists(
    st.sampled_from(
        [
            Mode.TRUE,
            Mode.CONTENTION,
            Mode.SAME_AGAIN,
            Mode.NO_PORT,
            Mode.NO_ADDRESS,
            Mode.PORT_AS_TEXT,
            Mode.FAULT,
            Mode.NO_JSON,
            Mode.HELD,
        ]
    ),
    max_size=3,
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), CALLS, MODES),
        st.tuples(st.just("come"), CALLS, st.just([])),
        st.tuples(st.just("end"), CALLS, st.just([])),
    ),
    min_size=1,
    max_size=12,
)
Step = tuple[str, int, list[Mode]]


@dataclass(slots=True)
class Story:
    """What was given to whom. `generation` makes a call of each number that has ended a new one."""

    allocator: Allocator
    fake: FakeAllocator
    media: dict[str, Media]
    tending: dict[str, Tending]
    leases: dict[int, PodLease] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    generation: int = 0

    async def step(self, step: Step) -> None:
        """One of it."""
        kind, call, modes = step
        self.fake.script = list(modes)
        await {"ask": self._ask, "come": self._come, "end": self._end}[kind](call)

    async def _ask(self, number: int) -> None:
        direction = (Direction.INBOUND, Direction.OUTBOUND)[number % 2]
        held = self.leases.get(number)
        call = held.call if held else f"call-{number}-{self.generation}"
        try:
            lease = await self.allocator.allocate(a_call(call, direction=direction))
        except LinecardError:
            return
        assert self.given.setdefault(lease.pod, call) == call, "one pod for two calls"
        assert held in (None, lease), "another pod for the same call"
        self.leases[number] = lease

    async def _come(self, number: int) -> None:
        if number in self.leases and self._is_there(self.leases[number].pod):
            self.media[self.leases[number].pod].is_used = True

    async def _end(self, number: int) -> None:
        lease = self.leases.pop(number, None)
        if lease is None:
            return
        released = self.allocator.release(lease)
        assert released is not None
        await released
        assert self.allocator.release(lease) is None
        if self.media[lease.pod].is_used:
            await self.tending[lease.pod].stop()
        self.generation += 1

    def _is_there(self, pod: str) -> bool:
        return self.fake.fleet.servers[pod].state is State.ALLOCATED

    def in_vain(self) -> list[str]:
        """What is allocated, and nobody came."""
        allocated = self.fake.fleet.in_state(State.ALLOCATED)
        return [one.name for one in allocated if not self.media[one.name].is_used]


async def _told(trust: Trust, steps: list[Step]) -> None:
    fleet = Fleet(PODS)
    fake = FakeAllocator(fleet)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(allocating(fake, trust.server, trust.clients))
        _, address = await stack.enter_async_context(sidecars(fleet))
        allocator = Allocator(trust.settings(url), 0.15)
        stack.push_async_callback(allocator.close)
        story = Story(allocator, fake, {name: Media() for name in fleet.servers}, {})
        for name, media in story.media.items():
            sidecar = await stack.enter_async_context(Sidecar(f"{address}/{name}"))
            story.tending[name] = Tending(sidecar, media, name, quick)
            story.tending[name].start()
            stack.push_async_callback(story.tending[name].stop)
        await until(lambda: len(fleet.in_state(State.READY)) == PODS, "all ready")
        for step in steps:
            await story.step(step)
        await until(lambda: not story.in_vain(), "nothing is allocated in vain")
        used = [name for name, media in story.media.items() if media.is_used]
        assert {one.name for one in fleet.in_state(State.ALLOCATED)} <= set(used)
    assert fleet.wrong == []


@settings(max_examples=8, deadline=None)
@given(steps=STEPS)
def test_any_order_of_calls_and_faults(trust: Trust, steps: list[Step]) -> None:
    asyncio.run(_told(trust, steps))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_many_orders_of_calls_and_faults(trust: Trust, steps: list[Step]) -> None:
    asyncio.run(_told(trust, steps))


async def test_a_pod_for_two_calls_would_be_seen(
    trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linecard_agones.fencing.Fence.take", lambda *_: True)
    steps: list[Step] = [("ask", 0, []), ("ask", 1, [Mode.SAME_AGAIN])]
    with pytest.raises(AssertionError, match="one pod for two calls"):
        await _told(trust, steps)


async def test_a_pod_that_stays_in_vain_would_be_seen(
    trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stays(_self: Tending, _seconds: float) -> None:
        """Never leave."""

    monkeypatch.setattr(Tending, "_leave_if_unused", stays)
    monkeypatch.setattr("tests.plugins.agones.waiting.LONGEST_SECONDS", 1.0)
    with pytest.raises(AssertionError, match="never: nothing is allocated in vain"):
        await _told(trust, [("ask", 0, [])])

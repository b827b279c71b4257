"""What a media process tells the sidecar: ready once, alive all the time, gone when nobody comes or at its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import structlog
from tests.plugins.agones.fleet import Fleet, GameServer, State
from tests.plugins.agones.sidecars import Sidecars, sidecars
from tests.plugins.agones.waiting import Sleeping, quick, until

from linecard.listening import free_port
from linecard_agones.orders import UNUSED_ANNOTATION
from linecard_agones.sidecar import Sidecar
from linecard_agones.tending import AGAIN_SECONDS, BEAT_SECONDS, Sleep, Tending

POD = "media-00000"


@dataclass(slots=True)
class Media:
    """A media process, as it tells of itself."""

    is_used: bool = False


@dataclass(slots=True)
class Pod:
    """One pod that runs, with its sidecar."""

    server: GameServer
    sidecars: Sidecars
    media: Media
    tending: Tending

    def allocate(self, **annotations: str) -> None:
        """As the allocator does it."""
        assert self.sidecars.fleet.allocate({}, annotations) is self.server

    async def is_in(self, state: State) -> None:
        """Wait for a state."""
        await until(lambda: self.server.state is state, f"{self.server.name} {state}")


@asynccontextmanager
async def a_pod(sleep: Sleep = quick, name: str = POD, late: int = 0) -> AsyncIterator[Pod]:
    """A pod from its start; whatever it did, nothing forbidden was asked of the fleet."""
    fleet = Fleet(1)
    async with sidecars(fleet) as (made, url), Sidecar(f"{url}/{POD}") as sidecar:
        made.late[POD] = late
        media = Media()
        tending = Tending(sidecar, media, name, sleep)
        tending.start()
        try:
            yield Pod(fleet.servers[POD], made, media, tending)
        finally:
            await tending.stop()
    assert fleet.wrong == []


def _times(said: Sequence[object], what: object, times: int) -> Callable[[], bool]:
    """Whether something was said so often."""
    return lambda: said.count(what) == times


async def test_a_pod_says_that_it_is_ready_and_lives() -> None:
    async with a_pod() as pod:
        await pod.is_in(State.READY)
        await until(lambda: pod.server.said.count("health") >= 3, "three signs of life")
        assert pod.server.said.count("ready") == 1


async def test_signs_of_life_come_every_five_seconds() -> None:
    sleeping = Sleeping()
    async with a_pod(sleeping) as pod:
        for beats in range(1, 4):
            await until(_times(pod.server.said, "health", beats), f"beat {beats}")
            await until(_times(sleeping.asked, BEAT_SECONDS, beats), "its sleep")
            sleeping.wake(BEAT_SECONDS)
        assert BEAT_SECONDS == 5


async def test_a_blocked_loop_sends_no_sign_of_life() -> None:
    """A second loop looks on while the one of the pod is blocked, as an agent that hangs blocks it."""
    import threading

    async with sidecars(Fleet(1)) as (made, url):
        blocked, release = threading.Event(), threading.Event()

        async def run() -> None:
            async with Sidecar(f"{url}/{POD}") as sidecar:
                tending = Tending(sidecar, Media(), POD, quick)
                tending.start()
                said = made.fleet.servers[POD].said
                await until(lambda: "health" in said, "a sign of life")
                blocked.set()
                release.wait(20)
                await tending.stop()

        thread = threading.Thread(target=lambda: asyncio.run(run()))
        thread.start()
        await until(blocked.is_set, "the block")
        await asyncio.sleep(0.05)
        said = made.fleet.servers[POD].said
        before = said.count("health")
        await asyncio.sleep(0.3)
        after = said.count("health")
        release.set()
        await until(lambda: not thread.is_alive(), "the end")
        assert before == after
        assert said[-1] == "shutdown"


async def test_a_sidecar_may_start_later() -> None:
    async with a_pod(late=7) as pod:
        await pod.is_in(State.READY)
        assert pod.server.said.count("ready") == 1


async def test_a_sidecar_may_not_even_listen_yet() -> None:
    port, fleet = free_port(), Fleet(1)
    async with Sidecar(f"http://127.0.0.1:{port}/{POD}") as sidecar:
        tending = Tending(sidecar, Media(), POD, quick)
        tending.start()
        await asyncio.sleep(0.05)
        async with sidecars(fleet, port):
            await until(lambda: fleet.in_state(State.READY), "ready")
            await tending.stop()
            assert fleet.in_state(State.SHUTDOWN)


async def test_an_allocated_pod_that_nobody_comes_to_goes() -> None:
    sleeping = Sleeping()
    async with a_pod(sleeping) as pod:
        await pod.is_in(State.READY)
        pod.allocate()
        await until(lambda: 30 in sleeping.asked, "half a minute")
        assert pod.server.state is State.ALLOCATED
        sleeping.wake(30)
        await pod.is_in(State.SHUTDOWN)


async def test_an_allocated_pod_that_has_its_call_stays() -> None:
    sleeping = Sleeping()
    async with a_pod(sleeping) as pod:
        await pod.is_in(State.READY)
        pod.allocate()
        await until(lambda: 30 in sleeping.asked, "half a minute")
        pod.media.is_used = True
        sleeping.wake(30)
        await until(lambda: sleeping.asked.count(BEAT_SECONDS) == 1, "a beat")
        for _ in range(3):
            sleeping.wake(BEAT_SECONDS)
            said = pod.server.said.count("health")
            await until(_times(pod.server.said, "health", said + 1), "a sign of life")
        assert "shutdown" not in pod.server.said
    assert pod.server.state is State.SHUTDOWN


@pytest.mark.parametrize(
    ("noted", "waits"),
    [("75", 75), ("1", 1), ("0", 30), ("-5", 30), ("9999", 30), ("a while", 30), ("٣٠", 30)],
)
async def test_an_allocation_says_how_long_its_pod_may_wait(noted: str, waits: float) -> None:
    sleeping = Sleeping()
    async with a_pod(sleeping) as pod:
        await pod.is_in(State.READY)
        pod.allocate(**{UNUSED_ANNOTATION: noted})
        asked = {BEAT_SECONDS, AGAIN_SECONDS} - {waits}
        await until(lambda: set(sleeping.asked) - asked, "its sleep")
        assert set(sleeping.asked) - asked == {waits}


async def test_updates_of_an_allocated_pod_begin_no_second_wait() -> None:
    """Agones may tell of a pod at any time, also where its state has not changed."""
    sleeping = Sleeping()
    async with a_pod(sleeping) as pod:
        await pod.is_in(State.READY)
        pod.allocate()
        await until(lambda: 30 in sleeping.asked, "half a minute")
        for _ in range(5):
            pod.server.changed()
        pod.sidecars.end_streams()
        await until(lambda: AGAIN_SECONDS in sleeping.asked, "the stream ended")
        sleeping.wake(AGAIN_SECONDS)
        await until(lambda: pod.sidecars.watches[POD] == 2, "another stream")
        assert sleeping.asked.count(30) == 1


async def test_an_allocation_while_the_stream_is_broken_is_seen() -> None:
    sleeping = Sleeping()
    async with a_pod(sleeping) as pod:
        await pod.is_in(State.READY)
        await until(lambda: pod.sidecars.watches[POD] == 1, "a stream")
        pod.sidecars.end_streams()
        await until(lambda: AGAIN_SECONDS in sleeping.asked, "the stream ended")
        pod.allocate()
        sleeping.wake(AGAIN_SECONDS)
        await until(lambda: 30 in sleeping.asked, "half a minute")
        assert pod.server.said.count("ready") == 1


async def test_a_process_that_starts_again_in_an_allocated_pod_never_says_ready() -> None:
    """Agones would take the pod for another round, with what is left of the last caller in it."""
    sleeping = Sleeping()
    fleet = Fleet(1).all_ready()
    server = fleet.servers[POD]
    server.move(State.ALLOCATED)
    async with sidecars(fleet) as (_, url), Sidecar(f"{url}/{POD}") as sidecar:
        tending = Tending(sidecar, Media(), POD, sleeping)
        tending.start()
        await until(lambda: 30 in sleeping.asked, "half a minute")
        sleeping.wake(30)
        await until(lambda: server.state is State.SHUTDOWN, "gone")
        await tending.stop()
    assert "ready" not in server.said
    assert fleet.wrong == []


async def test_the_end_of_a_process_is_said_until_it_is_heard() -> None:
    async with a_pod() as pod:
        await pod.is_in(State.READY)
        pod.allocate()
        pod.media.is_used = True
        pod.sidecars.deaf[POD] = 3
    assert pod.server.state is State.SHUTDOWN
    assert pod.server.said[-1] == "shutdown"


async def test_the_end_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linecard_agones.tending.FAREWELL_SECONDS", 0.1)
    async with a_pod() as pod:
        await pod.is_in(State.READY)
        pod.sidecars.deaf[POD] = 1_000_000
        await pod.tending.stop()
        assert "shutdown" not in pod.server.said
        pod.sidecars.deaf[POD] = 0


async def test_a_setting_that_is_not_the_pods_name_is_said_loudly() -> None:
    with structlog.testing.capture_logs() as logs:
        async with a_pod(name="another-pod") as pod:
            await pod.is_in(State.READY)
    (said,) = [one for one in logs if one["log_level"] == "error"]
    assert (said["setting"], said["pod"]) == ("another-pod", POD)


@pytest.mark.parametrize(
    "line", [b"no json\n", b'{"result": []}\n', b'{"error": {"code": 13}}\n', b"\n"]
)
async def test_a_stream_of_nonsense_harms_nobody(
    line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    truly = Sidecars._stream

    async def stream(
        self: Sidecars, server: GameServer, cut: asyncio.Event
    ) -> AsyncIterator[bytes]:
        if self.watches[server.name] == 1:
            yield line
            return
        async for told in truly(self, server, cut):
            yield told

    monkeypatch.setattr(Sidecars, "_stream", stream)
    async with a_pod() as pod:
        await until(lambda: pod.sidecars.watches[POD] == 2, "another stream")
        pod.allocate()
        await pod.is_in(State.SHUTDOWN)

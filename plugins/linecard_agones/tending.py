"""What a media process tells Agones of itself: ready, alive, done; and that it goes when nobody comes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing, suppress
from typing import Any, Protocol

import structlog

from linecard_agones.faults import SidecarUnavailable
from linecard_agones.orders import UNUSED_ANNOTATION, UNUSED_SECONDS
from linecard_agones.sidecar import GameServer, Sidecar

log = structlog.get_logger()

ALLOCATED = "Allocated"
NOT_READY_YET = frozenset({"", "PortAllocation", "Creating", "Starting", "Scheduled"})
"""The states before a game server has said that it is ready."""
BEAT_SECONDS = 5.0
"""Between two signs of life: the fleet's `health.periodSeconds`."""
AGAIN_SECONDS = 1.0
"""Before anything that the sidecar did not take is tried again."""
FAREWELL_SECONDS = 5.0
"""For the last word."""
SECONDS = re.compile(r"[1-9][0-9]{0,2}")

Sleep = Callable[[float], Awaitable[None]]


class Media(Protocol):
    """What a media process says of itself: `app.state.media`."""

    @property
    def is_used(self) -> bool:
        """Whether a call was admitted, ever."""
        ...


class Tending:
    """Looks after this pod's place at Agones, from `start` to `stop`, on the loop that carries the call.

    A loop that is blocked sends no sign of life: so Agones takes a pod away whose agent hangs.
    """

    def __init__(
        self, sidecar: Sidecar, media: Media, pod: str, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._sidecar = sidecar
        self._media = media
        self._pod = pod
        self._sleep = sleep
        self._is_allocated = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Say that this pod is ready once the sidecar listens, and watch it from then on."""
        self._begin(self._beat(), "signs of life")
        self._begin(self._serve(), "this pod at Agones")

    async def stop(self) -> None:
        """This process ends: the pod must never be given to another call."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._leave()

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    async def _beat(self) -> None:
        while True:
            with suppress(SidecarUnavailable):
                await self._sidecar.health()
            await self._sleep(BEAT_SECONDS)

    async def _serve(self) -> None:
        """Announce, then follow the stream, and open it again whenever it ends."""
        while True:
            try:
                await self._announce()
                async with aclosing(self._sidecar.watch()) as seen:
                    async for server in seen:
                        self._hear(server)
            except SidecarUnavailable as error:
                log.info("the sidecar is asked again", why=str(error))
            await self._sleep(AGAIN_SECONDS)

    async def _announce(self) -> None:
        """Say ready, in the states before it alone: from Allocated, Agones would take it for another round."""
        server = await self._sidecar.game_server()
        if server.state in NOT_READY_YET:
            self._check_name(server)
            await self._sidecar.ready()
            log.info("ready for a call", pod=server.name)

    def _check_name(self, server: GameServer) -> None:
        if server.name and server.name != self._pod:
            log.error(
                "LINECARD_POD is not the name of this pod; no call will find it",
                setting=self._pod,
                pod=server.name,
            )

    def _hear(self, server: GameServer) -> None:
        if server.state == ALLOCATED and not self._is_allocated:
            self._is_allocated = True
            self._begin(self._leave_if_unused(_unused_seconds(server)), "waits for its call")

    async def _leave_if_unused(self, seconds: float) -> None:
        await self._sleep(seconds)
        if not self._media.is_used:
            log.warning("allocated, and nobody came; this pod shuts itself down", seconds=seconds)
            await self._leave()

    async def _leave(self) -> None:
        """Say it until it is heard."""
        while True:
            try:
                await self._sidecar.shut_down()
            except SidecarUnavailable as error:
                log.warning("the sidecar does not hear that this pod goes", why=str(error))
                await self._sleep(AGAIN_SECONDS)
            else:
                return


def _unused_seconds(server: GameServer) -> float:
    """What the allocation says, if it can be believed."""
    noted = server.annotation(UNUSED_ANNOTATION) or ""
    return float(noted) if SECONDS.fullmatch(noted) else UNUSED_SECONDS

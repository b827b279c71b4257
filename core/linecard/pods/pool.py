"""Pods on this machine: warm processes, one call each, each replaced when it has ended.

It is a plugin like others that allocate pods. No process is given a second call.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from linecard.carrier import PodLease
from linecard.errors import NoFreePod
from linecard.hookspecs import hookimpl
from linecard.pods.addresses import UNIX
from linecard.pods.environment import CONTROL, KEY, MEGABYTES, NAME
from linecard.pods.pod_logs import passed_on
from linecard.settings import Secret

if TYPE_CHECKING:
    from linecard.calls import Call

log = structlog.get_logger()

LEAVE_SECONDS = 8.0
"""After its call a pod ends by itself: its agent has 5 s for its notes. Then it is killed."""
SOON_SECONDS = 5.0
"""A process that ends so soon, and unused, cannot be started; its place is tried again later and later."""
LONGEST_PAUSE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What pods are started with: how many, the command line of `serve`, the environment, a folder for sockets.

    `keys` gives each its own.
    """

    size: int
    arguments: Sequence[str]
    environment: Mapping[str, str]
    megabytes: int
    keys: Callable[[str], Secret]
    folder: Path

    @property
    def control(self) -> str:
        """Where the server listens for its pods."""
        return f"{UNIX}{self.folder / 'control'}"


@dataclass(slots=True)
class Warm:
    """One process, and the call that it was given to."""

    name: str
    process: asyncio.subprocess.Process
    began: float
    call: str | None = None


class LocalPods:
    """A pool of `order.size` processes. `linked` names those that are ready; `changed` is set when that changes."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self._linked: Container[str] = ()
        self._changed = asyncio.Event()
        self._warm: dict[str, Warm] = {}
        self._places: list[asyncio.Task[None]] = []
        self._leaving: set[asyncio.Task[None]] = set()

    def start(self, linked: Container[str], changed: asyncio.Event) -> None:
        """Start the processes; each place is filled again as long as the pool is open."""
        self._linked, self._changed = linked, changed
        self._places = [
            asyncio.create_task(self._fill(), name="a place for pods")
            for _ in range(self.order.size)
        ]

    async def close(self) -> None:
        """End all processes."""
        for task in (*self._places, *self._leaving):
            task.cancel()
        await asyncio.gather(*self._places, *self._leaving, return_exceptions=True)
        await asyncio.to_thread(shutil.rmtree, self.order.folder, ignore_errors=True)

    @hookimpl
    async def allocate_pod(self, call: Call) -> PodLease:
        """The first process that is ready; one that is starting is waited for. Raises NoFreePod."""
        while True:
            warm = self._free()
            if warm is not None:
                warm.call = call.id
                return PodLease(pod=warm.name, call=call.id, address=self._socket(warm.name))
            if all(one.call for one in self._warm.values()):
                raise NoFreePod(f"all {self.order.size} pods of this machine are taken (--pods)")
            self._changed.clear()
            await self._changed.wait()

    @hookimpl
    async def release_pod(self, lease: PodLease) -> None:
        """The process ends by itself, or is killed; safe to repeat."""
        warm = self._warm.get(lease.pod)
        if warm is not None and warm.call == lease.call:
            leaving = asyncio.create_task(_see_out(warm), name="a pod leaves")
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    def _free(self) -> Warm | None:
        ready = (one for one in self._warm.values() if one.call is None)
        return next((one for one in ready if one.name in self._linked), None)

    def _socket(self, name: str) -> str:
        return f"{UNIX}{self.order.folder / name}"

    async def _fill(self) -> None:
        pause = 1.0
        while True:
            try:
                warm, code = await self._carry()
            except OSError as error:
                log.error("no process can be started for a pod", error=str(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                pause = await self._pause(warm, code, pause)

    async def _carry(self) -> tuple[Warm, int]:
        """One process from its start to its end; its code. Raises OSError where none can be started."""
        name = f"pod-{secrets.token_hex(4)}"
        async with passed_on(name) as pipe:
            warm = await self._begin(name, pipe)
            try:
                return warm, await warm.process.wait()
            finally:
                self._forget(warm)

    async def _pause(self, warm: Warm, code: int, pause: float) -> float:
        """How a process ended; the next pause, for one that could not even be started."""
        if warm.call is not None or time.monotonic() - warm.began > SOON_SECONDS:
            if code:
                log.error("a pod has ended badly", pod=warm.name, call=warm.call, code=code)
            return 1.0
        log.error("a pod cannot be started", pod=warm.name, code=code, again_in_seconds=pause)
        await asyncio.sleep(pause)
        return min(pause * 2, LONGEST_PAUSE)

    async def _begin(self, name: str, pipe: int) -> Warm:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "linecard", "serve", "--role", "media"),
            *("--listen", self._socket(name), *self.order.arguments),
            env={**self.order.environment, **self._told(name)},
            stdin=asyncio.subprocess.DEVNULL,
            stderr=pipe,
            start_new_session=True,
        )
        warm = self._warm[name] = Warm(name, process, time.monotonic())
        return warm

    def _told(self, name: str) -> dict[str, str]:
        return {
            NAME: name,
            KEY: self.order.keys(name).reveal(),
            CONTROL: self.order.control,
            MEGABYTES: str(self.order.megabytes),
        }

    def _forget(self, warm: Warm) -> None:
        self._warm.pop(warm.name, None)
        _kill(warm.process)
        (self.order.folder / warm.name).unlink(missing_ok=True)
        self._changed.set()


async def _see_out(warm: Warm) -> None:
    try:
        async with asyncio.timeout(LEAVE_SECONDS):
            await warm.process.wait()
    except TimeoutError:
        log.error("a pod does not end after its call and is killed", pod=warm.name, call=warm.call)
    finally:
        _kill(warm.process)


def _kill(process: asyncio.subprocess.Process) -> None:
    """With all that its agent has started: each is in a session, and a group, of its own."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)

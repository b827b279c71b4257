"""The plugin: in a server it allocates pods, in a pod it speaks with the sidecar, elsewhere it does nothing."""

from __future__ import annotations

import os
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import linecard
from linecard_agones.settings import URL, read_allocator

if TYPE_CHECKING:
    from linecard_agones.allocating import Allocator


class Agones:
    """One for each application. One that allocates is made only where an allocator is set up.

    A server whose plugins give pods asks them for each call, and takes no `--pods` beside them.
    """

    def __new__(cls) -> Agones:
        """As the environment says when plugins are found."""
        return object.__new__(Allocating if os.environ.get(URL) else cls)

    def __init__(self) -> None:
        self._allocator: Allocator | None = None
        self._running = AsyncExitStack()

    @linecard.hookimpl
    async def on_start(self, app: Any) -> None:
        """Raises ConfigurationError that names the setting."""
        media = getattr(app.state, "media", None)
        if media is not None:
            await self._tend(media)
        elif getattr(app.state, "linecard", None) is not None:
            self._open_allocator()

    @linecard.hookimpl
    async def on_stop(self) -> None:
        """A pod that was there for one call goes with its process."""
        self._allocator = None
        await self._running.aclose()

    def _open_allocator(self) -> None:
        settings = read_allocator(os.environ)
        if settings is None:
            return
        # With httpx2, which a server that asks no allocator need not load for this.
        from linecard_agones.allocating import Allocator

        self._allocator = Allocator(settings)
        self._running.push_async_callback(self._allocator.close)

    async def _tend(self, media: Any) -> None:
        from linecard_agones.settings import POD, read_sidecar

        url = read_sidecar(os.environ)
        if url is None:
            return
        from linecard_agones.sidecar import Sidecar
        from linecard_agones.tending import Tending

        sidecar = await self._running.enter_async_context(Sidecar(url))
        tending = Tending(sidecar, media, os.environ.get(POD, ""))
        tending.start()
        self._running.push_async_callback(tending.stop)


class Allocating(Agones):
    """In a server with an allocator."""

    @linecard.hookimpl
    def allocate_pod(self, call: linecard.Call) -> Awaitable[linecard.PodLease] | None:
        """Of the fleet; nothing where no allocator is set up."""
        return None if self._allocator is None else self._allocator.allocate(call)

    @linecard.hookimpl
    def release_pod(self, lease: linecard.PodLease) -> Awaitable[None] | None:
        """Forget a pod that was ours to give."""
        return None if self._allocator is None else self._allocator.release(lease)

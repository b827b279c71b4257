"""The pods of calls: asked for once, given back when the call has ended, taken back when nobody came."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from linecard.carrier import HERE, PodLease
from linecard.errors import LinecardError, NoFreePod

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linecard.calls import Call
    from linecard.plugins import Plugins

log = structlog.get_logger()

DEADLINE_SECONDS = 2.0
"""How long an answer may wait for a pod while its caller hears the ringing tone."""
LONGEST_SECONDS = 60.0
"""How long a pod that was asked for while the call rang may take."""
UNUSED_SECONDS = 30.0
"""A pod that was named to a carrier, and to which no stream has come for so long, is given back."""


@dataclass(slots=True)
class Held:
    """A pod that a call has, and how many milliseconds it took.

    `named_at` is when its address was last given out, in real seconds; `is_used` once a stream has come.
    """

    lease: PodLease
    milliseconds: int = 0
    named_at: float | None = None
    is_used: bool = False

    @property
    def is_unused(self) -> bool:
        """Whether a carrier was told of it long ago, and nobody has come."""
        if self.is_used or self.named_at is None:
            return False
        return time.monotonic() - self.named_at > UNUSED_SECONDS


class Leases:
    """One pod a call, whatever its streams do. `or_here`: a call without a pod stays in this process."""

    def __init__(self, *, or_here: bool = False) -> None:
        self._or_here = or_here
        self._held: dict[str, Held] = {}
        self._asked: dict[str, asyncio.Task[Held]] = {}

    def __iter__(self) -> Iterator[tuple[str, Held]]:
        return iter(list(self._held.items()))

    def get(self, call_id: str) -> Held | None:
        """What a call holds, if anything."""
        return self._held.get(call_id)

    @property
    def asked(self) -> tuple[str, ...]:
        """The calls for which a pod was asked for, and not named yet."""
        return tuple(self._asked)

    def begin(self, plugins: Plugins, call: Call) -> None:
        """Ask for the pod of a call that is not answered yet, so that its answer need not wait."""
        if call.id not in self._held and call.id not in self._asked:
            asking = asyncio.create_task(_allocate(plugins, call), name="a pod")
            asking.add_done_callback(_seen)
            self._asked[call.id] = asking

    async def of(self, plugins: Plugins, call: Call, within: float = DEADLINE_SECONDS) -> Held:
        """The pod of a call. Raises NoFreePod where none is there `within` so many seconds.

        The asking goes on meanwhile, so that it may be there when the carrier asks again.
        """
        known = self._held.get(call.id)
        if known is not None:
            return known
        # What was settled meanwhile stands: a request that came later may have been told of it.
        return self._held.setdefault(call.id, await self._found(plugins, call, within))

    async def _found(self, plugins: Plugins, call: Call, within: float) -> Held:
        if call.id not in self._asked and not plugins.answers("allocate_pod"):
            return _here(call)
        self.begin(plugins, call)
        asked = self._asked[call.id]
        try:
            return await self._soon(call, asked, within)
        except NoFreePod as error:
            if not self._or_here or asked.cancelled():
                raise
            log.warning("the call stays in this process", call=call.id, reason=str(error))
            if self._asked.pop(call.id, None) is not None:
                asked.add_done_callback(lambda done: _return(plugins, done))
            return _here(call)

    async def _soon(self, call: Call, asked: asyncio.Task[Held], within: float) -> Held:
        try:
            async with asyncio.timeout(within):
                held = await asyncio.shield(asked)
        except TimeoutError:
            raise NoFreePod(f"no pod within {within:g} s") from None
        except asyncio.CancelledError:
            if not asked.cancelled():
                raise
            raise NoFreePod("it was given back: the call is over") from None
        except LinecardError:
            self._asked.pop(call.id, None)
            raise
        self._asked.pop(call.id, None)
        return held

    async def give_back(self, plugins: Plugins, call_id: str) -> PodLease | None:
        """Release the pod of a call, if it has one, also one that was asked for and never named; safe to repeat."""
        asked = self._asked.pop(call_id, None)
        held = self._held.pop(call_id, None)
        if asked is not None and not await _cancelled(asked):
            held = held or asked.result()
        if held is None:
            return None
        await _release(plugins, held.lease)
        return held.lease


async def _cancelled(asked: asyncio.Task[Held]) -> bool:
    """Stop asking; False where the pod was there already."""
    asked.cancel()
    await asyncio.wait({asked})
    return asked.cancelled() or asked.exception() is not None


def _seen(asked: asyncio.Task[Held]) -> None:
    """Whoever asks next is told; a call that ends before has nobody who would look."""
    if not asked.cancelled():
        asked.exception()


def _return(plugins: Plugins, late: asyncio.Task[Held]) -> None:
    """A pod that came too late for its call."""
    if not late.cancelled() and late.exception() is None:
        _RETURNING.add(returning := asyncio.create_task(_release(plugins, late.result().lease)))
        returning.add_done_callback(_RETURNING.discard)


_RETURNING: set[asyncio.Task[None]] = set()


def _here(call: Call) -> Held:
    return Held(PodLease(pod=HERE, call=call.id), is_used=True)


async def _allocate(plugins: Plugins, call: Call) -> Held:
    """A fresh lease; the call stays here where no plugin gives pods.

    Raises NoFreePod, whatever it was that failed: the call may ask again.
    """
    began = time.monotonic()
    try:
        asked = plugins.ask_first("allocate_pod", call=call)
        lease = await asyncio.wait_for(asked, LONGEST_SECONDS) if asked is not None else None
    except NoFreePod:
        raise
    except TimeoutError:
        raise NoFreePod(f"no pod within {LONGEST_SECONDS:g} s") from None
    except Exception as error:
        log.exception("no pod could be allocated", call=call.id)
        raise NoFreePod(f"no pod could be allocated: {error}") from error
    if lease is None:
        return _here(call)
    return Held(lease, round((time.monotonic() - began) * 1000))


async def _release(plugins: Plugins, lease: PodLease) -> None:
    if lease.pod == HERE:
        return
    released = plugins.ask_first("release_pod", lease=lease)
    if released is not None:
        await released

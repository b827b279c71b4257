"""One request to the carrier, and what it makes of the call: placed, refused, or unknown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from linecard.calls import Call, CallStatus, advance
from linecard.carrier import PlaceOrder
from linecard.errors import (
    CarrierRefused,
    NoFreePod,
    PlacementUnknown,
    UnsupportedByProvider,
)
from linecard.events import CarrierEvent, LegEnded
from linecard.store import calls, timeline
from linecard.verbs import Verb
from linecard.wall import now

if TYPE_CHECKING:
    from linecard.metrics import Metrics
    from linecard.plugins import Relay
    from linecard.store import Database

log = structlog.get_logger()

Report = Callable[[Call, Sequence[CarrierEvent]], Awaitable[Call]]
"""Applies events to a call's record."""
VerbsAtDial = Callable[[Call], Awaitable[Sequence[Verb]]]
"""Makes the answer of a call whose stream address goes out with the dial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Submits written intents."""

    database: Database
    metrics: Metrics
    report: Report
    verbs_at_dial: VerbsAtDial
    rest: Callable[[tuple[str, str], float], None]

    async def submit(self, relay: Relay, order: PlaceOrder) -> None:
        """Ask the carrier once, and write down what came of it."""
        call = order.call
        try:
            order = await self._whole(order)
        except NoFreePod as error:
            await self._refused(call, str(error), "")
            return
        except Exception as error:
            await self._refused(call, f"not placed: {error}", "")
            raise
        try:
            placed = await relay.hooks.place_call(order)
        except CarrierRefused as error:
            await self._declined(call, error)
        except UnsupportedByProvider as error:
            await self._refused(call, str(error), "")
        except PlacementUnknown as error:
            await self._unknown(call, error.message)
        except Exception as error:
            await self._unknown(call, f"a fault of ours: {error!r}")
            raise
        else:
            status = CallStatus.QUEUED if placed.queued else CallStatus.DIALING
            await self._placed(call, status, placed.carrier_ids)

    async def _whole(self, order: PlaceOrder) -> PlaceOrder:
        if not order.profile.at_dial:
            return order
        return replace(order, verbs=tuple(await self.verbs_at_dial(order.call)))

    async def _placed(self, call: Call, status: CallStatus, ids: Mapping[str, str]) -> None:
        """The carrier's callbacks may have been quicker: the status only moves forward."""
        self._count(call, "placed")
        async with self.database.write() as conn:
            current = await calls.get(conn, call.id) or call
            current = await calls.add_ids(conn, current, ids)
            await calls.update(conn, call.id, status=advance(current.status, status))
            await timeline.append(conn, call.id, f"dial-{status}", {}, now())

    async def _declined(self, call: Call, error: CarrierRefused) -> None:
        """It is certain that no call exists: whoever has asked may ask again, or somebody else."""
        if error.retry_after is not None:
            self.rest((call.provider, call.account), error.retry_after)
        facts = {"status": error.status, "code": error.code, "retry_after": error.retry_after}
        async with self.database.write() as conn:
            await timeline.append(conn, call.id, "dial-refused", facts, now())
        await self._refused(call, _why(error), error.code or str(error.status or ""))

    async def _refused(self, call: Call, reason: str, code: str) -> None:
        self._count(call, "refused")
        event = LegEnded(
            key=f"refused:{call.id}", status=CallStatus.FAILED, reason=reason, code=code
        )
        await self.report(call, [event])

    async def _unknown(self, call: Call, reason: str) -> None:
        self._count(call, "unknown")
        log.warning("placement unknown", call=call.id, provider=call.provider, reason=reason)
        async with self.database.write() as conn:
            current = await calls.get(conn, call.id) or call
            status = advance(current.status, CallStatus.UNKNOWN)
            await calls.update(conn, call.id, status=status)
            await timeline.append(conn, call.id, "placement-unknown", {"reason": reason}, now())

    def _count(self, call: Call, result: str) -> None:
        self.metrics.placements.labels(call.provider, result).inc()


def _why(error: CarrierRefused) -> str:
    """Without a status of the carrier's, nothing has reached it."""
    told = "not placed" if error.status is None else "refused by the carrier"
    return f"{told}: {error.message}"

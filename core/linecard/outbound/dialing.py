"""The dial protocol: intent, one request, and a truth that is settled or stays `unknown`.

The checks and the intent are one transaction; then the carrier is asked once. A definite refusal
fails the call. Anything else leaves it `unknown` until a callback or a positive look-up settles it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from linecard.addresses import Addresses
from linecard.calls import Call, CallStatus, Direction, Machine, advance
from linecard.carrier import PlaceOrder
from linecard.errors import (
    CarrierRefused,
    Conflict,
    GateRefused,
    InvalidField,
    PlacementUnknown,
    UnsupportedByProvider,
)
from linecard.events import CarrierEvent, LegEnded
from linecard.media.formats import pick_profile
from linecard.numbers import Cleared, Number
from linecard.outbound import limits
from linecard.outbound.gate import open_gate
from linecard.store import calls, idempotency, numbers, timeline
from linecard.tokens import Tokens, new_id
from linecard.wall import now
from linecard.webhook import Kind

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.metrics import Metrics
    from linecard.plugins import Plugins, Relay
    from linecard.settings import Settings
    from linecard.store import Database
    from linecard.tasks import Tasks

log = structlog.get_logger()

KEY_LIFE = timedelta(hours=24)
"""How long an Idempotency-Key is remembered."""
SETTLE_SECONDS = 2.0
"""How long the asker waits for the carrier's answer; the call goes on without."""

Report = Callable[[Call, Sequence[CarrierEvent]], Awaitable[Call]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DialRequest:
    """A wish to call somebody. `key` and `body_hash` make a repeat of the wish harmless."""

    from_: str
    to: str
    agent: str | None = None
    record: bool | None = None
    machine: Machine = Machine.OFF
    ring_seconds: int = 45
    max_seconds: int = 1800
    send_digits: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)
    key: str | None = None
    body_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialer:
    """Places calls. `report` applies an event to a call's record; `has_agent` refuses unknown names."""

    settings: Settings
    database: Database
    plugins: Plugins
    tokens: Tokens
    tasks: Tasks
    metrics: Metrics
    report: Report
    has_agent: Callable[[str], object]

    async def place(self, wish: DialRequest) -> Call:
        """Dial; the call once the carrier has answered or two seconds have passed.

        Raises InvalidField, GateRefused, LimitReached, Conflict, NotFound or UnsupportedByProvider,
        all of them before anything is written.
        """
        gate = await open_gate(self.settings, self.database)
        to = gate.clear_call(wish.to)
        number = await self._number(wish)
        relay = self.plugins.relay(number.provider, number.account)
        self._check(relay, number, wish)
        call, is_new = await self._intend(relay, number, to, wish)
        if is_new:
            work = self.tasks.start(self._submit(relay, call, to), "place call")
            await asyncio.wait({work}, timeout=SETTLE_SECONDS)
        return await self._current(call)

    async def _number(self, wish: DialRequest) -> Number:
        async with self.database.read() as conn:
            number = await numbers.get(conn, wish.from_)
        if number is None:
            raise InvalidField("from", f"{wish.from_} is not a registered number")
        if not number.enabled:
            raise InvalidField("from", f"{wish.from_} is switched off")
        if wish.to == number.number:
            raise InvalidField("to", "a number cannot call itself")
        return number

    def _check(self, relay: Relay, number: Number, wish: DialRequest) -> None:
        relay.require("place_call", number.stream)
        self.has_agent(wish.agent or number.agent)
        facts = relay.hooks.facts()
        if wish.machine is not Machine.OFF and wish.machine not in facts.machine_detection:
            raise UnsupportedByProvider(number.provider, f"machine={wish.machine}")
        if wish.ring_seconds > facts.max_ring_seconds:
            raise InvalidField("ring_seconds", f"at most {facts.max_ring_seconds}")
        if wish.max_seconds > facts.max_call_seconds:
            raise InvalidField("max_seconds", f"at most {facts.max_call_seconds}")

    async def _intend(
        self, relay: Relay, number: Number, to: Cleared, wish: DialRequest
    ) -> tuple[Call, bool]:
        async with self.database.write() as conn:
            repeated = await self._repeated(conn, wish)
            if repeated is not None:
                return repeated, False
            await limits.check(conn, self.settings, number, to)
            call = _intent(relay, number, to, wish)
            await self._ask_plugins(conn, call)
            await calls.add(conn, call)
            await timeline.append(conn, call.id, "intended", {"agent": call.agent}, call.created_at)
            if wish.key:
                await idempotency.keep(conn, wish.key, wish.body_hash, call.id, call.created_at)
        return call, True

    async def _repeated(self, conn: AsyncConnection, wish: DialRequest) -> Call | None:
        if not wish.key:
            return None
        kept = await idempotency.find(conn, wish.key, now() - KEY_LIFE)
        if kept is None:
            return None
        if kept.body_hash != wish.body_hash:
            raise Conflict("this Idempotency-Key was used with another request")
        return await calls.get(conn, kept.call_id)

    async def _ask_plugins(self, conn: AsyncConnection, call: Call) -> None:
        for plugin, veto in await self.plugins.ask_each("may_dial", call=call, connection=conn):
            if veto:
                raise GateRefused("to", f"{plugin}: {veto}")

    async def _submit(self, relay: Relay, call: Call, to: Cleared) -> None:
        try:
            placed = await relay.hooks.place_call(self._order(relay, call, to))
        except CarrierRefused as error:
            await self._refused(call, error)
        except PlacementUnknown as error:
            await self._unknown(call, error.message)
        except Exception as error:
            await self._unknown(call, f"a fault of ours: {error!r}")
            raise
        else:
            status = CallStatus.QUEUED if placed.queued else CallStatus.DIALING
            await self._placed(call, status, placed.carrier_ids)

    def _order(self, relay: Relay, call: Call, to: Cleared) -> PlaceOrder:
        addresses = Addresses(self.settings.public_url, call.provider, call.account, self.tokens)
        return PlaceOrder(
            call=call,
            to=to,
            profile=pick_profile(relay.hooks.stream_profiles(), call.profile),
            answer_url=addresses.webhook(Kind.ANSWER, call.id),
            fallback_url=self.settings.fallback_url or addresses.webhook(Kind.FALLBACK, call.id),
            ringing_url=addresses.webhook(Kind.RINGING, call.id),
            ended_url=addresses.webhook(Kind.ENDED, call.id),
            machine_url=addresses.webhook(Kind.MACHINE, call.id),
        )

    async def _placed(self, call: Call, status: CallStatus, ids: Mapping[str, str]) -> None:
        self._count(call, "placed")
        async with self.database.write() as conn:
            current = await calls.get(conn, call.id) or call
            current = await calls.add_ids(conn, current, ids)
            await calls.update(conn, call.id, status=advance(current.status, status))
            await timeline.append(conn, call.id, f"dial-{status}", {}, now())

    async def _refused(self, call: Call, error: CarrierRefused) -> None:
        self._count(call, "refused")
        event = LegEnded(
            key=f"refused:{call.id}",
            status=CallStatus.FAILED,
            reason=f"refused by the carrier: {error.message}",
            code=error.code or str(error.status or ""),
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

    async def _current(self, call: Call) -> Call:
        async with self.database.read() as conn:
            return await calls.get(conn, call.id) or call


def _intent(relay: Relay, number: Number, to: Cleared, wish: DialRequest) -> Call:
    return Call(
        id=new_id(),
        provider=number.provider,
        account=number.account,
        direction=Direction.OUTBOUND,
        from_=number.number,
        to=to.address,
        number=number.number,
        agent=wish.agent or number.agent,
        profile=pick_profile(relay.hooks.stream_profiles(), number.stream).name,
        status=CallStatus.QUEUED,
        created_at=now(),
        metadata=wish.metadata,
        options=number.options,
        record=number.record if wish.record is None else wish.record,
        machine=wish.machine,
        ring_seconds=wish.ring_seconds,
        max_seconds=wish.max_seconds,
        send_digits=wish.send_digits,
    )

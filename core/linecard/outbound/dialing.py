"""The dial protocol: intent, one request, and a truth that is settled or stays `unknown`.

The checks and the intent are one transaction; then the carrier is asked once. A definite refusal
fails the call. Anything else leaves it `unknown` until a callback or a positive look-up settles it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from linecard.addresses import Addresses, fallback_method
from linecard.calls import Call, CallStatus, Direction
from linecard.carrier import PlaceOrder, RecordAt, RecordingOrder
from linecard.enhancing import enhancers
from linecard.errors import (
    ConfigurationError,
    Conflict,
    GateRefused,
    InvalidField,
    NotFound,
    UnsupportedByProvider,
)
from linecard.media.formats import outbound_profile, pick_profile
from linecard.numbers import Cleared, Number
from linecard.outbound import limits
from linecard.outbound.blocked import refuse_blocked
from linecard.outbound.gate import open_gate
from linecard.outbound.noting import note_recording
from linecard.outbound.placing import Placement, Report, VerbsAtDial
from linecard.outbound.resting import Resting
from linecard.outbound.wish import DialRequest, check_digits, check_machine
from linecard.outgoing.urls import read_target
from linecard.store import calls, idempotency, numbers, timeline
from linecard.tokens import Tokens, new_id
from linecard.wall import now
from linecard.webhook import Kind

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.carrier import Facts
    from linecard.metrics import Metrics
    from linecard.plugins import Plugins, Relay
    from linecard.settings import Settings
    from linecard.store import Database
    from linecard.tasks import Tasks

__all__ = ["DialRequest", "Dialer", "Report"]

SPARE_SECONDS = 60
"""Added to the call's longest length, so that no recording ends before its call."""
SETTLE_SECONDS = 2.0
"""How long the asker waits for the carrier's answer; the call goes on without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialer:
    """Places calls.

    `report` applies an event to a call's record, `has_agent` refuses unknown names, `pass_through`
    raises Stopping while the server drains, `verbs_at_dial` makes the answer that goes out with a dial.
    `owner` is whom its calls belong to, where several processes share a database.
    `places` is how many calls can be carried at once, None: as many as may be live.
    """

    settings: Settings
    database: Database
    plugins: Plugins
    tokens: Tokens
    tasks: Tasks
    metrics: Metrics
    report: Report
    has_agent: Callable[[str], object]
    pass_through: Callable[[], None]
    verbs_at_dial: VerbsAtDial
    owner: str | None = None
    places: int | None = None
    _resting: Resting = field(default_factory=Resting, init=False, repr=False, compare=False)
    _placing: dict[str, asyncio.Task[None]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    async def place(self, wish: DialRequest) -> Call:
        """Dial; the call once the carrier has answered or two seconds have passed.

        Raises InvalidField, GateRefused, LimitReached, Conflict or UnsupportedByProvider, all of
        them before anything is written.
        """
        return await self._settled(await self.begin(wish))

    async def begin(self, wish: DialRequest) -> Call:
        """The same as soon as the intent is written; the carrier is asked meanwhile."""
        async with self.database.read() as conn:
            call = await self._repeated(conn, wish)
        if call is None:
            self.pass_through()
            call = await self._begin(wish)
        return call

    async def _begin(self, wish: DialRequest) -> Call:
        async with self.database.read() as conn:
            number = await _number(conn, wish.from_)
        to = (await open_gate(self.settings, self.database)).clear_call(wish.to)
        if to.address == number.number:
            raise InvalidField("to", "a number cannot call itself")
        relay = self._relay(number)
        if wish.paced:
            self._resting.check((number.provider, number.account))
        self._check(relay, number, wish)
        call = replace(_intent(relay, number, to, wish), owner=self.owner)
        _check_consent(relay, call)
        order = self._order(relay, call, to)
        written = await self._intend(call, to, wish)
        if written.id == call.id:
            self._submit(relay, replace(order, call=written))
        return written

    def _relay(self, number: Number) -> Relay:
        try:
            return self.plugins.relay(number.provider, number.account)
        except NotFound as error:
            raise InvalidField("from", f"its account is not set up: {error}") from error

    def _facts(self, call: Call) -> Facts:
        return self.plugins.relay(call.provider, call.account).hooks.facts()

    def _check(self, relay: Relay, number: Number, wish: DialRequest) -> None:
        relay.require("place_call", number.stream)
        try:
            self.has_agent(wish.agent or number.agent)
        except (NotFound, ConfigurationError) as error:
            raise InvalidField("agent", str(error)) from error
        facts = relay.hooks.facts()
        check_machine(number.provider, facts, wish)
        check_digits(number.provider, facts, wish)
        if wish.enhance:
            enhancers.check(self.plugins, wish.enhance)
        if wish.notify:
            read_target(wish.notify, "notify", loopback=self.settings.on_loopback)
        if wish.ring_seconds > facts.max_ring_seconds:
            raise InvalidField("ring_seconds", f"at most {facts.max_ring_seconds}")
        if wish.max_seconds is not None and wish.max_seconds > facts.max_call_seconds:
            raise InvalidField("max_seconds", f"at most {facts.max_call_seconds}")

    async def _intend(self, call: Call, to: Cleared, wish: DialRequest) -> Call:
        """Write the intent, stamped when its turn has come. The call of a repeat that was quicker is left as it is."""
        facts = self._facts(call)
        async with self.database.write() as conn:
            await limits.one_at_a_time(conn)
            known = await self._repeated(conn, wish)
            if known is not None:
                return known
            await refuse_blocked(conn, to.address)
            call = replace(call, created_at=now())
            pace = facts.calls_per_second if wish.paced else None
            number = await _number(conn, call.number)
            await limits.check(conn, self.settings, number, to, pace, self.places)
            await self._ask_plugins(conn, call)
            await calls.add(conn, call)
            await timeline.append(conn, call.id, "intended", {"agent": call.agent}, call.created_at)
            await note_recording(conn, call, facts.record_outbound)
            if wish.key:
                await idempotency.keep(conn, wish.key, wish.body_hash, call.id, call.created_at)
        return call

    async def _repeated(self, conn: AsyncConnection, wish: DialRequest) -> Call | None:
        """The call that the wish's key stands for. Raises Conflict when it was another wish."""
        if not wish.key:
            return None
        kept = await idempotency.find(conn, wish.key, now() - idempotency.LIFE)
        if kept is None:
            return None
        if kept.body_hash != wish.body_hash:
            raise Conflict("this Idempotency-Key was used with another request")
        return await calls.get(conn, kept.call_id)

    async def _ask_plugins(self, conn: AsyncConnection, call: Call) -> None:
        for plugin, veto in await self.plugins.ask_each("may_dial", call=call, connection=conn):
            if veto:
                raise GateRefused("to", f"{plugin}: {veto}")

    def _order(self, relay: Relay, call: Call, to: Cleared) -> PlaceOrder:
        addresses = Addresses(self.settings.public_url, call.provider, call.account, self.tokens)
        return PlaceOrder(
            call=call,
            to=to,
            profile=pick_profile(relay.hooks.stream_profiles(), call.profile),
            answer_url=addresses.webhook(Kind.ANSWER, call.id),
            fallback_url=self.settings.fallback_url or addresses.webhook(Kind.FALLBACK, call.id),
            fallback_method=fallback_method(self.settings.fallback_url),
            ringing_url=addresses.webhook(Kind.RINGING, call.id),
            ended_url=addresses.webhook(Kind.ENDED, call.id),
            machine_url=addresses.webhook(Kind.MACHINE, call.id),
            recording=_recording(relay, call, addresses),
        )

    def _submit(self, relay: Relay, order: PlaceOrder) -> None:
        placement = Placement(
            database=self.database,
            metrics=self.metrics,
            report=self.report,
            verbs_at_dial=self.verbs_at_dial,
            rest=self._resting.rest,
        )
        work = self.tasks.start(placement.submit(relay, order), "place call")
        self._placing[order.call.id] = work
        work.add_done_callback(lambda _: self._placing.pop(order.call.id))

    async def _settled(self, call: Call) -> Call:
        """The call as it stands when the carrier has answered or the patience is over."""
        work = self._placing.get(call.id)
        if work is not None:
            await asyncio.wait({work}, timeout=SETTLE_SECONDS)
        async with self.database.read() as conn:
            return await calls.get(conn, call.id) or call


def _check_consent(relay: Relay, call: Call) -> None:
    """Raise UnsupportedByProvider where the agent has the caller before anybody could ask."""
    profile = pick_profile(relay.hooks.stream_profiles(), call.profile)
    if call.record and call.consent and profile.at_dial:
        raise UnsupportedByProvider(call.provider, "consent before a recording", call.profile)


def _recording(relay: Relay, call: Call, addresses: Addresses) -> RecordingOrder | None:
    """The recording that goes out with the dial, where the carrier takes it so."""
    if not _records_at_dial(relay, call):
        return None
    return RecordingOrder(
        callback_url=addresses.webhook(Kind.RECORDING, call.id),
        max_seconds=call.max_seconds + SPARE_SECONDS,
    )


def _records_at_dial(relay: Relay, call: Call) -> bool:
    """Where consent is asked, nothing is recorded before it."""
    at_dial = relay.hooks.facts().record_outbound is RecordAt.DIAL
    return call.record and call.may_be_recorded and at_dial


async def _number(conn: AsyncConnection, from_: str) -> Number:
    number = await numbers.get(conn, from_) if "\0" not in from_ else None
    if number is None:
        raise InvalidField("from", f"{from_!r} is not a registered number")
    if not number.enabled:
        raise InvalidField("from", f"{from_} is switched off")
    return number


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
        profile=outbound_profile(relay.hooks.stream_profiles(), number.stream, number.options).name,
        status=CallStatus.QUEUED,
        created_at=now(),
        metadata=wish.metadata,
        options=number.options,
        record=number.record if wish.record is None else wish.record,
        machine=wish.machine,
        ring_seconds=wish.ring_seconds,
        max_seconds=number.max_seconds if wish.max_seconds is None else wish.max_seconds,
        send_digits=wish.send_digits,
        voicemail=wish.voicemail,
        notify=number.notify if wish.notify == "" else wish.notify,
        consent=number.consent,
        record_after_transfer=number.record_after_transfer,
        enhance=number.enhance if wish.enhance == "" else wish.enhance,
    )

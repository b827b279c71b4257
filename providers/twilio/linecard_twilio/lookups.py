"""What Twilio knows of a call: queued, running, or over; and its price once it has one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from linecard import (
    CallLookup,
    CallRated,
    CarrierError,
    CarrierEvent,
    Cleared,
    Found,
    LegEnded,
    TransferReported,
    TransferResult,
)
from linecard_twilio.readings import detected
from linecard_twilio.recordings import of_recording
from linecard_twilio.replies import Call, Recording, whole
from linecard_twilio.rest import Rest
from linecard_twilio.words import ENDED, LIVE, RESULTS, end_of

CLOCK_SLACK_SECONDS = 5.0
"""How far Twilio's clock may be behind ours."""
QUEUE_SECONDS = 86_400
"""A call that began later is another one: Twilio queues for a day at most."""
MOST_CALLS = 100
MOST_RECORDINGS = 20
MOST_LEGS = 50
OUTBOUND = "outbound-api"
USD = "USD"


async def find(rest: Rest, ids: Mapping[str, str]) -> CallLookup:
    """The state of one call."""
    sid = ids.get("call_sid")
    if sid is None:
        return CallLookup(found=Found.CANNOT_TELL)
    call = await rest.find(lambda client: client.calls(sid).fetch_async(), Call)
    if call is None:
        return CallLookup(found=Found.NOT_FOUND)
    seen = read_call(call)
    if seen.found is not Found.ENDED or not seen.answered:
        return seen
    targets = await _targets(rest, sid)
    legs = targets or ()
    told = (*seen.further, *await _recorded(rest, sid), *_dialled(legs), *_priced(legs))
    if targets is not None and all(_is_priced(target) for target in targets):
        return replace(seen, further=told)
    # A price without a leg's would be too low, and would stay so.
    ended = replace(seen.ended, cost=None) if seen.ended else None
    return replace(seen, further=told, rated=None, ended=ended)


async def _targets(rest: Rest, sid: str) -> Sequence[Call] | None:
    """The legs that Dials have rung for a call: calls of their own, with a length and a price of their own.

    None where Twilio does not say: the end of the call is told all the same.
    """
    try:
        known = await rest.find(
            lambda client: client.calls.list_async(parent_call_sid=sid, limit=MOST_LEGS),
            list[Call],
        )
    except CarrierError:
        return None
    return [target for target in known or () if target.status in ENDED]


def _dialled(targets: Sequence[Call]) -> tuple[CarrierEvent, ...]:
    """What became of the one target; of several the record does not say whose dial each was."""
    if len(targets) != 1:
        return ()
    (target,) = targets
    result = RESULTS.get(target.status, TransferResult.FAILED)
    return (TransferReported(key=f"dial-found:{target.sid}", transfer="", result=result),)


def _priced(targets: Sequence[Call]) -> tuple[CarrierEvent, ...]:
    rated = (_rated(target) for target in targets)
    return tuple(replace(one, leg="target:1", carrier_ids={}) for one in rated if one is not None)


def _is_priced(target: Call) -> bool:
    """Whether its price is known; who never answered has none."""
    return target.status != "completed" or _rated(target) is not None


async def _recorded(rest: Rest, sid: str) -> tuple[CarrierEvent, ...]:
    """What became of the recordings of a call; those that are still made say nothing."""
    try:
        known = await rest.find(
            lambda client: client.calls(sid).recordings.list_async(limit=MOST_RECORDINGS),
            list[Recording],
        )
    except CarrierError:
        return ()  # the end of the call is told all the same
    told = (of_recording(rest.settings, one) for one in known or ())
    return tuple(event for event in told if event is not None)


async def search(rest: Rest, from_: str, to: Cleared, since: float) -> Sequence[CallLookup]:
    """The dials between two numbers that were made after `since`, a Unix time; the newest hundred.

    Twilio's StartTime is not asked for: a call that is still queued has none.
    """
    calls = await rest.ask(
        lambda client: client.calls.list_async(from_=from_, to=to.address, limit=MOST_CALLS),
        list[Call],
        tries=2,
    )
    earliest = since - CLOCK_SLACK_SECONDS
    return [
        read_call(call)
        for call in calls
        if (call.from_, call.to, call.direction) == (from_, to.address, OUTBOUND)
        and earliest <= _made(call) <= earliest + QUEUE_SECONDS
    ]


def _made(call: Call) -> float:
    """When it was asked for, as a Unix time; what says nothing is long ago."""
    made: datetime | None = call.date_created or call.start_time
    if made is None:
        return 0.0
    return _in_utc(made).timestamp()


def _in_utc(moment: datetime) -> datetime:
    """Twilio's times are UTC's."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_call(call: Call) -> CallLookup:
    """A call of Twilio's as the core is told; a status that no table knows tells nothing."""
    ids = {"call_sid": call.sid}
    who = _who_answered(call)
    if call.status in LIVE:
        answered = call.status == "in-progress"
        return CallLookup(found=Found.LIVE, carrier_ids=ids, answered=answered, further=who)
    if call.status not in ENDED:
        return CallLookup(found=Found.CANNOT_TELL, carrier_ids=ids)
    rated = _rated(call)
    return CallLookup(
        found=Found.ENDED,
        carrier_ids=ids,
        answered=call.status == "completed",
        ended=_end(call, rated),
        rated=rated,
        further=who,
    )


def _who_answered(call: Call) -> tuple[CarrierEvent, ...]:
    """What detection has found, where it was asked for and has decided: its callback may be lost."""
    word = call.answered_by
    return (detected(call.sid, word, {"call_sid": call.sid}),) if word else ()


def _end(call: Call, rated: CallRated | None) -> LegEnded:
    status, reason = end_of(call.status, "")
    return LegEnded(
        key=f"record:{call.sid}",
        carrier_ids={"call_sid": call.sid},
        status=status,
        reason=reason,
        duration=whole(call.duration),
        cost=rated.cost if rated else None,
        at=_in_utc(call.end_time) if call.end_time else None,
    )


def _rated(call: Call) -> CallRated | None:
    """Twilio's prices are negative: what is taken from the account."""
    price = _positive(call.price)
    if price is None:
        return None
    currency = (call.price_unit or "").upper()
    return CallRated(
        key=f"rated:{call.sid}",
        carrier_ids={"call_sid": call.sid},
        cost=price if currency == USD else None,
        price=call.price or "",
        currency=currency,
    )


def _positive(price: str | None) -> str | None:
    try:
        amount = abs(Decimal(price or ""))
    except InvalidOperation:
        return None
    return str(amount) if amount.is_finite() else None

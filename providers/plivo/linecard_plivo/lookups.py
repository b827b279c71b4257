"""What Plivo knows of a call: running, queued, or over (its call detail record comes with a delay)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from linecard import (
    CallLookup,
    CarrierError,
    CarrierEvent,
    Cleared,
    Found,
    LegEnded,
    RecordingReady,
    TransferReported,
    TransferResult,
)
from linecard_plivo.e164 import write_number
from linecard_plivo.hangups import END_OF_DOCUMENT, RESULTS, SOURCES, end_of
from linecard_plivo.moments import utc
from linecard_plivo.readings import recording_ready
from linecard_plivo.replies import (
    Detail,
    Details,
    Ids,
    Live,
    Recording,
    Recordings,
    text,
    whole,
)
from linecard_plivo.rest import Rest

CLOCK_SLACK_SECONDS = 5.0
"""How far Plivo's clock may be behind ours."""


async def find(rest: Rest, ids: Mapping[str, str]) -> CallLookup:
    """The state of one call. `not-found` proves nothing: the record of an ended call comes late."""
    known = ids.get("call_uuid") or ids.get("request_uuid")
    if known is None:
        return CallLookup(found=Found.CANNOT_TELL)
    live = await _running(rest, known) or await _queued(rest, known)
    if live is not None:
        return _live(live)
    detail = await rest.find(lambda client: client.calls.get(known), Detail)
    if detail is None:
        return CallLookup(found=Found.NOT_FOUND)
    seen = _detail(detail)
    if seen.found is not Found.ENDED or not seen.answered:
        return seen
    told = (*await _recorded(rest, detail.call_uuid), *await _dialled(rest, detail.call_uuid))
    return replace(seen, further=told)


async def _dialled(rest: Rest, call_uuid: str) -> tuple[CarrierEvent, ...]:
    """The legs that Dials have rung for a call, with the keys that their callbacks have.

    What became of the one target; of several the record does not say whose dial each was.
    """
    try:
        known = await rest.find(
            lambda client: client.calls.list(parent_call_uuid=call_uuid), Details
        )
    except CarrierError:
        return ()  # the end of the call is told all the same
    legs = [one for one in (known.objects if known else ()) if one.parent_call_uuid == call_uuid]
    ends = tuple(_end_of_target(one, place) for place, one in enumerate(reversed(legs), start=1))
    return ends if len(ends) != 1 else (*ends, _result(ends[0]))


def _end_of_target(leg: Detail, place: int) -> LegEnded:
    name = f"target:{place}"
    return replace(
        _end(leg),
        key=f"leg:{leg.call_uuid}:ended",
        leg=name,
        carrier_ids={name: leg.call_uuid},
        ran_out=False,
    )


def _result(end: LegEnded) -> TransferReported:
    result = RESULTS.get(end.status, TransferResult.FAILED)
    return TransferReported(key=f"dial-found:{end.key}", transfer="", result=result)


async def _recorded(rest: Rest, call_uuid: str) -> tuple[CarrierEvent, ...]:
    """The files of a call, with the keys that a callback of the same file has."""
    try:
        known = await rest.find(
            lambda client: client.recordings.list(call_uuid=call_uuid, limit=MOST_RECORDINGS),
            Recordings,
        )
    except CarrierError:
        return ()  # the end of the call is told all the same
    return tuple(_ready(one) for one in (known.objects if known else ()) if one.recording_id)


def _ready(one: Recording) -> RecordingReady:
    return recording_ready(one.recording_id, one.recording_url, whole(one.recording_duration_ms))


async def search(rest: Rest, from_: str, to: Cleared, since: float) -> Sequence[CallLookup]:
    """The calls between two numbers that began after `since`, a Unix time: over, queued and running."""
    sought = _Sought(write_number(from_), write_number(to.address), since - CLOCK_SLACK_SECONDS)
    over = await rest.ask(
        lambda client: client.calls.list(
            call_direction="outbound", from_number=sought.from_, to_number=sought.to
        ),
        Details,
        tries=2,
    )
    found = {call.call_uuid: _detail(call) for call in over.objects if sought.fits_detail(call)}
    for call in await _not_over(rest, sought):
        found[call.call_uuid] = _live(call)
    return list(found.values())


MOST_RECORDINGS = 20
QUEUE_SECONDS = 3_600
"""A call that began later is another one: Plivo's queue is not so long."""


@dataclass(frozen=True, slots=True)
class _Sought:
    """What a call must be like. Plivo's own filters are not relied on."""

    from_: str
    to: str
    since: float

    def fits_detail(self, call: Detail) -> bool:
        """A leg that a Dial has rung is nobody's placement."""
        return not call.parent_call_uuid and self._fits(
            call.from_number, call.to_number, call.initiation_time
        )

    def fits_live(self, call: Live) -> bool:
        return self._fits(call.from_, call.to, call.session_start)

    def _fits(self, from_: str, to: str, began: str | None) -> bool:
        numbers = write_number(from_), write_number(to)
        return (
            numbers == (self.from_, self.to)
            and self.since <= _unix_time(began) <= self.since + QUEUE_SECONDS
        )


def _unix_time(written: str | None) -> float:
    """What is not readable is long ago."""
    read = utc(written)
    return read.timestamp() if read else 0.0


async def _not_over(rest: Rest, sought: _Sought) -> Sequence[Live]:
    """Running and queued calls. A list holds ids only; an id may be gone when it is asked about."""
    running = await rest.ask(
        lambda client: client.live_calls.list_ids(from_number=sought.from_, to_number=sought.to),
        Ids,
        tries=2,
    )
    queued = await rest.ask(lambda client: client.queued_calls.list_ids(), Ids, tries=2)
    seen = [await _running(rest, known) for known in running.calls]
    seen += [await _queued(rest, known) for known in queued.calls]
    return [call for call in seen if call is not None and sought.fits_live(call)]


async def _running(rest: Rest, known: str) -> Live | None:
    return await rest.find(lambda client: client.live_calls.get(known), Live)


async def _queued(rest: Rest, known: str) -> Live | None:
    return await rest.find(lambda client: client.queued_calls.get(known), Live)


def _live(call: Live) -> CallLookup:
    ids = {"call_uuid": call.call_uuid}
    if call.request_uuid:
        ids["request_uuid"] = call.request_uuid
    return CallLookup(found=Found.LIVE, carrier_ids=ids, answered=call.call_status == "in-progress")


def _detail(call: Detail) -> CallLookup:
    ids = {"call_uuid": call.call_uuid}
    if not call.end_time and call.hangup_cause_code is None:
        return CallLookup(found=Found.CANNOT_TELL, carrier_ids=ids)
    return CallLookup(
        found=Found.ENDED, carrier_ids=ids, answered=bool(call.answer_time), ended=_end(call)
    )


def _end(call: Detail) -> LegEnded:
    code, seconds = text(call.hangup_cause_code), whole(call.bill_duration)
    said = "completed" if call.answer_time else ""
    status, reason = end_of(code, said, seconds)
    return LegEnded(
        key=f"record:{call.call_uuid}",
        carrier_ids={"call_uuid": call.call_uuid},
        status=status,
        reason=reason or (call.hangup_cause_name or "").lower(),
        code=code,
        ended_by=SOURCES.get(call.hangup_source or "", ""),
        duration=seconds,
        billed=whole(call.billed_duration),
        cost=text(call.total_amount) or None,
        ran_out=code == END_OF_DOCUMENT,
        at=utc(call.end_time),
        answered_at=utc(call.answer_time),
    )

"""What the API says of calls: live, queued, and in detail some time after their end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from linecard.simulator.handset import plain
from linecard_plivo.simulator.fields import offset_time
from linecard_plivo.simulator.replies import ApiReply, ApiRequest, Refused, missing, page, said

if TYPE_CHECKING:
    from linecard_plivo.simulator.calls import Call
    from linecard_plivo.simulator.switch import Switch
    from linecard_plivo.simulator.targets import Target

STATES = {"live": ("ringing", "in-progress"), "queued": ("queued",)}
COMPARISONS = ("gt", "gte", "lt", "lte")


async def list_calls(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET /Call/: ids with `status=live|queued`, else the details of calls that are over."""
    state = request.query.get("status")
    if state in STATES:
        calls = [call.uuid for call in switch.live_calls if call.status in STATES[state]]
        return said(switch, 200, calls=calls)
    ended = [call for call in switch.calls.values() if _has_detail(switch, call)]
    objects = [detail(switch, call) for call in ended] + dialled_legs(switch)
    objects.sort(key=lambda one: str(one["end_time"]), reverse=True)
    objects = [one for one in objects if _fits(one, request)]
    return page(switch, request, "Call", objects)


async def get_call(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET /Call/{uuid}/: one live or queued call, or a detail, which is 404 at first."""
    call = switch.calls.get(request.path["uuid"])
    if call is None or switch.faults.happens("stale_lookup"):
        raise missing("call")
    state = request.query.get("status")
    if state in STATES:
        if call.is_over or call.status not in STATES[state]:
            raise missing("call")
        return said(switch, 200, **_live(call))
    if not _has_detail(switch, call):
        raise missing("call")
    return said(switch, 200, **detail(switch, call))


def _has_detail(switch: Switch, call: Call | Target) -> bool:
    ended = call.ended_at
    return ended is not None and switch.clock.unix() - ended >= switch.quirks.cdr_delay


def _live(call: Call) -> dict[str, Any]:
    return {
        "call_status": call.status,
        "call_uuid": call.uuid,
        "caller_name": call.order.caller_name,
        "direction": call.direction,
        "from": plain(call.from_),
        "request_uuid": call.uuid if call.direction == "outbound" else None,
        "session_start": offset_time(call.created_at, "UTC", micros=True),
        "stir_attestation": "Not Applicable",
        "stir_verification": "Not Applicable",
        "to": plain(call.to),
    }


def detail(switch: Switch, call: Call) -> dict[str, Any]:
    """A call's detail: times with an offset, `bill_duration` raw and `billed_duration` rounded."""
    return _detail(switch, call, call.from_, call.to, call.direction, call.order.parent)


def dialled_legs(switch: Switch) -> list[dict[str, Any]]:
    """The details of the legs that Dials have rung: calls of their own, with the first leg as their parent."""
    return [
        _detail(switch, target, target.caller, target.number, "outbound", call.uuid)
        for call, target in switch.targets
        if _has_detail(switch, target)
    ]


def _detail(
    switch: Switch,
    call: Call | Target,
    from_: str,
    to: str,
    direction: str,
    parent: str | None,
) -> dict[str, Any]:
    if call.ending is None:
        raise ValueError(f"call {call.uuid} is not over")
    rate = switch.rates.per_minute(direction, to)
    zone = switch.quirks.time_zone
    return {
        "answer_time": offset_time(call.answered_at, zone),
        "bill_duration": round(call.seconds),
        "billed_duration": switch.rates.billed(call.seconds),
        "call_direction": direction,
        "call_duration": round(call.seconds),
        "call_state": "ANSWER" if call.answered_at else "NO_ANSWER",
        "call_uuid": call.uuid,
        "end_time": offset_time(call.ended_at, zone),
        "from_number": plain(from_),
        "hangup_cause_code": call.ending.code,
        "hangup_cause_name": call.ending.name,
        "hangup_source": call.ending.source.value,
        "initiation_time": offset_time(call.created_at, zone),
        "parent_call_uuid": parent,
        "resource_uri": f"/v1/Account/{switch.credentials.auth_id}/Call/{call.uuid}/",
        "to_number": plain(to),
        "total_amount": f"{switch.rates.cost(rate, call.seconds):f}",
        "total_rate": f"{rate:f}",
    }


FILTERS = (
    "call_direction",
    "from_number",
    "to_number",
    "hangup_cause_code",
    "hangup_source",
    "parent_call_uuid",
)


def _fits(one: dict[str, Any], request: ApiRequest) -> bool:
    query = request.query
    asked = [name for name in FILTERS if name in query]
    same = all(plain(query[name]) == plain(str(one[name] or "")) for name in asked)
    ended = datetime.fromisoformat(one["end_time"]).timestamp()
    return same and all(_compares(query, name, ended) for name in COMPARISONS)


def _compares(query: Any, comparison: str, moment: float) -> bool:
    text = query.get(f"end_time__{comparison}")
    if text is None:
        return True
    limit = read_time(text)
    results = {
        "gt": moment > limit,
        "gte": moment >= limit,
        "lt": moment < limit,
        "lte": moment <= limit,
    }
    return results[comparison]


def read_time(text: str) -> float:
    """A filter's time, `YYYY-MM-DD HH:MM[:SS[.ffffff]]` in UTC. Raises Refused (400)."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise Refused(400, f"{text!r} is not a time such as 2024-10-25 14:13:00") from error

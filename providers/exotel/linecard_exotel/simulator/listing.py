"""The list of calls: those that are over, newest first, by cursor."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from linecard_exotel.simulator.details import call_object
from linecard_exotel.simulator.moments import unix
from linecard_exotel.simulator.numbering import e164
from linecard_exotel.simulator.replies import ApiReply, ApiRequest, Refused

if TYPE_CHECKING:
    from linecard_exotel.simulator.calls import Call
    from linecard_exotel.simulator.switch import Switch

PAGE, LARGEST_PAGE = 50, 100
DAYS = 31 * 86400
MOST_NUMBERS, MOST_SIDS = 5, 100
NEWEST_FIRST, OLDEST_FIRST = "DateCreated:desc", "DateCreated:asc"


async def list_calls(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET Calls. Calls that go on are not in it; without DateCreated it shows the last 31 days."""
    found = [call for call in switch.calls.values() if call.ended_at is not None]
    if switch.faults.happens("stale_lookup"):
        found = []
    fitting = [call for call in found if _fits(switch, call, request.query)]
    order = request.query.get("SortBy", NEWEST_FIRST)
    if order not in (NEWEST_FIRST, OLDEST_FIRST):
        raise Refused(400, "SortBy is invalid")
    fitting.sort(key=lambda call: call.created_at, reverse=order == NEWEST_FIRST)
    return _page(switch, request, fitting)


def _page(switch: Switch, request: ApiRequest, calls: list[Call]) -> ApiReply:
    size = _size(request.query.get("PageSize"))
    start = _start(request.query, calls, size)
    shown = calls[start : start + size]
    follows = start + size < len(calls)
    links = {
        "FirstPageUri": _link(switch, request, {}),
        "PrevPageUri": _link(switch, request, {"Before": _cursor(shown[0])}) if start else None,
        "NextPageUri": _link(switch, request, {"After": _cursor(shown[-1])}) if follows else None,
    }
    metadata: dict[str, Any] = {"Total": len(calls), "PageSize": size, **links}
    return ApiReply(
        200, {"Metadata": metadata, "Calls": [call_object(switch, call) for call in shown]}
    )


def _size(text: str | None) -> int:
    if text is None:
        return PAGE
    if not text.isdecimal() or not 0 < int(text) <= LARGEST_PAGE:
        raise Refused(400, "PageSize is from 1 to 100")
    return int(text)


def _start(query: Mapping[str, str], calls: list[Call], size: int) -> int:
    cursors = [_cursor(call) for call in calls]
    for name, step in (("After", 1), ("Before", -size)):
        if name not in query:
            continue
        if query[name] not in cursors:
            raise Refused(400, f"{name} is no cursor of this list")
        return max(0, cursors.index(query[name]) + step)
    return 0


def _cursor(call: Call) -> str:
    return base64.urlsafe_b64encode(call.sid.encode()).decode().rstrip("=")


def _link(switch: Switch, request: ApiRequest, cursor: Mapping[str, str]) -> str:
    kept = {name: value for name, value in request.query.items() if name not in CURSORS}
    query = urlencode({**kept, **cursor})
    return f"/v1/Accounts/{switch.credentials.sid}/Calls.json?{query}"


CURSORS = ("Before", "After")


def _fits(switch: Switch, call: Call, query: Mapping[str, str]) -> bool:
    return all(name not in query or fits(call, query[name]) for name, fits in FILTERS.items()) and (
        "DateCreated" in query or "Sid" in query or call.created_at > switch.clock.unix() - DAYS
    )


def _among(value: Callable[[Call], str], most: int) -> Callable[[Call, str], bool]:
    def fits(call: Call, wanted: str) -> bool:
        numbers = [e164(one.strip()) for one in wanted.split(",")]
        if len(numbers) > most:
            raise Refused(400, f"at most {most} numbers")
        return value(call) in numbers

    return fits


def _is_one_of_sids(call: Call, wanted: str) -> bool:
    sids = wanted.split(",")
    if len(sids) > MOST_SIDS:
        raise Refused(400, f"at most {MOST_SIDS} Sids")
    return call.sid in sids


def _was_created(call: Call, wanted: str) -> bool:
    """`gte:2019-01-01 00:00:00;lte:2019-01-31 23:59:59`, in India's time."""
    for condition in wanted.split(";"):
        operator, _, text = condition.partition(":")
        if operator not in COMPARISONS:
            raise Refused(400, "DateCreated is invalid: only gte: and lte:")
        try:
            if not COMPARISONS[operator](int(call.created_at), unix(text)):
                return False
        except ValueError as error:
            raise Refused(400, f"DateCreated is invalid: {error}") from error
    return True


COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "gte": lambda value, limit: value >= limit,
    "lte": lambda value, limit: value <= limit,
}

FILTERS: Mapping[str, Callable[[Call, str], bool]] = {
    "Sid": _is_one_of_sids,
    "From": _among(lambda call: call.customer, MOST_NUMBERS),
    "To": _among(lambda call: call.exophone if call.is_inbound else "", MOST_NUMBERS),
    "PhoneNumber": _among(lambda call: call.exophone, MOST_NUMBERS),
    "Status": lambda call, wanted: call.status == wanted,
    "Direction": lambda call, wanted: call.direction == wanted,
    "DateCreated": _was_created,
}
"""The filters of the list, by the name of their parameter."""

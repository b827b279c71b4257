"""What Plivo knows of a call: running, queued, or over (its call detail record comes with a delay)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from linecard import CallLookup, Cleared, Found, LegEnded
from linecard_plivo.e164 import write_number
from linecard_plivo.hangups import SOURCES, end_of
from linecard_plivo.replies import Detail, Details, Ids, Live, text, whole
from linecard_plivo.rest import Rest

CLOCK_SLACK_SECONDS = 5.0
"""How far Plivo's clock may be behind ours."""


async def find(rest: Rest, ids: Mapping[str, str]) -> CallLookup:
    """The state of one call. `not-found` proves nothing: the record of an ended call comes late."""
    known = ids.get("call_uuid") or ids.get("request_uuid")
    if known is None:
        return CallLookup(found=Found.CANNOT_TELL)
    live = await rest.find(lambda client: client.live_calls.get(known), Live)
    live = live or await rest.find(lambda client: client.queued_calls.get(known), Live)
    if live is not None:
        return _live(live)
    detail = await rest.find(lambda client: client.calls.get(known), Detail)
    return CallLookup(found=Found.NOT_FOUND) if detail is None else _detail(detail)


async def search(rest: Rest, from_: str, to: Cleared, since: float) -> Sequence[CallLookup]:
    """The calls between two numbers that began after `since`, a Unix time: queued, running and over."""
    pair = write_number(from_), write_number(to.address)
    earliest = since - CLOCK_SLACK_SECONDS
    details = await _ended(rest, pair)
    running = await _running(rest, pair)
    found = {
        **{d.call_uuid: _detail(d) for d in details if _fits(d.initiation_time, earliest)},
        **{c.call_uuid: _live(c) for c in running if _fits(c.session_start, earliest)},
    }
    return list(found.values())

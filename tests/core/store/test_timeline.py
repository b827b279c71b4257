"""What happened in a call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from linecard.calls import Call, CallStatus
from linecard.store import Database, Line, calls, timeline


async def test_lines_come_back_in_the_order_they_were_written(
    database: Database, make_call: Callable[..., Call]
) -> None:
    call, other = make_call(), make_call()
    at = call.created_at
    async with database.write() as conn:
        await calls.add(conn, call)
        await calls.add(conn, other)
        await timeline.append(conn, call.id, "answered", {"status": CallStatus.IN_PROGRESS}, at)
        await timeline.append(conn, other.id, "answered", {}, at)
        await timeline.append(conn, call.id, "ended", {"seconds": 9}, at - timedelta(hours=1))
        lines = await timeline.of_call(conn, call.id)
    assert lines == [
        Line(at, "answered", {"status": "in-progress"}),
        Line(at - timedelta(hours=1), "ended", {"seconds": 9}),
    ]

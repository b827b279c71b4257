"""Pages of a list."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace

import pytest

from linecard.calls import Call
from linecard.errors import InvalidField
from linecard.store import Database, calls

MakeCall = Callable[..., Call]


async def test_pages_hold_every_item_once_also_when_times_are_equal(
    database: Database, make_call: MakeCall
) -> None:
    first = make_call()
    made = [first, *(replace(make_call(), created_at=first.created_at) for _ in range(6))]
    seen: list[str] = []
    cursor: str | None = None
    async with database.write() as conn:
        for call in made:
            await calls.add(conn, call)
        while True:
            page = await calls.page(conn, 3, cursor)
            seen += [call.id for call in page.items]
            cursor = page.next
            if cursor is None:
                break
    assert seen == sorted((call.id for call in made), reverse=True)


async def test_a_new_item_does_not_move_the_pages(database: Database, make_call: MakeCall) -> None:
    made = [make_call() for _ in range(4)]
    async with database.write() as conn:
        for call in made:
            await calls.add(conn, call)
        first = await calls.page(conn, 2, None)
        await calls.add(conn, make_call())
        second = await calls.page(conn, 2, first.next)
    assert second.items == (made[1], made[0])
    assert second.next is None


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "????",
        "é",
        base64.urlsafe_b64encode(b"[1, 2]").decode(),
        base64.urlsafe_b64encode(b'["2026-11-24T09:00:00", "call-1"]').decode(),
        base64.urlsafe_b64encode(b'["2026-11-24T09:00:00Z", 1]').decode(),
    ],
)
async def test_a_cursor_that_no_list_gave_out_is_refused(cursor: str, database: Database) -> None:
    async with database.read() as conn:
        with pytest.raises(InvalidField) as caught:
            await calls.page(conn, 2, cursor)
    assert caught.value.field == "cursor"

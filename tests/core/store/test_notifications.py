"""Notifications in the store: each fact of a call once, in order, found by state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.core.store.conftest import MORNING, MakeCall

from linecard.errors import NotFound
from linecard.store import Database, calls, notifications
from linecard.store.notifications import Notification

URL = "https://hooks.example.com/calls"


def one(call: str, sequence: int, **changes: object) -> Notification:
    made = Notification(
        id=f"{call}-{sequence}",
        call=call,
        key=f"key-{sequence}",
        sequence=sequence,
        type="call.ringing",
        url=URL,
        body='{"a": "é\u0000"}',
        created_at=MORNING + timedelta(seconds=sequence),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


async def test_each_fact_has_its_place(database: Database, make_call: MakeCall) -> None:
    async with database.write() as conn:
        call = make_call()
        await calls.add(conn, call)
        assert await notifications.next_sequence(conn, call.id) == 1
        await notifications.add(conn, one(call.id, 1))
        assert await notifications.next_sequence(conn, call.id) == 2
        assert await notifications.is_told(conn, call.id, "key-1")
        assert not await notifications.is_told(conn, call.id, "key-2")


async def test_an_earlier_one_stands_before_until_it_is_done(
    database: Database, make_call: MakeCall
) -> None:
    async with database.write() as conn:
        call = make_call()
        await calls.add(conn, call)
        first, second, third = (one(call.id, place) for place in (1, 2, 3))
        for each in (first, second, replace(third, url=f"{URL}/other")):
            await notifications.add(conn, each)
        assert await notifications.before(conn, first) is None
        found = await notifications.before(conn, second)
        assert found is not None
        assert found.id == first.id
        assert await notifications.before(conn, replace(third, url=f"{URL}/other")) is None
        await notifications.update(conn, first.id, state="dead")
        assert await notifications.before(conn, second) is None


async def test_what_waits_for_an_address_can_be_given_up(
    database: Database, make_call: MakeCall
) -> None:
    async with database.write() as conn:
        call = make_call()
        await calls.add(conn, call)
        for each in (one(call.id, 1, state="delivered"), one(call.id, 2), one(call.id, 3, url="x")):
            await notifications.add(conn, each)
        await notifications.give_up(conn, call.id, URL, "gone")
        page = await notifications.page(conn, 10, None)
        assert [item.state for item in page.items] == ["waiting", "dead", "delivered"]
        dead = await notifications.page(conn, 10, None, "dead", call.id)
        assert [(item.sequence, item.error) for item in dead.items] == [(2, "gone")]
        assert not (await notifications.page(conn, 10, None, "dead", "other")).items


async def test_what_is_not_there_cannot_be_changed(database: Database) -> None:
    async with database.write() as conn:
        with pytest.raises(NotFound):
            await notifications.update(conn, "nothing", state="dead")
        with pytest.raises(TypeError):
            await notifications.update(conn, "nothing", url="https://elsewhere.example.com")

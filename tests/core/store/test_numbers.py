"""Registered numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from linecard.errors import Conflict, NotFound
from linecard.numbers import Number
from linecard.store import Database, numbers

DELHI = Number(
    id="n1",
    number="+911140000000",
    provider="acme",
    account="main",
    agent="echo",
    channels=3,
    stream="l16-8000",
    options={"noise": {"level": 85}},
    record=True,
    former_target="app-1",
)
BOSTON = Number(id="n2", number="+16175550100", provider="acme", account="two", agent="echo")


async def test_a_number_comes_back_as_it_was(database: Database) -> None:
    async with database.write() as conn:
        await numbers.add(conn, DELHI)
    async with database.read() as conn:
        assert await numbers.get(conn, DELHI.number) == DELHI
        assert await numbers.get(conn, BOSTON.number) is None


async def test_a_number_is_registered_once(database: Database) -> None:
    async with database.write() as conn:
        await numbers.add(conn, DELHI)
        with pytest.raises(Conflict, match=r"\+911140000000"):
            await numbers.add(conn, replace(BOSTON, number=DELHI.number))


async def test_some_fields_change_and_the_rest_stay(database: Database) -> None:
    async with database.write() as conn:
        await numbers.add(conn, DELHI)
        changed = await numbers.update(conn, DELHI.number, agent="greeter", options={})
        assert changed == replace(DELHI, agent="greeter", options={})
        assert await numbers.get(conn, DELHI.number) == changed
        assert await numbers.update(conn, DELHI.number) == changed


async def test_a_field_that_never_changes_is_refused(database: Database) -> None:
    async with database.write() as conn:
        await numbers.add(conn, DELHI)
        with pytest.raises(TypeError, match="colour, number"):
            await numbers.update(conn, DELHI.number, number="+1", colour="red")


async def test_a_number_that_is_not_there_cannot_change_or_go(database: Database) -> None:
    async with database.write() as conn:
        with pytest.raises(NotFound, match=r"\+911140000000"):
            await numbers.update(conn, DELHI.number, agent="x")
        with pytest.raises(NotFound, match=r"\+911140000000"):
            await numbers.remove(conn, DELHI.number)


async def test_a_number_goes(database: Database) -> None:
    async with database.write() as conn:
        await numbers.add(conn, DELHI)
        await numbers.remove(conn, DELHI.number)
        assert await numbers.get(conn, DELHI.number) is None


async def test_countries_are_those_of_enabled_numbers(database: Database) -> None:
    async with database.write() as conn:
        await numbers.add(conn, DELHI)
        await numbers.add(conn, BOSTON)
        assert await numbers.countries(conn) == {"IN", "US"}
        await numbers.update(conn, DELHI.number, enabled=False)
        assert await numbers.countries(conn) == {"US"}


async def test_numbers_are_listed_in_pages(database: Database) -> None:
    async with database.write() as conn:
        await numbers.add(conn, DELHI)
        await numbers.add(conn, BOSTON)
        first = await numbers.page(conn, 1, None)
        assert first.items == (DELHI,)
        second = await numbers.page(conn, 1, first.next)
    assert second.items == (BOSTON,)
    assert second.next is None

"""A call that goes straight to its agent: call, inbox row and document are on the disk together, or not at all."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

import linecard
from linecard.carrier import Answer
from linecard.plugins import OtherPlugin, Plugins
from linecard.store.tables import numbers
from linecard.webhook import Kind
from tests.calls.signed import Plivo, answer_form, everything, hangup_form
from tests.calls.telephone import OURS, Telephone, names, telephone

BESIDE = 30
TOGETHER = ("calls", "carrier_ids", "inbox", "documents")


@contextmanager
def writes() -> Iterator[list[str]]:
    """What the connections that are made from now on insert and commit, in order."""
    seen: list[str] = []

    def note(text: str) -> None:
        if text.startswith(("INSERT INTO ", "COMMIT")):
            seen.append(text.split()[2] if " " in text else text)

    def follow(connection: Any, _record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.set_trace_callback(note)

    event.listen(Engine, "connect", follow)
    try:
        yield seen
    finally:
        event.remove(Engine, "connect", follow)


async def test_a_call_and_its_document_are_one_transaction(tmp_path: Path) -> None:
    async with telephone(tmp_path) as world:
        await world.register()
        plivo = Plivo.of(world)
        with writes() as seen:
            await plivo.call_in()
        first, last = (seen.index(table) for table in ("calls", "documents"))
        assert set(TOGETHER) <= set(seen[first : last + 1])
        assert "COMMIT" not in seen[first:last]


async def test_calls_beside_each_other_have_each_their_own_document(tmp_path: Path) -> None:
    async with telephone(tmp_path) as world:
        await world.register(channels=100)
        plivo, url = Plivo.of(world), Plivo.of(world).address(Kind.ANSWER)
        forms = [answer_form() for _ in range(BESIDE)]
        said = await asyncio.gather(*(plivo.send(url, form) for form in (*forms, *forms)))
        assert {one.status for one in said} == {200}
        bodies = [one.body for one in said]
        assert len(set(bodies)) == BESIDE
        assert bodies[:BESIDE] == bodies[BESIDE:]
        rows = await everything(world)
        assert [len(rows[table]) for table in TOGETHER] == [BESIDE] * len(TOGETHER)


async def test_the_place_in_the_token_is_this_process_and_the_number_its_own(
    tmp_path: Path,
) -> None:
    async with telephone(tmp_path) as world:
        await world.register()
        plivo = Plivo.of(world)
        said = await plivo.send(plivo.address(Kind.ANSWER), answer_form())
        token = said.body.decode().partition("/ws/plivo/")[2].partition("<")[0]
        claims = world.exchange.tokens.open_stream(token, 0)
        async with world.exchange.database.read() as conn:
            (number,) = (await conn.execute(numbers.select())).mappings()
        assert (claims.pod, claims.number) == ("local", number["id"])
        assert number["number"] == OURS


async def test_a_call_that_was_over_before_it_was_answered_gets_an_end(tmp_path: Path) -> None:
    async with telephone(tmp_path) as world:
        await world.register()
        plivo, form = Plivo.of(world), answer_form()
        ended = hangup_form(form["CallUUID"], Direction="inbound")
        assert (await plivo.send(plivo.address(Kind.ENDED), ended)).status == 200
        said = await plivo.send(plivo.address(Kind.ANSWER), form)
        assert b"<Hangup" in said.body
        assert b"<Stream" not in said.body
        assert not (await everything(world))["documents"]


class Faulty:
    """A plugin around the answers of every carrier, at fault at first."""

    def __init__(self) -> None:
        self.faults = 2

    @linecard.hookimpl(wrapper=True)
    def answer(self) -> Generator[None, Answer, Answer]:
        made = yield
        if self.faults:
            self.faults -= 1
            raise RuntimeError("at fault")
        return made


async def _kept(world: Telephone, plivo: Plivo, carrier_id: str) -> list[str]:
    return names(await world.call(await plivo.call_of(carrier_id)))


async def test_a_fault_in_the_answer_does_not_lose_the_call(tmp_path: Path) -> None:
    plugins = Plugins.discover()
    plugins.add(OtherPlugin("faulty", Faulty(), "tests", "1"))
    async with telephone(tmp_path, "plivo", (), plugins) as world:
        await world.register()
        plivo, form = Plivo.of(world), answer_form()
        failed = await plivo.send(plivo.address(Kind.ANSWER), form)
        assert failed.status == 500
        assert "call-arrived" in await _kept(world, plivo, form["CallUUID"])
        again = await plivo.send(plivo.address(Kind.ANSWER), form)
        assert b"<Stream" in again.body

"""The link between a pod and its server, both ends in one process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from linecard.errors import CallOver, CarrierRefused, GateRefused, InvalidField, LinecardError
from linecard.pods.faults import as_error, as_fault
from linecard.pods.link import Link, LinkLost


class Wire:
    """A text goes in here and comes out at the other end."""

    def __init__(self) -> None:
        self.inbox: asyncio.Queue[str | None] = asyncio.Queue()
        self.other: Wire

    async def send(self, text: str) -> None:
        self.other.inbox.put_nowait(text)

    async def receive(self) -> str:
        text = await self.inbox.get()
        if text is None:
            raise LinkLost("cut")
        return text


async def _double(facts: Mapping[str, Any]) -> object:
    return facts["number"] * 2


async def _refuse(facts: Mapping[str, Any]) -> object:
    raise GateRefused("to", f"{facts['to']} may not be called")


async def _fail(_facts: Mapping[str, Any]) -> object:
    raise KeyError("a fault")


async def _hang(_facts: Mapping[str, Any]) -> object:
    await asyncio.sleep(3600)
    return None


ANSWERS = {"double": _double, "refuse": _refuse, "fail": _fail, "hang": _hang}


@asynccontextmanager
async def linked() -> AsyncIterator[tuple[Link, Link, Wire, list[Any]]]:
    one, two = Wire(), Wire()
    one.other, two.other = two, one
    heard: list[Any] = []
    near = Link(one, {}, {})
    far = Link(two, ANSWERS, {"hear": lambda facts: heard.append(facts["n"])})
    tasks = [asyncio.create_task(near.run()), asyncio.create_task(far.run())]
    yield near, far, two, heard
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_questions_find_their_answers() -> None:
    async with linked() as (near, *_):
        asked = [near.ask("double", number=number) for number in range(50)]
        assert await asyncio.gather(*asked) == [2 * number for number in range(50)]


async def test_what_is_told_comes_in_its_order_and_before_what_is_asked_later() -> None:
    async with linked() as (near, _, _, heard):
        for n in range(20):
            near.tell("hear", n=n)
        await near.ask("double", number=1)
        assert heard == list(range(20))


async def test_a_refusal_arrives_as_what_it_was() -> None:
    async with linked() as (near, *_):
        with pytest.raises(GateRefused) as refused:
            await near.ask("refuse", to="+900")
        assert (refused.value.field, refused.value.message) == ("to", "+900 may not be called")


async def test_a_fault_of_the_other_side_is_an_error_and_the_link_goes_on() -> None:
    async with linked() as (near, *_):
        with pytest.raises(LinecardError):
            await near.ask("fail")
        assert await near.ask("double", number=4) == 8


async def test_whoever_waits_is_told_of_the_end() -> None:
    async with linked() as (near, _, wire, _):
        waiting = asyncio.create_task(near.ask("hang"))
        await asyncio.sleep(0.01)
        wire.other.inbox.put_nowait(None)
        with pytest.raises(LinkLost):
            await waiting
        with pytest.raises(LinkLost):
            await near.ask("double", number=1)
        near.tell("hear", n=1)


@pytest.mark.parametrize(
    "error",
    [
        CallOver("c1", "hung up"),
        InvalidField("digits", "are none"),
        CarrierRefused("plivo", "no", status=429, code="x", retry_after=2.5),
    ],
)
def test_errors_keep_what_they_say(error: LinecardError) -> None:
    again = as_error(as_fault(error))
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


def test_an_error_that_nobody_knows_is_a_plain_one() -> None:
    again = as_error(as_fault(ZeroDivisionError("oh")))
    assert (type(again), str(again)) == (LinecardError, "oh")

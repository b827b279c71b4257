"""A link whose other side is hostile: it costs itself, and never the loop or the memory of this side."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Iterable

import pytest
from structlog.testing import capture_logs

from linecard.errors import InvalidField, LimitReached, LinecardError, NotFound
from linecard.pods import link as links
from linecard.pods.faults import as_error, as_fault
from linecard.pods.link import Facts, Link, LinkLost, TooLong

NONSENSE = (
    "5",
    "[]",
    "{}",
    "not json",
    "[" * 100_000,
    '["what", 1]',
    '[["ask"], 1]',
    '["ask", 1]',
    '["yes"]',
    '["yes", [], 1]',
    '["tell"]',
)


class Peer:
    """The other side: what it sends, and what it was sent. It takes nothing while it is `stuck`."""

    def __init__(self, *sends: str, then: Iterable[str] = ()) -> None:
        self.sends = itertools.chain(sends, then)
        self.got: list[list[object]] = []
        self.stuck = False

    async def send(self, text: str) -> None:
        while self.stuck:
            await asyncio.sleep(0.01)
        self.got.append(json.loads(text))

    async def receive(self) -> str:
        """Without ever waiting while there is anything, as a queue that is full."""
        for text in self.sends:
            return text
        await asyncio.sleep(3600)
        raise AssertionError


def _ask(number: int, what: str = "wait") -> str:
    return json.dumps(["ask", number, what, {}])


async def _wait(_facts: Facts) -> None:
    await asyncio.sleep(3600)


async def _ran(link: Link, until: Callable[[], bool]) -> None:
    work = asyncio.create_task(link.run())
    async with asyncio.timeout(10):
        while not (until() or work.done()):
            await asyncio.sleep(0.01)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


@pytest.mark.parametrize("text", NONSENSE)
async def test_who_speaks_nonsense_is_gone(text: str) -> None:
    link = Link(Peer(text), {}, {})
    with capture_logs() as logs:
        async with asyncio.timeout(5):
            await link.run()
    assert link.is_lost
    assert logs[0]["event"] == "the other side of a link speaks nonsense"


async def test_a_flood_waits_and_the_loop_is_everybodys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "MESSAGES_A_SECOND", 0)
    heard: list[Facts] = []
    peer = Peer(then=itertools.repeat('["tell", "beat", {}]'))
    work = asyncio.create_task(Link(peer, {}, {"beat": heard.append}).run())
    rounds = 0
    while len(heard) < links.MESSAGES_AT_ONCE:
        await asyncio.sleep(0)
        rounds += 1
    await asyncio.sleep(0.1)
    assert rounds >= links.MESSAGES_AT_ONCE / 2
    assert len(heard) == links.MESSAGES_AT_ONCE
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


async def test_what_cannot_be_heard_is_told_once() -> None:
    heard: list[Facts] = []
    peer = Peer('["tell", "what", {}]', '["tell", "what", 5]', '["tell", "beat", {}]')
    with capture_logs() as logs:
        await _ran(Link(peer, {}, {"beat": heard.append}), lambda: bool(heard))
    assert (len(heard), len(logs)) == (1, 1)


async def test_more_than_so_many_questions_are_refused() -> None:
    peer = Peer(*map(_ask, range(links.MOST_OPEN + 5)))
    await _ran(Link(peer, {"wait": _wait}, {}), lambda: len(peer.got) == 5)
    assert [kind for kind, *_ in peer.got] == ["no"] * 5
    assert isinstance(as_error(peer.got[0][2]), LimitReached)  # type: ignore[arg-type]


async def test_and_so_are_more_than_so_many_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "QUESTIONS_A_SECOND", 0)

    async def answer(_facts: Facts) -> None:
        return None

    most = links.QUESTIONS_AT_ONCE
    peer = Peer(*(_ask(number, "at once") for number in range(most + 1)))
    await _ran(Link(peer, {"at once": answer}, {}), lambda: len(peer.got) > most)
    assert [kind for kind, *_ in peer.got].count("no") == 1


async def test_who_takes_nothing_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "MOST_BYTES", 10_000)
    peer = Peer()
    peer.stuck = True
    link = Link(peer, {}, {}, 10_000)
    work = asyncio.create_task(link.run())
    for _ in range(5):
        await asyncio.sleep(0)
        link.tell("report", text="x" * 3000)
    async with asyncio.timeout(5):
        await work
    with pytest.raises(LinkLost):
        await link.ask("anything")


async def test_what_cannot_be_sent_is_its_senders_fault() -> None:
    link = Link(Peer(), {}, {}, largest=1000)
    with pytest.raises(TooLong):
        await link.ask("note", facts="ü" * 600)
    with pytest.raises(TypeError):
        await link.ask("note", facts=object())
    assert not link.is_lost


@pytest.mark.parametrize("error", [NotFound("call", "c1"), InvalidField("to", "no")])
def test_an_error_arrives_as_what_it_was(error: LinecardError) -> None:
    arrived = as_error(as_fault(error))
    assert (type(arrived), str(arrived), vars(arrived)) == (type(error), str(error), vars(error))


def test_an_error_says_nothing_of_how_it_is_made() -> None:
    facts = {"__class__": "x", "__dict__": "x", "args": "x", "field": "y" * 10_000}
    error = as_error({"kind": "InvalidField", "text": "z" * 10_000, "facts": facts})
    assert len(str(error)) == len(vars(error)["field"]) == 1000
    assert set(vars(error)) == {"field"}

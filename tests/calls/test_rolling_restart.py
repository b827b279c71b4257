"""A new server takes over from an old one behind the same address, while calls go on: none is cut.

Real servers in processes of their own, one database, and a proxy that knows nothing of calls: webhooks
and media sockets land on either.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from linecard.media import g711
from linecard.simulator.ledger import What
from tests.calls.several import TALK, Several, several
from tests.calls.telephone import names

ONCE = ("agent-started", "stream-started", "stream-ended", "leg-ended")
NEVER = ("apologised", "stream-asked-again", "hang-up-asked", "stream-silent")


async def live(at: Several, count: int) -> None:
    """So many calls are spoken on."""

    async def are_live() -> bool:
        return len(at.carrier.ledger.all(What.STREAM_OPENED)) == count

    await at.until(are_live)


async def live_legs(at: Several, count: int) -> None:
    """So many people are still there."""

    async def are_live() -> bool:
        return len(at.carrier.ledger.live_legs()) == count

    await at.until(are_live)


async def all_have_agents(at: Several) -> bool:
    """A call whose agent never started would be given another, not be closed."""
    return all("agent-started" in names(one) for one in await at.calls())


async def all_over(at: Several) -> bool:
    return all(one["ended_at"] for one in await at.calls())


async def all_let_go(at: Several) -> bool:
    return all("stream-ended" in names(one) for one in await at.calls())


async def rolled(at: Several, each: int) -> float:
    """So many calls each: before the new server is there, while both are, while the old one drains and the
    proxy gives all to it, and once the proxy knows. The old one ends with the last call that needs it; how
    many requests were passed on."""
    async with AsyncExitStack() as stack:
        starting = (stack.enter_async_context(at.serving(name)) for name in ("old", "new"))
        old, new = await asyncio.gather(*starting)
        at.router.places = [old.port]
        await at.register()
        await begin(at, each)
        at.router.places = [old.port, new.port]
        await begin(at, each)
        old.server.process.terminate()
        await old.server.until("stopping")
        at.router.places = [old.port]
        await begin(at, each)
        at.router.places = [new.port]
        await begin(at, each)
        assert old.server.process.returncode is None
        assert len(at.carrier.ledger.live_legs()) == 4 * each
        await heard_all(at)
        passed = await old.passed_on(at.api) + await new.passed_on(at.api)
        end(at, 0, 2 * each)
        await live_legs(at, 2 * each)
        await asyncio.sleep(1)  # it would be gone by then
        await heard_all(at)
        assert old.server.process.returncode is None, "calls of the new one go through it"
        end(at, 2 * each, 3 * each)
        assert await asyncio.wait_for(old.server.process.wait(), 60) == 0
        await live_legs(at, each)
        await heard_all(at)
        end(at, 3 * each, 4 * each)
        await at.until(lambda: all_over(at))
        await at.until(lambda: all_let_go(at))
        await check(at, 4 * each)
    return passed


async def begin(at: Several, many: int) -> None:
    """More calls, in and out by turns, until all are spoken on."""
    before = len(at.chats)
    await asyncio.gather(*(at.call(inbound=n % 2 == 0) for n in range(many)))
    await live(at, before + many)


async def heard_all(at: Several) -> None:
    """Everybody who talks hears it back."""
    live = at.carrier.ledger.live_legs()
    played = {call: len(sound(at, call)) for call in live}

    async def go_on() -> bool:
        return all(len(sound(at, call)) > played[call] + 1600 for call in live)

    await at.until(go_on, within=20)


def sound(at: Several, call: str) -> bytes:
    """What was played on the only stream of a call, as PCM."""
    (playback,) = {id(one): one for one in at.carrier.playbacks(call)}.values()
    heard = g711.decode_pcmu if at.carrier.name == "twilio" else bytes
    return heard(bytes(playback.played))


def end(at: Several, first: int, last: int) -> None:
    """Some of the people hang up."""
    for chat in at.chats[first:last]:
        chat.is_over = True


async def check(at: Several, many: int) -> None:
    """Every call ended as its caller wished, was carried by one agent on one stream, and is recorded so."""
    calls = await at.calls()
    assert len(calls) == many
    for call in calls:
        assert (call["status"], call["direction"]) in (
            ("completed", "inbound"),
            ("completed", "outbound"),
        )
        said = {name: names(call).count(name) for name in ONCE + NEVER}
        assert said == dict.fromkeys(ONCE, 1) | dict.fromkeys(NEVER, 0), (call["id"], names(call))
    for one in at.carrier.ledger.calls():
        assert sound(at, one) in TALK * 200
    assert at.carrier.ledger.live_legs() == ()
    refused: tuple[Any, ...] = at.carrier.ledger.all(What.STREAM_REFUSED)
    assert refused == at.carrier.ledger.all(What.STREAM_ERROR) == ()


async def test_no_call_is_cut_by_a_rolling_restart(tmp_path: Path) -> None:
    async with several(tmp_path) as at:
        assert await rolled(at, 2) > 0


@pytest.mark.crowd
@pytest.mark.timeout(300)
@pytest.mark.parametrize("provider", ["plivo", "twilio"])
async def test_over_fifty_live_calls_survive_a_rolling_restart(
    tmp_path: Path, provider: str
) -> None:
    async with several(tmp_path, provider) as at:
        assert await rolled(at, 13) > 10


@pytest.mark.slow
@pytest.mark.timeout(200)
@pytest.mark.parametrize("provider", ["plivo", "twilio"])
async def test_calls_of_a_killed_server_are_closed_by_the_other(
    tmp_path: Path, provider: str
) -> None:
    """Their carrier asks what comes next, and is told by whoever is there: no line stays open."""
    async with several(tmp_path, provider) as at, AsyncExitStack() as stack:
        starting = (stack.enter_async_context(at.serving(name)) for name in ("old", "new"))
        old, new = await asyncio.gather(*starting)
        at.router.places = [old.port]
        await at.register()
        await begin(at, 4)
        await at.until(lambda: all_have_agents(at))
        at.router.places = [old.port, new.port]
        old.server.process.kill()
        await old.server.process.wait()
        await at.until(lambda: all_over(at), within=30)
        await live_legs(at, 0)
        await begin(at, 2)
        end(at, 4, 6)
        await at.until(lambda: all_over(at))
        calls = list(reversed(await at.calls()))
    assert {call["status"] for call in calls} == {"completed"}
    assert ["apologised" in names(call) for call in calls] == [True] * 4 + [False] * 2


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_an_end_that_nobody_reported_of_a_killed_server_is_looked_up_by_the_other(
    tmp_path: Path,
) -> None:
    """Nobody could be asked what comes next, so that the carrier counts them as failed."""
    async with several(tmp_path) as at, AsyncExitStack() as stack:
        starting = (stack.enter_async_context(at.serving(name)) for name in ("old", "new"))
        old, new = await asyncio.gather(*starting)
        at.router.places = [old.port]
        await at.register()
        await begin(at, 3)
        await at.until(lambda: all_have_agents(at))
        at.router.places = [9]
        old.server.process.kill()
        await old.server.process.wait()
        await live_legs(at, 0)
        at.router.places = [new.port]
        await at.until(lambda: all_over(at), within=200)
        assert {call["status"] for call in await at.calls()} == {"failed"}

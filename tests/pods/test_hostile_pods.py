"""A pod that lies, floods, repeats itself or is silent: its own call is the only one that it can spoil."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import linecard
from linecard.carrier import PodLease
from linecard.errors import LinecardError, RequestRefused
from linecard.exchange.admission import Admitted
from linecard.exchange.far import asked, live, pod
from linecard.exchange.far.facts import NOTED
from linecard.exchange.far.pod import FarPod, IsOurs
from linecard.exchange.pod_watch import pod_unreachable
from linecard.pods import Held
from linecard.pods.link import Answer, Link, LinkLost
from linecard.simulator.phone import Phone
from linecard.store import calls, claims
from linecard.testing.telephone import CUSTOMER, HUMAN, Telephone, names, telephone
from linecard.tokens import StreamClaims, new_id

RINGS = Phone(ring_seconds=600.0)
STARTED = {"stream": "s1", "carrier_ids": {}}
LINE = {
    "inbound": {"encoding": "PCMU", "rate": 8000},
    "outbound": {"encoding": "PCMU", "rate": 8000},
}


class Wire:
    """One end of a socket in memory."""

    def __init__(self, reads: asyncio.Queue[str | None], writes: asyncio.Queue[str | None]) -> None:
        self._reads, self._writes = reads, writes

    async def send(self, text: str) -> None:
        self._writes.put_nowait(text)

    async def receive(self) -> str:
        text = await self._reads.get()
        if text is None:
            raise LinkLost("closed")
        return text

    def close(self) -> None:
        """Both ends read the end."""
        for queue in (self._reads, self._writes):
            queue.put_nowait(None)


class Hostile:
    """A pod as its server sees it, on a call that rings, and what it is let in with."""

    def __init__(self, world: Telephone, call_id: str, answers: Mapping[str, Answer]) -> None:
        there: asyncio.Queue[str | None] = asyncio.Queue()
        back: asyncio.Queue[str | None] = asyncio.Queue()
        self.world, self.call_id = world, call_id
        self.claims_id = new_id()
        self.wire = Wire(back, there)
        self.link = Link(self.wire, answers, {"finish": lambda _facts: None})
        self.far = FarPod(world.exchange, "pod-1", Wire(there, back), self._let_in)

    async def _let_in(self, facts: Mapping[str, Any], _is_ours: IsOurs) -> Admitted:
        async with self.world.exchange.database.read() as conn:
            call = await calls.get(conn, facts.get("call", self.call_id))
        assert call is not None
        relay = self.world.exchange.relay(call)
        given = StreamClaims(
            self.claims_id, call.id, call.provider, call.account, "", "", call.profile, "pod-1", 0
        )
        profile = relay.hooks.stream_profiles()[0]
        return Admitted(claims=given, call=call, relay=relay, profile=profile)

    async def let_in(self, **facts: object) -> str:
        """A stream; its name on the link."""
        return str((await self.link.ask("admit", **facts))["token"])

    async def open(self, token: str) -> None:
        """It has opened."""
        await self.link.ask("opened", token=token, started=STARTED, line=LINE)

    async def close(self, token: str, **figures: object) -> None:
        """It is gone."""
        await self.link.ask("closed", token=token, figures=figures)

    async def is_let_go(self) -> bool:
        """Whether no stream is held, and the record has an end for each."""
        async with self.world.exchange.database.read() as conn:
            is_taken = await claims.is_taken(conn, self.claims_id)
        told = await self.told()
        return not is_taken and told.count("stream-started") <= told.count("stream-ended")

    async def told(self) -> list[str]:
        """What stands on the call's record."""
        return names(await self.world.call(self.call_id))


@asynccontextmanager
async def hostile(
    folder: Path, answers: Mapping[str, Answer] | None = None
) -> AsyncIterator[Hostile]:
    """A pod that is linked, and whose call rings."""
    async with telephone(folder, "plivo", ("tests.pods.agents:keys",)) as world:
        world.carrier.phones[CUSTOMER] = world.carrier.phones[HUMAN] = RINGS
        await world.register(agent="keys")
        one = Hostile(world, (await world.dial())["id"], answers or {})
        work = [asyncio.create_task(one.far.serve()), asyncio.create_task(one.link.run())]
        try:
            yield one
        finally:
            one.wire.close()
            async with asyncio.timeout(10):
                await asyncio.gather(*work)
            await world.eventually(lambda: one.call_id not in world.exchange.lives)


async def test_two_sockets_of_one_token_are_two_streams(tmp_path: Path) -> None:
    async with hostile(tmp_path) as one:
        first, second = await one.let_in(), await one.let_in()
        await one.open(first)
        with pytest.raises(RequestRefused):
            await one.open(second)
        await one.close(second)
        await one.close(first, frames_in=3)
        await one.close(first)
        told = await one.told()
        assert (told.count("stream-started"), told.count("stream-ended")) == (1, 1)


@pytest.mark.parametrize("is_cut", [False, True])
async def test_a_stream_that_goes_while_it_opens_is_let_go(tmp_path: Path, is_cut: bool) -> None:
    async with hostile(tmp_path) as one:
        token = await one.let_in()
        opening = asyncio.create_task(one.open(token))
        await asyncio.sleep(0)
        if is_cut:
            await asyncio.sleep(0.005)
            one.wire.close()
        else:
            await one.close(token)
        await asyncio.gather(opening, return_exceptions=True)
        await asyncio.sleep(0.3)
        await one.world.eventually(one.is_let_go)


async def test_a_pod_has_one_call(tmp_path: Path) -> None:
    async with hostile(tmp_path) as one:
        await one.let_in()
        other = await one.world.dial(HUMAN)
        with pytest.raises(RequestRefused):
            await one.let_in(call=other["id"])


async def test_and_so_many_streams(tmp_path: Path) -> None:
    async with hostile(tmp_path) as one:
        for _ in range(pod.MOST_STREAMS):
            await one.let_in()
        with pytest.raises(RequestRefused):
            await one.let_in()


LONG = "x" * 100_000
IDS = {str(number): "x" for number in range(1000)}
REFUSED: tuple[tuple[str, dict[str, object]], ...] = (
    ("hang_up", {"reason": LONG}),
    ("hang_up", {"reason": 5}),
    ("hang_up", {"reason": "x", "call_id": "another"}),
    ("set_outcome", {"outcome": {"a": 1}}),
    ("set_outcome", {"outcome": LONG}),
    ("note", {"name": "call-rated", "facts": {"leg": "caller", "cost": "0"}}),
    ("note", {"name": "stream-renewed", "facts": {}}),
    ("note", {"name": "digits-sent", "facts": {"how": LONG}}),
    ("note", {"name": "digits-sent", "facts": []}),
    ("send_digits", {"digits": "'><Dial>"}),
    ("press_by_document", {"digits": "1" * 1000}),
    ("record", {"action": "start", "resume_after": "x"}),
    ("opt_out", {"number": "+14155550177"}),
    ("sound", {"message": {"say": "hello"}, "rate": 10**9}),
    ("sound", {"message": {"say": LONG}, "rate": 8000}),
    ("sound", {"message": 5, "rate": 8000}),
    ("settle", {"action": {"do": "agent", "agent": LONG}, "reason": "x"}),
    ("transfer", {"wish": {"targets": [CUSTOMER], "ring_seconds": 10**6}}),
    ("transfer", {"wish": {"targets": [CUSTOMER] * 1000}}),
    ("transfer", {}),
    ("redirect_refused", {"fault": {"kind": [], "text": "x", "facts": {}}}),
    ("no_agent", {"reason": None}),
    ("opened", {"token": ["x"], "started": 5, "line": 5}),
    ("opened", {"token": "x", "started": STARTED | {"stream": LONG}, "line": LINE}),
    ("opened", {"token": "x", "started": STARTED | {"carrier_ids": IDS}, "line": LINE}),
)


async def test_what_is_no_fact_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    async with hostile(tmp_path) as one:
        await one.let_in()
        before = await one.told()
        for what, facts in REFUSED:
            with pytest.raises(LinecardError):
                await one.link.ask(what, **facts)
        after = await one.world.call(one.call_id)
        assert (names(after), after["outcome"]) == (before, None)
        await one.link.ask("set_outcome", outcome="still here")


async def test_nothing_is_asked_for_a_call_that_is_not_there(tmp_path: Path) -> None:
    async with hostile(tmp_path) as one:
        with pytest.raises(RequestRefused):
            await one.link.ask("opt_out")


async def test_a_call_asks_so_much_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "MOST_QUESTIONS", 2)
    async with hostile(tmp_path) as one:
        await one.let_in()
        for _ in range(2):
            await one.link.ask("set_outcome", outcome="x")
        with pytest.raises(linecard.LimitReached):
            await one.link.ask("set_outcome", outcome="x")


@pytest.mark.parametrize(
    "figures",
    [
        {"dropped": {"x": -1}},
        {"dropped": {f"reason {number}": 1 for number in range(1000)}},
        {"reason": LONG},
        {"frames_in": "many", "unsent_ms": 5},
        {"reason": "x", "agent": "another"},
    ],
)
async def test_figures_of_a_stream_are_figures(tmp_path: Path, figures: dict[str, object]) -> None:
    async with hostile(tmp_path) as one:
        token = await one.let_in()
        await one.open(token)
        await one.close(token, **figures)
        call = await one.world.call(one.call_id)
        (ended,) = [event["facts"] for event in call["events"] if event["name"] == "stream-ended"]
        assert set(ended) <= {"reason", "silence_ms"}
        assert len(ended["reason"]) < 100
        assert "reason 7" not in (await one.world.api.get("/metrics")).text


async def test_reasons_of_many_pods_are_so_many(tmp_path: Path) -> None:
    async with telephone(tmp_path, "plivo") as world:
        for number in range(1000):
            world.exchange.metrics.drop("plivo", f"reason {number}", 1)
        shown = (await world.api.get("/metrics")).text
        assert 'reason="other"} 800.0' in shown


async def test_a_call_is_hung_up_whose_pod_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_facts: object) -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr(live, "HANG_UP_SECONDS", 0.1)
    async with hostile(tmp_path, {"hang_up": never}) as one:
        await one.open(await one.let_in())
        await one.world.api.post(f"/api/calls/{one.call_id}/hangup")
        await one.world.ended(one.call_id)


async def test_a_pod_that_stays_after_its_call_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pod, "OVERDUE_SECONDS", 0.1)
    monkeypatch.setattr(pod, "LOOK_SECONDS", 0.05)
    async with hostile(tmp_path) as one:
        await one.open(await one.let_in())
        one.world.exchange.lives[one.call_id].finish("completed")
        await one.world.eventually(lambda: one.call_id not in one.world.exchange.lives)


async def test_streams_are_not_heard_in_the_future(tmp_path: Path) -> None:
    async with hostile(tmp_path) as one:
        token = await one.let_in()
        await one.open(token)
        one.link.tell("beat", heard={token: -1e9})
        await one.link.ask("set_outcome", outcome="told before")
        (carried,) = one.far._carried.values()
        assert carried.stream is not None
        heard = carried.stream.counters.last_in
        assert heard is not None
        assert heard <= one.world.exchange.clock.now()


async def test_a_pod_cannot_say_that_its_call_was_handed_over(tmp_path: Path) -> None:
    async with hostile(tmp_path) as one:
        await one.open(await one.let_in())
        one.link.tell("stands", streaming=True, transferring=False, handed_over=True)
        await one.link.ask("agent_finished", reason="completed")
        assert "hang-up-asked" in await one.told()


async def test_a_caller_who_talks_with_somebody_else_outlives_the_pod(tmp_path: Path) -> None:
    async with hostile(tmp_path) as one:
        await one.open(await one.let_in())
        one.world.exchange.lives[one.call_id].leg_bridged()
        one.wire.close()
        await one.world.until(one.call_id, lambda call: "pod-lost" in names(call))
        await one.world.eventually(lambda: one.call_id not in one.world.exchange.lives)
        assert "hang-up-asked" not in await one.told()


async def test_a_pod_that_is_slow_to_take_a_second_socket_keeps_its_call(tmp_path: Path) -> None:
    async with hostile(tmp_path) as one:
        exchange = one.world.exchange
        await one.open(await one.let_in())
        exchange.leases._held[one.call_id] = held = Held(
            PodLease(pod="pod-1", call=one.call_id, address="127.0.0.1:1"), is_used=True
        )
        given = next(iter(one.far._carried.values())).admitted.claims
        await pod_unreachable(exchange, given)
        assert exchange.leases.get(one.call_id) is held


def test_a_live_call_writes_no_other_lines() -> None:
    core = Path(linecard.__file__).parent
    code = "".join(path.read_text() for path in (*core.glob("media/*.py"), *core.glob("live/*.py")))
    written = set(re.findall(r'\b_?fact\(\s*"([a-z-]+)"', code))
    assert written
    assert written <= NOTED


async def test_a_socket_that_opened_nothing_is_told_as_one_of_the_servers_own_is(
    tmp_path: Path,
) -> None:
    async with hostile(tmp_path) as one:
        token = await one.let_in()
        why = {"reason": "no opening message in time", "dropped": {"media too soon": 3}}
        await one.close(token, **why)
        noted = one.world.exchange.refusals.of(one.call_id)
        assert noted == {("sockets-unopened", "no opening message in time"): 1}
        metrics = (await one.world.api.get("/metrics")).text
    told = 'linecard_media_dropped_total{provider="plivo",reason="media too soon"} 3.0'
    assert told in metrics

"""A database that is locked for seconds: carriers are answered all the same, and nothing is lost."""

from __future__ import annotations

import asyncio
import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Text, cast, select

import linecard
from linecard.exchange.context import PATIENCE
from linecard.exchange.waiting import HOLD_SECONDS, MOST_ROUNDS
from linecard.simulator.ledger import Entry, What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Act, Ear, Wait
from linecard.store.tables import inbox
from linecard.wall import now
from linecard.webhook import Kind
from tests.calls.lines import OURS as LINES
from tests.calls.lines import PREFIX
from tests.calls.locking import locked
from tests.calls.signed import Plivo, Said, answer_form, document, hangup_form
from tests.calls.telephone import CUSTOMER, Telephone, names, telephone

CALLS = 20
EXOPHONE = "+918047113155"
LOCKED_SECONDS = 5.0
BUSY_SECONDS = 6.0
"""Longer than a writer waits by itself."""
SOON = 1.0
"""What an acknowledgement may take, and a report into the record once the database is free: R15, B8."""


async def timed(work: asyncio.Future[Said] | asyncio.Task[Said]) -> tuple[float, Said]:
    began = time.perf_counter()
    said = await work
    return time.perf_counter() - began, said


async def live_calls(plivo: Plivo, count: int) -> list[str]:
    """Calls that have come in and were answered; the carrier's ids."""
    ids = [str(uuid.uuid4()) for _ in range(count)]
    url = plivo.address(Kind.ANSWER)
    for one in ids:
        assert (await plivo.send(url, answer_form(CallUUID=one))).status == 200
    return ids


async def statuses(world: Telephone) -> set[str]:
    items = (await world.api.get("/api/calls?limit=200")).json()["items"]
    return {call["status"] for call in items}


async def end_all(plivo: Plivo, ids: list[str]) -> list[tuple[float, Said]]:
    """Every end reported twice, one after the other for each call, all calls side by side."""
    url = plivo.address(Kind.ENDED)

    async def twice(one: str) -> list[tuple[float, Said]]:
        form = hangup_form(one)
        return [await timed(asyncio.ensure_future(plivo.send(url, form))) for _ in range(2)]

    answers = await asyncio.gather(*(twice(one) for one in ids))
    return [answer for pair in answers for answer in pair]


async def ends_applied(world: Telephone) -> list[datetime]:
    """When each end that is on record was taken into it, which is one transaction."""
    ended = select(inbox.c.at).where(cast(inbox.c.payload, Text).contains("leg-ended"))
    async with world.exchange.database.read() as conn:
        return list((await conn.execute(ended)).scalars())


async def test_callbacks_are_acknowledged_at_once_and_counted_once(tmp_path: Path) -> None:
    async with telephone(tmp_path, patience=PATIENCE) as world:
        await world.register(channels=100)
        plivo = Plivo.of(world)
        ids = await live_calls(plivo, CALLS)
        journal = tmp_path / "linecard.db-callbacks"
        assert journal.stat().st_size == 0
        async with locked(tmp_path / "linecard.db"):
            unlock = asyncio.create_task(asyncio.sleep(LOCKED_SECONDS))
            answers = await end_all(plivo, ids)
            assert {said.status for _, said in answers} == {200}
            assert max(taken for taken, _ in answers) < SOON
            ready = (await world.api.get("/readyz")).json()["journal"]
            assert ready == {"open": True, "waiting": 2 * CALLS}
            assert oct(journal.stat().st_mode & 0o777) == "0o600"
            await unlock
        free = now()
        await world.eventually(lambda: _all(world, {"completed"}))
        assert max(await ends_applied(world)) - free < timedelta(seconds=SOON)
        await world.eventually(lambda: world.exchange.journal.waiting == 0)
        assert len(await ends_applied(world)) == CALLS
        await world.eventually(lambda: journal.stat().st_size == 0)


async def _all(world: Telephone, wanted: set[str]) -> bool:
    return await statuses(world) == wanted


async def test_what_was_acknowledged_is_taken_after_a_crash(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    async with telephone(before, patience=PATIENCE) as world:
        await world.register(channels=100)
        plivo = Plivo.of(world)
        ids = await live_calls(plivo, CALLS)
        async with locked(before / "linecard.db"):
            await end_all(plivo, ids)
            shutil.copytree(before, after)  # what a process that is killed here leaves behind
        with (after / "linecard.db-callbacks").open("ab") as journal:
            journal.write(b'{"provider":"plivo","acc')  # and the line it was just writing
    async with telephone(after) as world:
        await world.eventually(lambda: _all(world, {"completed"}))
        await world.eventually(lambda: world.exchange.journal.waiting == 0)
        assert len(await ends_applied(world)) == CALLS


async def test_an_answer_that_must_wait_says_so_and_is_asked_for_again(tmp_path: Path) -> None:
    async with telephone(tmp_path, patience=PATIENCE) as world:
        await world.register()
        plivo = Plivo.of(world)
        url, form = plivo.address(Kind.ANSWER), answer_form()
        async with locked(tmp_path / "linecard.db"):
            began = time.perf_counter()
            waits = await document(plivo, url, form)
            assert time.perf_counter() - began < SOON
            assert [child.tag for child in waits] == ["Wait", "Redirect"]
            assert waits[0].get("length") == "5"
            assert (waits[1].text or "").partition("#")[0] == url.partition("#")[0]
        answered = await document(plivo, url, form)
        assert "Stream" in [child.tag for child in answered]
        assert len((await world.api.get("/api/calls")).json()["items"]) == 1


async def test_after_eight_documents_that_wait_the_caller_is_told(tmp_path: Path) -> None:
    async with telephone(tmp_path, patience=0.05) as world:
        await world.register()
        plivo = Plivo.of(world)
        url, form = plivo.address(Kind.ANSWER), answer_form()
        async with locked(tmp_path / "linecard.db"):
            for _ in range(MOST_ROUNDS):
                assert (await document(plivo, url, form))[0].tag == "Wait"
            told = await document(plivo, url, form)
            assert [child.tag for child in told] == ["Speak", "Hangup"]
            assert len(world.exchange.waits) == 0
        await world.eventually(lambda: _is_on_record(world, form["CallUUID"]))


async def _is_on_record(world: Telephone, carrier_id: str) -> bool:
    """Whether the call's own record tells of the apology, once it can be written."""
    try:
        call = await world.call(await Plivo.of(world).call_of(carrier_id))
    except KeyError:
        return False
    told = [event["facts"] for event in call["events"] if event["name"] == "apologised"]
    return told == [{"reason": "no answer could be decided in time"}]


STAYS = Phone(script=(Wait(120),), hangs_up=True)


@pytest.mark.parametrize("seconds", [2.0, pytest.param(12.0, marks=pytest.mark.slow)])
async def test_a_caller_whose_carrier_cannot_be_told_to_wait_gets_an_agent_or_an_end(
    tmp_path: Path, seconds: float
) -> None:
    """Exotel asks for a bare address, and waits for it as long as it waits."""
    gate = {"allowed_countries": "IN", "transfer_allow": "+91*"}
    async with telephone(tmp_path, "exotel", patience=PATIENCE, **gate) as world:
        shown = await world.register(number=EXOPHONE)
        pasted = [step["paste"] for step in shown["setup"] if step["paste"]]
        world.carrier.set_up(EXOPHONE, pasted)
        async with locked(tmp_path / "linecard.db"):
            sid = await world.carrier.call_in("+919494865411", EXOPHONE, STAYS)
            await asyncio.sleep(seconds)
        call = await world.only_call()
        if seconds < HOLD_SECONDS:
            await world.until(call["id"], lambda one: "stream-started" in names(one))
        else:
            await world.carrier.ledger.until(What.HUNG_UP, sid, within=40)
        await world.api.post(f"/api/calls/{call['id']}/hangup")
        await world.ended(call["id"])
        assert world.carrier.ledger.live_legs() == ()


ENDS = {"plivo": "hangup", "twilio": "status completed", "exotel": "status terminal"}
"""What the simulated carriers call the report of a call's end."""
LEAVE_TOGETHER = 10
LATEST = 4.0
"""On a machine that is busy with other tests; the carriers give it fifteen seconds and more."""


@dataclass(slots=True)
class Leaving:
    """Stays until told, and then hangs up."""

    is_leaving: bool = False

    def acts(self, _ear: Ear) -> Iterator[Act]:
        """Silence, frame by frame."""
        while not self.is_leaving:
            yield Act()


@pytest.mark.parametrize("provider", ["plivo", "twilio", "exotel"])
async def test_ends_are_acknowledged_at_once_to_whatever_carrier_while_nothing_can_be_written(
    tmp_path: Path, provider: str
) -> None:
    gate = {"allowed_countries": "US,IN", "max_calls_per_minute": "1000"}
    async with telephone(tmp_path, provider, patience=PATIENCE, **gate) as world:
        await world.register(number=LINES[provider], channels=100)
        leaving = Leaving()
        calls = await dialled(world, Phone(ring_seconds=0.2, script=(leaving,), hangs_up=True))
        async with locked(tmp_path / "linecard.db"):
            leaving.is_leaving = True
            await world.eventually(lambda: len(told(world)) == LEAVE_TOGETHER)
            await world.eventually(lambda: world.exchange.journal.waiting >= LEAVE_TOGETHER)
            assert {entry.facts["status"] for entry in told(world)} == {200}
            taken = [float(str(entry.facts["ms"])) / 1000 for entry in told(world)]
            assert sorted(taken)[LEAVE_TOGETHER // 2] < 2 * SOON, taken
            assert max(taken) < LATEST, taken
        for call_id in calls:
            assert (await world.ended(call_id))["status"] == "completed"
        await world.eventually(lambda: world.exchange.journal.waiting == 0)
        assert len(await ends_applied(world)) == LEAVE_TOGETHER


def told(world: Telephone) -> list[Entry]:
    """The reports of ends, with what was answered to them."""
    return list(world.carrier.ledger.all(What.WEBHOOK, kind=ENDS[world.carrier.name]))


async def dialled(world: Telephone, phone: Phone) -> list[str]:
    """Calls that talk with their agents; our ids."""
    provider, calls = world.carrier.name, list[str]()
    for place in range(LEAVE_TOGETHER):
        number = f"{PREFIX[provider]}{3000 + place}"
        world.carrier.phones[number] = phone
        body = {"from": LINES[provider], "to": number}
        answer = await world.api.post("/api/calls", json=body)
        assert answer.status_code == 201, answer.text
        calls.append(str(answer.json()["id"]))
    for call_id in calls:
        await world.until(call_id, lambda one: "stream-started" in names(one))
    return calls


async def test_a_journal_that_is_full_takes_nothing_more_and_the_carrier_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linecard.exchange.patience.LONGEST_HOLD", 0.1)
    async with telephone(tmp_path, patience=PATIENCE) as world:
        await world.register()
        plivo = Plivo.of(world)
        ids = await live_calls(plivo, 1)
        monkeypatch.setattr(world.exchange.journal, "_most_bytes", 0)
        async with locked(tmp_path / "linecard.db"):
            said = await plivo.send(plivo.address(Kind.ENDED), hangup_form(ids[0]))
        assert said.status == 503


@linecard.agent
async def brief(call: linecard.LiveCall) -> None:
    """Leaves when it is told to, with something to say of the call."""
    LEAVES.clear()
    await LEAVES.wait()
    call.outcome = "done"


LEAVES = asyncio.Event()


async def test_an_agent_that_leaves_while_nothing_can_be_written_ends_its_call_all_the_same(
    tmp_path: Path,
) -> None:
    agents = ("brief=tests.calls.test_busy_database:brief",)
    async with telephone(tmp_path, "plivo", agents, patience=PATIENCE) as world:
        await world.register(agent="brief")
        world.carrier.phones[CUSTOMER] = replace(STAYS, script=(Wait(900),))
        placed = await world.dial()
        await world.until(placed["id"], lambda one: "agent-started" in names(one))
        async with locked(tmp_path / "linecard.db"):
            LEAVES.set()
            await asyncio.sleep(BUSY_SECONDS)
        call = await world.ended(placed["id"])
        assert call["end_reason"] is not None
        await world.until(call["id"], lambda one: one["outcome"] == "done")
        await world.until(call["id"], lambda one: "agent-finished" in names(one))
        assert world.carrier.ledger.live_legs() == ()

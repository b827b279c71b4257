"""A person is forgotten: what was in every input is nowhere afterwards, byte by byte."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from linecard.events import CallRinging, LegEnded, RecordingReady
from linecard.exchange import inbox
from linecard.exchange.forgetting import asking, jobs
from linecard.simulator.phone import Phone
from linecard.simulator.script import HangUp, Press, Speak, Wait
from linecard.simulator.speech import speech
from linecard.store import calls
from linecard.store.tables import outbox
from tests.calls.confessing import AGENT, NAME, PRESSED, SECRET, traces
from tests.calls.problems import refused
from tests.calls.receiver import Receiver, receiving
from tests.calls.shell import environment, linecard
from tests.calls.telephone import CUSTOMER, OURS, Telephone, names, telephone
from tests.calls.test_recordings_kept import is_kept
from tests.replay.recording import PROVIDERS, numbers, set_up

STRANGER = {"plivo": "+14155550142", "twilio": "+14155550142", "exotel": "+919811112222"}
CONFESSES = Phone(
    script=(Wait(4.0), Speak(speech("my name is")), Press(PRESSED), Wait(4.0), HangUp())
)
SHORT = Phone(script=(Wait(1.0), HangUp()))
LATER = (jobs.FORGET_IDS,)


@asynccontextmanager
async def confessional(
    folder: Path, provider: str, **settings: str
) -> AsyncIterator[tuple[Telephone, Receiver]]:
    places = {
        "allowed_countries": "US,IN",
        "transfer_allow": "+1415*,+91*",
        "flight_dir": str(folder / "flights"),
        "flight_numbers": "yes",
    }
    agents = (f"confessor={AGENT}",)
    async with (
        receiving() as receiver,
        telephone(folder, provider, agents, **places, **settings) as world,
    ):
        await set_up(world, agent="confessor", notify=receiver.url, record=True)
        yield world, receiver


def who(world: Telephone) -> str:
    return numbers(world)["customer"]


async def quiet(world: Telephone) -> None:
    """Nobody talks, and nothing is left to be done but what is for another day."""

    async def is_quiet() -> bool:
        query = select(outbox.c.kind).where(outbox.c.state == "waiting")
        async with world.exchange.database.read() as conn:
            waiting = set((await conn.execute(query)).scalars())
        return not world.exchange.lives and not waiting - {*LATER, "poll-recording"}

    await world.eventually(is_quiet, 60)


async def confess(world: Telephone) -> list[str]:
    """The person is called, with all that one can say of them, and calls in."""
    world.carrier.phones[who(world)] = CONFESSES
    known = {"name": NAME, "secret": SECRET, "phone": who(world), "digits": int(who(world)[1:])}
    body = {"from": numbers(world)["ours"], "to": who(world), "metadata": known, "record": True}
    key = {"Idempotency-Key": f"for {NAME} {who(world)}"}
    placed = await world.api.post("/api/calls", json=body, headers=key)
    assert placed.status_code == 201, placed.text
    await world.ended(placed.json()["id"])
    await world.carrier.call_in(who(world), numbers(world)["ours"], CONFESSES)
    await world.eventually(lambda: _ended(world, 2), 60)
    return [one["id"] for one in (await world.api.get("/api/calls")).json()["items"]]


async def _ended(world: Telephone, many: int) -> bool:
    items = (await world.api.get("/api/calls")).json()["items"]
    return len([one for one in items if one["ended_at"]]) == many


async def mention(world: Telephone) -> str:
    """Somebody else is called, and the person is named in passing."""
    stranger = STRANGER[world.carrier.name]
    world.carrier.phones[stranger] = SHORT
    metadata = {"friend of": f"tel:{who(world)}", "order": 17}
    wish = {"from": numbers(world)["ours"], "metadata": metadata, "record": False}
    placed = await world.dial(stranger, **wish)
    await world.ended(placed["id"])
    return str(placed["id"])


async def forget(world: Telephone, **wish: object) -> dict[str, Any]:
    answer = await world.api.post("/api/forget", json={"number": who(world), **wish})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize(
    "provider", ["plivo", *(pytest.param(one, marks=pytest.mark.slow) for one in PROVIDERS[1:])]
)
async def test_nothing_is_left_of_a_person_who_is_forgotten(tmp_path: Path, provider: str) -> None:
    async with confessional(tmp_path, provider) as (world, receiver):
        theirs = await confess(world)
        other = await mention(world)
        await world.api.post("/api/blocklist", json={"caller": who(world), "note": NAME})
        await quiet(world)
        await world.until(theirs[1], is_kept, within=60)
        national = who(world)[-10:]
        words = (national, NAME, SECRET)
        ours = numbers(world)["ours"]
        before = [await world.call(one) for one in theirs]
        seen = traces(tmp_path, *words, *theirs)
        assert all(seen[word] for word in words), seen
        assert receiver.taken
        assert list((tmp_path / "recordings").rglob("*.*"))

        report = await forget(world, also_blocklist=True)
        assert report["erased"]["calls"] == 2
        assert report["erased"]["blocklist"] == 1
        assert report["erased"]["flight_records"] in (1, 2)  # one may not be on the disk yet
        assert report["erased"]["mentions"] >= 1
        assert not report["blocked"]
        await quiet(world)
        await world.eventually(lambda: not any(traces(tmp_path, *words).values()), 30)
        assert not list((tmp_path / "recordings").rglob("*.*"))
        assert [path.name for path in (tmp_path / "flights").iterdir()] == [f"{other}.jsonl"]

        for was in before:
            now = await world.call(was["id"])
            for kept in ("status", "created_at", "answered_at", "ended_at", "duration", "cost"):
                assert now[kept] == was[kept], kept
            assert (now["metadata"], now["outcome"], now["recordings"]) == ({}, None, [])
            assert names(now) == ["forgotten"]
            ends = (now["from"], now["to"])
            wanted = {"outbound": (ours, "forgotten"), "inbound": (None, ours)}
            assert ends == wanted[was["direction"]]
        stranger = await world.call(other)
        assert stranger["metadata"] == {"friend of": "tel:forgotten", "order": 17}
        assert stranger["to"] == STRANGER[provider]
        again = await forget(world)
        assert not any(again["erased"].values())
    assert not any(traces(tmp_path, *words).values())


async def test_who_asked_not_to_be_called_stays_blocked(tmp_path: Path) -> None:
    async with telephone(tmp_path) as world:
        await world.api.post("/api/blocklist", json={"caller": CUSTOMER})
        report = await forget(world)
        assert report["blocked"]
        listed = (await world.api.get("/api/blocklist")).json()["items"]
        assert [one["caller"] for one in listed] == [CUSTOMER]


async def test_a_live_call_a_registered_number_and_a_full_journal_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with telephone(tmp_path) as world:
        world.carrier.phones[CUSTOMER] = Phone(script=(Wait(600),))
        await world.register()
        placed = await world.dial(metadata={"name": NAME})
        answer = await world.api.post("/api/forget", json={"number": CUSTOMER})
        assert placed["id"] in refused(answer, 409)["detail"]
        assert (await world.call(placed["id"]))["metadata"] == {"name": NAME}
        refused(await world.api.post("/api/forget", json={"number": OURS}), 409)
        refused(await world.api.post("/api/forget", json={"number": "415"}), 422, "number")
        monkeypatch.setattr(asking, "JOURNAL_SECONDS", 0.001)
        monkeypatch.setattr(world.exchange.journal, "waiting", 1)
        refused(await world.api.post("/api/forget", json={"number": "+14155550188"}), 409)
        await world.api.post(f"/api/calls/{placed['id']}/hangup")


async def test_configuration_that_names_the_person_is_told_and_not_changed(tmp_path: Path) -> None:
    rules = {"rules": [{"caller": CUSTOMER, "do": "busy"}]}
    async with telephone(tmp_path, transfer_allow=f"{CUSTOMER},+4930*") as world:
        await world.register(routing=rules)
        assert (await forget(world))["named_in"] == [OURS, "settings"]
        assert (await world.api.get(f"/api/numbers/{OURS}")).json()["routing"]["rules"]
    async with telephone(tmp_path, blocklist=CUSTOMER) as world:
        await world.api.patch(f"/api/numbers/{OURS}", json={"routing": {}})
        report = await forget(world, also_blocklist=True)
        assert (report["named_in"], report["erased"]["blocklist"]) == (["settings"], 1)
    async with telephone(tmp_path) as world:
        assert (await forget(world))["named_in"] == []


async def test_what_comes_late_is_known_written_nowhere_and_its_file_goes(tmp_path: Path) -> None:
    async with telephone(tmp_path) as world:
        world.carrier.phones[CUSTOMER] = SHORT
        await world.register()
        call_id = (await world.dial(record=True))["id"]
        call = await world.until(call_id, lambda one: bool(one["recordings"]), within=60)
        await world.ended(call_id)
        await world.eventually(lambda: not world.exchange.lives)
        async with world.exchange.database.read() as conn:
            stale = await calls.get(conn, call_id)
        assert stale is not None
        await forget(world)
        (uuid,) = set(call["carrier_ids"].values())
        late = (
            CallRinging(key="late-1"),
            LegEnded(key="late-2", status=stale.status, reason=NAME),
            RecordingReady(key="late-3", recording="a-late-one", url="https://x.example/a"),
        )
        told = await inbox.apply(world.exchange, stale, late)
        assert told.is_forgotten
        assert names(await world.call(call_id)) == ["forgotten"]
        async with world.exchange.database.read() as conn:
            found = await calls.find(conn, "plivo", {"call_uuid": uuid})
            kinds = select(outbox.c.payload).where(outbox.c.kind == jobs.ERASE_RECORDING)
            erasing = list((await conn.execute(kinds)).scalars())
        assert found is not None
        assert "a-late-one" in [one.get("recording") for one in erasing]
        assert "linecard_forgotten_callbacks_total" in (await world.api.get("/metrics")).text


async def test_the_command_asks_first_and_says_what_went(tmp_path: Path) -> None:
    async with telephone(tmp_path) as world:
        world.carrier.phones[CUSTOMER] = SHORT
        await world.register()
        await world.ended((await world.dial())["id"])
        await world.eventually(lambda: not world.exchange.lives)
        env = environment(world)

        async def run(*arguments: str, stdin: str = "") -> tuple[int, str]:
            done = await linecard(
                "forget", CUSTOMER, *arguments, env=env, cwd=tmp_path, stdin=stdin
            )
            return done.code, done.out

        code, told = await run("--dry-run")
        assert code == 0
        assert "would be erased:\n  calls             1\n" in told
        assert (await run(stdin="n\n"))[0] == 1
        assert (await world.only_call())["to"] == CUSTOMER
        code, told = await run("--yes")
        assert code == 0
        assert "erased:\n  calls             1\n" in told
        assert (await world.only_call())["to"] == "forgotten"

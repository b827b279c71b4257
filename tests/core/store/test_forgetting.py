"""Forgetting on both databases: whole or not at all, in every table, and in a dump."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, select

from linecard.calls import Call, CallStatus
from linecard.errors import Conflict
from linecard.exchange.context import Exchange
from linecard.exchange.durable import KINDS
from linecard.exchange.forgetting import jobs
from linecard.exchange.forgetting.asking import Wish, forget
from linecard.exchange.outbox import OutboxLoop
from linecard.exchange.recording_jobs import POLL
from linecard.numbers import Blocks
from linecard.store import (
    blocklist,
    calls,
    claims,
    documents,
    idempotency,
    inbox,
    live,
    notifications,
    outbox,
    recordings,
    timeline,
    transfers,
)
from linecard.store.blocklist import Blocked
from linecard.store.notifications import Notification
from linecard.store.outbox import Job
from linecard.store.recordings import Copy
from linecard.store.tables import metadata
from linecard.store.transfers import Transfer
from linecard.transfers import TransferState
from linecard.wall import now

MakeCall = Callable[..., Call]
PERSON, NAME = "+14155550123", "Zebulon Quagmire"
DIGITS = PERSON[1:]
SAID = {"name": NAME, "tel": [PERSON, "0" + DIGITS[1:], int(DIGITS)], f"x {PERSON}": 1}


async def fill(exchange: Exchange, call: Call) -> None:
    """A call that speaks of the person wherever something can be written."""
    at = call.created_at
    async with exchange.database.write() as conn:
        await calls.add(conn, call)
        await calls.add_ids(conn, call, {"uuid": f"{call.id}-carrier"})
        cost = {"leg": "target:1", "cost": "0.02", "reason": f"{NAME} {PERSON}"}
        await timeline.append(conn, call.id, "leg-ended", cost, at)
        await inbox.put(conn, "acme", "main", call.id, call.id, {"unknown": SAID}, at)
        await documents.put(
            conn, call.id, "answer", "", 200, "text/xml", f"<a>{PERSON}</a>".encode()
        )
        await recordings.ready(conn, call.id, "rec", f"https://x.example/{DIGITS}", 1, at)
        await recordings.keep(conn, call.id, 1, copy_of(call))
        await idempotency.keep(conn, f"{NAME} {call.id}", "hash", call.id, at)
        await claims.claim(conn, f"token {call.id}", call.id, "stream", at)
        await notifications.add(conn, notification(call))
    for state in ("waiting", "done", "dead"):
        await put_job(exchange, call, state)


def copy_of(call: Call) -> Copy:
    return Copy(kept_as=f"{call.id}-1.wav", bytes=1, sha256="00", kept_at=call.created_at)


def notification(call: Call) -> Notification:
    return Notification(
        id=f"n-{call.id}",
        call=call.id,
        key="k",
        sequence=1,
        type="call.ended",
        url="https://hooks.example.com",
        body=f'{{"name": "{NAME}", "to": "{PERSON}"}}',
        created_at=call.created_at,
        state="dead",
    )


async def put_job(exchange: Exchange, call: Call, state: str) -> None:
    key, payload = f"{state}:{call.id}", {"for": f"{NAME} {PERSON}"}
    job = Job(kind="nothing", key=key, due_at=call.created_at, call_id=call.id, payload=payload)
    async with exchange.database.write() as conn:
        await outbox.put(conn, job)
        kept = await outbox.get(conn, key)
        assert kept is not None
        if state == "dead":
            await outbox.dead(conn, kept.id, f"{NAME} {PERSON}")
        if state == "done":
            await outbox.done(conn, kept.id)


def over(make_call: MakeCall, **fields: Any) -> Call:
    at = now() - timedelta(days=2)
    told = {"metadata": SAID, "outcome": NAME, "closing": f"{NAME} said so", "cost": "0.01"}
    ended = {"status": CallStatus.COMPLETED, "created_at": at, "ended_at": at, "duration": 60}
    return make_call(**{**told, **ended, "send_digits": "55512", **fields})


async def handed_over(exchange: Exchange, call: Call) -> None:
    """A stranger's call that was passed on to the person."""
    transfer = Transfer(
        id=f"t-{call.id}",
        call=call.id,
        targets=("+14155550177", PERSON),
        mode="cold",
        ring_seconds=25,
        state=TransferState.WAITING,
        result=None,
        created_at=call.created_at,
        legs={"target:1": "leg"},
        whisper=f"it is {NAME}",
    )
    async with exchange.database.write() as conn:
        await transfers.add(conn, transfer)


def dump(exchange: Exchange) -> bytes:
    """All that the database holds, as somebody who has stolen it would read it."""
    file = exchange.database.file
    if file is not None:
        return b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
    url = exchange.database._url.set(drivername="postgresql").render_as_string(False)
    with psycopg.connect(url) as connection:
        connection.execute("SET bytea_output = 'escape'")
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return b"".join(_copied(connection, name) for (name,) in tables.fetchall())


def _copied(connection: psycopg.Connection[Any], table: str) -> bytes:
    """A table as pg_dump writes it, but that bytes stand as text."""
    with connection.cursor().copy(f'COPY "{table}" TO STDOUT'.encode()) as rows:
        return b"".join(bytes(row) for row in rows)


async def rows(exchange: Exchange) -> dict[str, int]:
    async with exchange.database.read() as conn:
        return {
            name: (await conn.execute(select(func.count()).select_from(table))).scalar_one()
            for name, table in metadata.tables.items()
        }


async def test_a_number_goes_from_every_table_and_from_the_dump(
    exchange: Exchange, make_call: MakeCall
) -> None:
    route = {"action": {"do": "redirect", "to": PERSON}}
    known = [
        over(make_call, to=PERSON),
        over(make_call, from_=PERSON, to="+14155550100"),
        over(make_call, to="+14155550142"),
        over(make_call, to="+14155550142", route=route),
    ]
    for call in known:
        await fill(exchange, call)
    await handed_over(exchange, known[2])
    stolen = dump(exchange)
    assert DIGITS[1:].encode() in stolen
    assert NAME.encode() in stolen
    report = await forget(exchange, Wish(number=PERSON))
    assert await exchange.database.scrub()
    assert report.erased["calls"] == 4
    stolen = dump(exchange)
    for word in (DIGITS[1:], NAME, "55512"):
        assert word.encode() not in stolen, word
    async with exchange.database.read() as conn:
        left = [await calls.get(conn, call.id) for call in known]
        (moved,) = await transfers.of_call(conn, known[2].id)
        lines = await timeline.of_call(conn, known[0].id)
        erasing = [await outbox.get(conn, key) for key in await erasing_keys(exchange)]
    assert [one and (one.from_, one.to) for one in left] == [
        ("+14155550100", "forgotten"),
        (None, "+14155550100"),
        ("+14155550100", "+14155550142"),
        ("+14155550100", "+14155550142"),
    ]
    assert {one and (one.status, one.duration, one.cost) for one in left} == {
        (CallStatus.COMPLETED, 60, "0.03")
    }
    assert (moved.targets, moved.whisper, moved.mode) == (("forgotten",) * 2, None, "cold")
    assert [line.name for line in lines] == ["forgotten"]
    assert {one and one.payload["kept_as"] for one in erasing} == {f"{c.id}-1.wav" for c in known}
    assert not any((await forget(exchange, Wish(number=PERSON))).erased.values())


async def erasing_keys(exchange: Exchange) -> list[str]:
    query = select(metadata.tables["outbox"].c.key)
    query = query.where(metadata.tables["outbox"].c.kind == jobs.ERASE_RECORDING)
    async with exchange.database.read() as conn:
        return list((await conn.execute(query)).scalars())


async def test_who_is_named_in_passing_is_taken_out_and_the_rest_stays(
    exchange: Exchange, make_call: MakeCall
) -> None:
    other = over(make_call, to="+14155550142", metadata={**SAID, "order": 914155550123, "n": 1.5})
    await fill(exchange, other)
    async with exchange.database.write() as conn:
        await inbox.put(conn, "acme", "main", "stray", None, {"from": DIGITS}, other.created_at)
        await idempotency.keep(conn, f"order {PERSON}", "h", "x", other.created_at)
        await blocklist.add(
            conn,
            Blocked(
                id="b",
                caller="+1999*",
                direction=Blocks.BOTH,
                note=f"like {PERSON}",
                created_at=now(),
            ),
        )
    before = await rows(exchange)
    report = await forget(exchange, Wish(number=PERSON))
    after = await rows(exchange)
    assert report.erased["calls"] == 0
    gone = {name: before[name] - after[name] for name in before if before[name] > after[name]}
    assert gone == {"inbox": 1, "idempotency_keys": 1}
    async with exchange.database.read() as conn:
        kept = await calls.get(conn, other.id)
        (line,) = await timeline.of_call(conn, other.id)
        told = await notifications.get(conn, f"n-{other.id}")
    assert kept is not None
    assert kept.metadata == {
        "name": NAME,
        "tel": ["forgotten"] * 3,
        "x forgotten": 1,
        "order": 914155550123,
        "n": 1.5,
    }
    assert line.facts["reason"] == f"{NAME} forgotten"
    assert told is not None
    assert told.body == f'{{"name": "{NAME}", "to": "forgotten"}}'


async def test_a_dry_run_says_what_would_go_and_touches_nothing(
    exchange: Exchange, make_call: MakeCall
) -> None:
    await fill(exchange, over(make_call, to=PERSON))
    await fill(exchange, over(make_call, to="+14155550142"))
    before, content = await rows(exchange), dump(exchange).count(DIGITS.encode())
    told = await forget(exchange, Wish(number=PERSON, dry_run=True))
    assert told.dry_run
    assert (await rows(exchange), dump(exchange).count(DIGITS.encode())) == (before, content)
    assert (await forget(exchange, Wish(number=PERSON))).erased == told.erased


async def test_it_is_whole_or_not_at_all_and_can_be_repeated(
    exchange: Exchange, make_call: MakeCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = over(make_call, to=PERSON)
    await fill(exchange, call)
    before = await rows(exchange)

    async def dies(*_args: object) -> None:
        raise RuntimeError("the process is killed")

    with monkeypatch.context() as broken:
        broken.setattr(jobs, "put_scrub", dies)
        with pytest.raises(RuntimeError):
            await forget(exchange, Wish(number=PERSON))
    assert await rows(exchange) == before
    async with exchange.database.read() as conn:
        kept = await calls.get(conn, call.id)
    assert kept is not None
    assert kept.to == PERSON
    assert (await forget(exchange, Wish(number=PERSON))).erased["calls"] == 1


@pytest.mark.parametrize("status", live.LIVE)
async def test_while_one_call_lives_nothing_of_any_is_erased(
    exchange: Exchange, make_call: MakeCall, status: CallStatus
) -> None:
    await fill(exchange, over(make_call, to=PERSON))
    live = make_call(to="+14155550142", status=status, created_at=now())
    await fill(exchange, live)
    await handed_over(exchange, live)
    before = await rows(exchange)
    with pytest.raises(Conflict, match=live.id):
        await forget(exchange, Wish(number=PERSON))
    assert await rows(exchange) == before


async def test_the_carrier_s_ids_go_when_nothing_more_can_come(
    exchange: Exchange, make_call: MakeCall
) -> None:
    old = over(make_call, to=PERSON)
    new = over(make_call, to=PERSON, ended_at=now())
    for call in (old, new):
        await fill(exchange, call)
    await forget(exchange, Wish(number=PERSON))

    async def known(call: Call) -> bool:
        async with exchange.database.read() as conn:
            return await calls.find(conn, "acme", {"uuid": f"{call.id}-carrier"}) is not None

    assert not await known(old)
    assert await known(new)
    async with exchange.database.read() as conn:
        job = await outbox.get(conn, f"{jobs.FORGET_IDS}:{new.id}")
    assert job is not None
    assert timedelta(hours=23) < job.due_at - now() <= timedelta(hours=24)
    await KINDS[jobs.FORGET_IDS].work(exchange, job)
    assert not await known(new)
    async with exchange.database.read() as conn:
        kept = await calls.get(conn, new.id)
    assert kept is not None
    assert not kept.carrier_ids


async def test_what_went_before_is_overwritten_in_the_file_too(
    exchange: Exchange, make_call: MakeCall
) -> None:
    """A row that was deleted long ago is no row that could be found: its bytes must go with the rest."""
    if exchange.database.file is None:
        pytest.skip("PostgreSQL's vacuum does this in its own time")
    call = over(make_call, to=PERSON)
    await fill(exchange, call)
    async with exchange.database.write() as conn:
        await conn.exec_driver_sql("PRAGMA secure_delete = OFF")
        await conn.execute(metadata.tables["calls"].delete())
        await conn.execute(metadata.tables["inbox"].delete())
    assert DIGITS.encode() in dump(exchange)
    await forget(exchange, Wish(number=PERSON))
    loop = OutboxLoop(exchange, KINDS)
    while await loop.step():
        await exchange.tasks.close(20)
    stolen = dump(exchange)
    assert DIGITS[1:].encode() not in stolen


@pytest.mark.parametrize(
    ("stage", "stays"), [("recording", True), ("paused", True), ("stopped", True), ("told", False)]
)
async def test_a_file_that_is_still_to_come_is_asked_for_after_all(
    exchange: Exchange, make_call: MakeCall, stage: str, stays: bool
) -> None:
    call = over(make_call, to=PERSON)
    async with exchange.database.write() as conn:
        await calls.add(conn, call)
        await recordings.started(conn, call.id, "rec", call.created_at)
        if stage == "paused":
            await recordings.paused(conn, call.id)
        if stage == "stopped":
            await recordings.running_ended(conn, call.id)
        if stage == "told":
            await recordings.ready(conn, call.id, "rec", "https://x.example/1", 1, call.created_at)
        job = Job(kind=POLL, key=f"{POLL}:{call.id}", due_at=now(), call_id=call.id)
        await outbox.put(conn, job)
    await forget(exchange, Wish(number=PERSON))
    async with exchange.database.read() as conn:
        assert (await outbox.get(conn, f"{POLL}:{call.id}") is not None) is stays

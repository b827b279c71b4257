"""Recordings and transfers: what a human hears is not recorded unless the number says so, and a list tells of each."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from linecard.simulator.ledger import What
from linecard.simulator.phone import BUSY, Phone, human
from linecard.simulator.script import Wait
from tests.calls.lines import Line, line
from tests.calls.telephone import names

PATIENT = Phone(script=(Wait(300),))
HUMAN = human("hello", ring_seconds=0.3, talk_seconds=300)


async def in_a_call(at: Line, **number: object) -> str:
    """A recorded call that came in and has its stream."""
    await at.route({}, record=True, **number)
    await at.world.carrier.call_in(at.customer, at.ours, PATIENT)
    call_id = str((await at.world.only_call())["id"])
    await at.world.until(call_id, lambda one: "stream-started" in names(one))
    await asyncio.sleep(0.3)
    return call_id


async def transfer(at: Line, call_id: str, phone: Phone) -> None:
    at.world.carrier.phones[at.human] = phone
    answer = await at.world.api.post(f"/api/calls/{call_id}/transfer", json={"to": [at.human]})
    assert answer.status_code == 202, answer.text


async def end(at: Line, call_id: str, files: int) -> dict[str, Any]:
    await at.world.api.post(f"/api/calls/{call_id}/hangup")
    await at.world.ended(call_id)
    return await at.world.until(
        call_id, lambda one: [r["status"] for r in one["recordings"]] == ["completed"] * files
    )


def running(at: Line) -> int:
    ledger = at.world.carrier.ledger
    return len(ledger.all(What.RECORDING_STARTED)) - len(ledger.all(What.RECORDING_STOPPED))


def ends(at: Line, *, does: bool) -> None:
    """Whether a transfer ends what the carrier records; its pages say both."""
    quirks: Any = at.world.carrier
    if at.world.carrier.name == "plivo":
        quirks.quirks.transfer_ends_recordings = does


@pytest.mark.parametrize(
    ("provider", "does"), [("plivo", True), ("plivo", False), ("twilio", False)]
)
async def test_nobody_records_what_the_human_hears(
    tmp_path: Path, provider: str, does: bool
) -> None:
    async with line(tmp_path, provider) as at:
        ends(at, does=does)
        call_id = await in_a_call(at)
        assert running(at) == 1
        await transfer(at, call_id, HUMAN)
        await at.world.until(call_id, lambda one: "recording-stopped" in names(one))
        assert running(at) == 0
        call = await end(at, call_id, 1)
        assert len(call["recordings"]) == 1
        told = [e["facts"] for e in call["events"] if e["name"] == "recording-stopped"]
        assert [one["reason"] for one in told] == ["a human has the caller"]


@pytest.mark.parametrize("provider", ["plivo", "twilio"])
async def test_a_carrier_that_does_not_stop_is_asked_again(tmp_path: Path, provider: str) -> None:
    async with line(tmp_path, provider) as at:
        call_id = await in_a_call(at)
        at.world.carrier.faults.rest = "Record"
        at.world.carrier.faults.error_before = 1.0
        await transfer(at, call_id, HUMAN)
        await at.world.eventually(lambda: at.world.carrier.faults.happened["error_before"] >= 2)
        assert running(at) == 1
        at.world.carrier.faults.error_before = 0.0
        await at.world.until(call_id, lambda one: "recording-stopped" in names(one))
        assert running(at) == 0


@pytest.mark.parametrize(("provider", "does", "files"), [("plivo", True, 2), ("twilio", False, 1)])
@pytest.mark.parametrize("answers", [True, False])
async def test_where_the_number_says_so_it_is_recorded_on(
    tmp_path: Path, provider: str, does: bool, files: int, answers: bool
) -> None:
    """A carrier that ends it at the transfer has a second file; the list has both."""
    async with line(tmp_path, provider) as at:
        ends(at, does=does)
        call_id = await in_a_call(at, record_after_transfer=True)
        await transfer(at, call_id, HUMAN if answers else BUSY)
        reached = "leg-answered" if answers else "transfer-reported"
        await at.world.until(call_id, lambda one: reached in names(one))
        await asyncio.sleep(0.5)
        assert running(at) == 1
        assert len(at.world.carrier.ledger.all(What.RECORDING_STARTED)) == files
        call = await end(at, call_id, files)
        assert "recording-stopped" not in names(call)
        assert [one["n"] for one in call["recordings"]] == list(range(1, files + 1))


async def test_it_counts_as_ended_until_its_file_says_how_long_it_was(tmp_path: Path) -> None:
    """The call goes out, so that its recording is one that we were told of; the carrier records on."""
    async with line(tmp_path, "plivo") as at:
        await at.route({})
        at.world.carrier.phones[at.customer] = PATIENT
        placed = await at.world.dial(at.customer, record=True, **{"from": at.ours})
        call_id = placed["id"]
        call = await at.world.until(
            call_id, lambda one: {"stream-started", "recording-started"} <= set(names(one))
        )
        await asyncio.sleep(0.3)
        await transfer(at, call_id, BUSY)
        call = await at.world.until(
            call_id, lambda one: "recording-ended-by-transfer" in names(one)
        )
        (one,) = call["recordings"]
        assert one["status"] == "stopped"
        assert "ended by a transfer" in one["reason"]
        await at.world.until(call_id, lambda one: names(one).count("stream-started") == 2)
        call = await end(at, call_id, 1)
        (one,) = call["recordings"]
        assert one["reason"] is None
        assert one["duration_ms"] > 3000


async def test_a_connect_is_recorded_only_where_the_number_says_so(tmp_path: Path) -> None:
    for wanted in (False, True):
        folder = tmp_path / str(wanted)
        folder.mkdir()
        async with line(folder, "exotel") as at:
            call_id = await in_a_call(at, record_after_transfer=wanted)
            await transfer(at, call_id, HUMAN)
            await at.world.until(call_id, lambda one: "leg-answered" in names(one))
            assert running(at) == wanted

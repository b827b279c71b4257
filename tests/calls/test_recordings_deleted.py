"""Recordings that are deleted: our copy, and the carrier's where it can be, whoever wants it so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import pytest

from linecard.exchange import durable, lifecycle
from linecard.exchange.recording_jobs import DELETE
from linecard.exchange.retention import Retention
from linecard.simulator.ledger import What
from linecard.wall import now
from tests.calls.telephone import CUSTOMER, Telephone, names, telephone
from tests.calls.test_recordings_kept import first, is_kept, recorded_call, stored

CARRIERS = ("plivo", "twilio", "exotel")
CAN_DELETE = frozenset({"plivo", "twilio"})
"""Exotel documents no request that deletes a recording."""


async def ask(world: Telephone, call_id: str) -> None:
    answer = await world.api.delete(f"/api/calls/{call_id}/recordings/1")
    assert answer.status_code == 202


async def grow_old(world: Telephone, call_id: str) -> None:
    """Longer than recordings are kept."""
    await Retention(world.exchange).sweep(now() + timedelta(days=31))


async def go_with_call(world: Telephone, call_id: str) -> None:
    """Longer than calls are kept, once nothing waits for the call any more."""

    async def is_gone() -> bool:
        await Retention(world.exchange).sweep(now() + timedelta(days=401))
        return (await world.api.get(f"/api/calls/{call_id}")).status_code == 404

    await world.eventually(is_gone, within=40)


async def forget(world: Telephone, call_id: str) -> None:
    async def is_forgotten() -> bool:
        asked = {"number": CUSTOMER, "dry_run": False}
        return (await world.api.post("/api/forget", json=asked)).status_code == 200

    await world.eventually(is_forgotten)


WAYS: dict[str, tuple[Callable[[Telephone, str], Awaitable[None]], str]] = {
    "asked": (ask, "0"),
    "old": (grow_old, "30"),
    "with its call": (go_with_call, "0"),
    "forgotten": (forget, "0"),
}
"""How a recording is to go, and LINECARD_KEEP_RECORDINGS_DAYS."""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("provider", CARRIERS)
async def test_a_recording_goes_here_and_at_the_carrier(
    tmp_path: Path, provider: str, way: str
) -> None:
    delete, days = WAYS[way]
    async with telephone(tmp_path, provider, keep_recordings_days=days) as world:
        call = await world.until(await recorded_call(world), is_kept, within=60)
        ledger = world.carrier.ledger
        (begun,) = ledger.all(What.RECORDING_STARTED)
        assert len(stored(tmp_path)) == 1
        await delete(world, call["id"])
        await world.eventually(lambda: stored(tmp_path) == [])
        if provider in CAN_DELETE:
            await world.eventually(lambda: bool(ledger.all(What.RECORDING_DELETED)))
        gone = [one.facts["recording"] for one in ledger.all(What.RECORDING_DELETED)]
        assert gone == [begun.facts["recording"]] * (provider in CAN_DELETE)


@pytest.mark.parametrize(
    ("provider", "carriers"), [("plivo", "deleted"), ("twilio", "deleted"), ("exotel", "stays")]
)
async def test_a_deleted_recording_is_served_to_nobody(
    tmp_path: Path, provider: str, carriers: str
) -> None:
    async with telephone(tmp_path, provider) as world:
        call = await world.until(await recorded_call(world), is_kept, within=60)
        file = first(call)["file"]
        assert (await world.api.delete(file)).status_code == 202
        assert (await world.api.get(file)).status_code == 404
        call = await world.until(call["id"], lambda one: "recording-deleted" in names(one))
        facts = next(e["facts"] for e in call["events"] if e["name"] == "recording-deleted")
        assert facts == {"n": 1, "ours": True, "carriers": carriers}
        assert stored(tmp_path) == []
        assert first(call)["status"] == "deleted"
        assert (await world.api.delete(file)).status_code == 202
        assert (await world.api.delete(file[:-1] + "7")).status_code == 404
        assert (await world.api.delete(file[:-1] + "0")).status_code == 422


async def test_the_days_are_those_of_the_server_that_runs_now(tmp_path: Path) -> None:
    """Kept for ever, then for a year, then for a week: each a start of its own on the same database."""
    async with telephone(tmp_path) as world:
        call_id = (await world.until(await recorded_call(world), is_kept))["id"]
    for days, age, status in (
        ("365", 300, "completed"),
        ("0", 399, "completed"),
        ("7", 8, "deleted"),
    ):
        async with telephone(tmp_path, keep_recordings_days=days) as world:
            await Retention(world.exchange).sweep(now() + timedelta(days=age))
            call = await world.call(call_id)
            assert first(call)["status"] == status, days
            if status == "deleted":
                await world.until(call_id, lambda one: "recording-deleted" in names(one))
                assert stored(tmp_path) == []
            else:
                assert len(stored(tmp_path)) == 1


async def test_what_is_old_goes_by_itself_within_the_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop itself, with a day that is a moment."""
    monkeypatch.setattr("linecard.exchange.retention.FIRST_SECONDS", 1.0)
    monkeypatch.setattr("linecard.exchange.retention.EVERY_SECONDS", 2.0)
    monkeypatch.setattr("linecard.exchange.retention.now", lambda: now() + timedelta(days=31))
    async with telephone(tmp_path, keep_recordings_days="30") as world:
        call_id = await recorded_call(world)
        call = await world.until(call_id, lambda one: "recording-deleted" in names(one))
        assert "recording-expired" in names(call)
        assert stored(tmp_path) == []


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more try, a second later."""
    kind = replace(durable.KINDS[DELETE], retry_after=(1.0,))
    monkeypatch.setattr(lifecycle, "KINDS", MappingProxyType({**durable.KINDS, DELETE: kind}))


@pytest.mark.parametrize("why", ["carrier", "off"])
async def test_a_file_that_cannot_be_deleted_is_told_of(
    tmp_path: Path, impatient: None, why: str
) -> None:
    async with telephone(tmp_path, "twilio") as world:
        call_id = (await world.until(await recorded_call(world), is_kept))["id"]
    storage = "off" if why == "off" else f"{tmp_path}/recordings"
    async with telephone(tmp_path, "twilio", recordings=storage) as world:
        if why == "carrier":
            world.carrier.faults.rest = "^DELETE "
            world.carrier.faults.error_before = 1.0
        await ask(world, call_id)
        call = await world.until(call_id, lambda one: "recording-not-deleted" in names(one))
        (told,) = [e["facts"] for e in call["events"] if e["name"] == "recording-not-deleted"]
        assert ("delete the file" in told["reason"]) is (why == "off")
        assert len(stored(tmp_path)) == (why == "off")
        assert world.exchange.metrics.recording_failures.labels("twilio")._value.get() == 1

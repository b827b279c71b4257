"""When our side ends, the carrier's leg is gone; until that is certain the call stands as at risk."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

import linecard
from linecard.calls import Call
from linecard.carrier import HangUpResult
from linecard.exchange.at_risk import ALARM_AFTER, RiskWatch
from linecard.exchange.endings import HANG_UP, RETRY_AFTER
from linecard.exchange.outbox import LEASE_SECONDS
from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Press, Wait
from linecard.store import calls, outbox
from linecard.store.outbox import Job
from linecard.store.tables import outbox as jobs
from linecard.wall import now
from linecard_plivo import calls as rest_of_plivo
from linecard_twilio import calls as rest_of_twilio
from tests.calls.faulty import fault
from tests.calls.telephone import CUSTOMER, OURS, SPEED, Telephone, names, telephone

STAYS = Phone(ring_seconds=0.1, script=(Wait(900),))
POLITE = ("polite=tests.calls.test_certain_endings:polite",)
PROVIDERS = ("plivo", "twilio", "exotel")
REST = {"plivo": (rest_of_plivo, "hang_up"), "twilio": (rest_of_twilio, "end")}
"""What asks each carrier to end a call. Exotel has no request that ends a call: there the stream is closed, which is certain."""


async def talking(world: Telephone) -> dict[str, Any]:
    world.carrier.phones[CUSTOMER] = STAYS
    await world.register()
    placed = await world.dial()
    return await world.until(placed["id"], lambda call: "stream-started" in names(call))


async def at_risk(world: Telephone) -> list[dict[str, Any]]:
    return list((await world.api.get("/api/calls?at_risk=true")).json()["items"])


async def metrics(world: Telephone) -> dict[str, float]:
    text = (await world.api.get("/metrics")).text
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("linecard_")]
    return {name: float(value) for name, value in lines}


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_call_that_goes_on_as_it_should_is_not_at_risk(
    tmp_path: Path, provider: str
) -> None:
    async with telephone(tmp_path, provider) as world:
        call = await talking(world)
        assert call["at_risk_seconds"] is None
        assert await at_risk(world) == []
        await world.api.post(f"/api/calls/{call['id']}/hangup")
        assert (await world.ended(call["id"]))["at_risk_seconds"] is None
        assert world.carrier.ledger.live_legs() == ()
        assert await at_risk(world) == []


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_an_end_that_the_carrier_fails_to_carry_out_is_at_risk_until_it_is_done(
    tmp_path: Path, provider: str
) -> None:
    async with telephone(tmp_path, provider) as world:
        call = await talking(world)
        with fault(world, "", error_before=1, callback_drop=1, socket_refused=1):
            await world.api.post(f"/api/calls/{call['id']}/hangup")
            (risky,) = await at_risk(world)
            assert risky["id"] == call["id"]
            assert risky["at_risk_seconds"] >= 0
            watch = RiskWatch(world.exchange)
            await watch.look()
            assert (await metrics(world))["linecard_calls_at_risk"] == 1
        await world.ended(call["id"])
        assert world.carrier.ledger.live_legs() == ()
        await watch.look()
        assert (await metrics(world))["linecard_calls_at_risk"] == 0
        assert (await metrics(world))["linecard_minutes_at_risk"] == 0


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_the_alarm_is_given_once_with_what_it_is_about(tmp_path: Path, provider: str) -> None:
    async with telephone(tmp_path, provider) as world:
        call = await talking(world)
        with fault(world, "", error_before=1, callback_drop=1, socket_refused=1):
            await world.api.post(f"/api/calls/{call['id']}/hangup")
            async with world.exchange.database.write() as conn:
                await calls.update(conn, call["id"], closing_at=now() - 10 * ALARM_AFTER)
            watch = RiskWatch(world.exchange)
            with capture_logs() as logs:
                await watch.look()
                await watch.look()
            alarms = [line for line in logs if "not confirmed gone" in line["event"]]
            assert [line["call"] for line in alarms] == [call["id"]]
            assert alarms[0]["at_risk_seconds"] >= 300
            assert (await metrics(world))["linecard_minutes_at_risk"] >= 5


@pytest.mark.parametrize("provider", REST)
async def test_a_leg_that_lives_on_after_its_end_was_promised_is_ended_again(
    tmp_path: Path, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with telephone(tmp_path, provider) as world:
        call = await talking(world)
        module, name = REST[provider]
        real, asked = getattr(module, name), []

        async def forgetful(rest: Any, call: Call | str) -> HangUpResult:
            asked.append(call)
            return HangUpResult.DONE if len(asked) == 1 else await real(rest, call)

        monkeypatch.setattr(module, name, forgetful)
        await world.api.post(f"/api/calls/{call['id']}/hangup")
        await world.ended(call["id"])
        assert len(asked) >= 2
        assert world.carrier.ledger.live_legs() == ()


@pytest.mark.parametrize("provider", REST)
async def test_an_end_is_asked_for_ever_more_rarely_and_given_up_in_the_open(
    tmp_path: Path, provider: str
) -> None:
    async with telephone(tmp_path, provider) as world:
        world.carrier.phones[CUSTOMER] = Phone(ring_seconds=9000)
        await world.register()
        call = await world.dial()
        await world.carrier.ledger.until(What.RINGING)
        with fault(world, "", error_before=1, callback_drop=1), capture_logs():
            assert (await world.api.post(f"/api/calls/{call['id']}/hangup")).status_code == 202
            pauses = await _pauses(world, call["id"])
            late = {tries: pause for tries, pause in pauses.items() if tries >= 5}
            assert late.keys() == set(range(5, len(RETRY_AFTER) + 1))
            for tries, pause in late.items():
                assert pause == pytest.approx(RETRY_AFTER[tries - 1], abs=4)
            (risky,) = await at_risk(world)
            assert risky["id"] == call["id"]
            await world.until(call["id"], lambda one: names(one)[-1] == "hang-up-failed")
            assert (await metrics(world))['linecard_work_given_up_total{kind="hang-up"}'] >= 1
            explained = await world.api.get(f"/api/calls/{call['id']}/explanation")
            assert "Every try to end the call failed" in explained.text
            assert "End the call by hand" in explained.text


async def _pauses(world: Telephone, call_id: str) -> dict[int, float]:
    """Hurry a hang-up until it is given up: how long it would have waited after each try, in seconds."""
    found: dict[int, float] = {}
    job = await _job(world, call_id)
    while job.state == "waiting":
        pause = (job.due_at - world.exchange.now()).total_seconds()
        if job.attempts not in found and 0 < pause < LEASE_SECONDS / 2:
            found[job.attempts] = pause * SPEED
            await _hurry(world, job)
        await asyncio.sleep(0.02)
        job = await _job(world, call_id)
    assert job.state == "dead"
    return found


async def _job(world: Telephone, call_id: str) -> Job:
    async with world.exchange.database.read() as conn:
        job = await outbox.get(conn, f"{HANG_UP}:{call_id}")
    assert job is not None
    return job


async def _hurry(world: Telephone, job: Job) -> None:
    async with world.exchange.database.write() as conn:
        mine = (jobs.c.key == job.key) & (jobs.c.due_at == job.due_at)
        await conn.execute(update(jobs).where(mine).values(due_at=world.exchange.now()))
    world.exchange.work_is_due.set()


@linecard.agent
async def polite(call: linecard.LiveCall) -> None:
    """Keeps the warning that it was given."""
    async for event in call:
        if isinstance(event, linecard.CallEnding):
            call.outcome = f"warned {event.seconds} s before"


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_the_numbers_length_ends_a_call_after_a_polite_warning(
    tmp_path: Path, provider: str
) -> None:
    async with telephone(tmp_path, provider, POLITE) as world:
        shown = await world.register(agent="polite", max_seconds=40)
        assert shown["max_seconds"] == 40
        world.carrier.phones[CUSTOMER] = STAYS
        call = await world.ended((await world.dial())["id"])
        assert call["outcome"] == "warned 20 s before"
        assert world.carrier.ledger.live_legs() == ()


@pytest.mark.parametrize("provider", ["plivo", "twilio"])
async def test_a_call_that_comes_in_lasts_as_long_as_its_number_says(
    tmp_path: Path, provider: str
) -> None:
    async with telephone(tmp_path, provider, POLITE) as world:
        await world.register(agent="polite", max_seconds=40)
        await world.carrier.call_in(CUSTOMER, OURS, STAYS)
        call = await world.ended((await world.only_call())["id"])
        assert call["outcome"] == "warned 20 s before"
        assert call["end_reason"] == "longest length reached"
        assert world.carrier.ledger.live_legs() == ()


MENU = {
    "menu": {
        "entries": [{"key": "1", "agent": "polite", "prompt": {"say": "Press 1."}}],
        "seconds": 60,
    }
}
LATE = 12.0
"""What a busy machine may add, in seconds of the call's clock."""


async def test_the_length_is_counted_from_the_answer_and_not_from_the_agent(
    tmp_path: Path,
) -> None:
    """A menu in the carrier's own documents has the caller first, and no stream is there yet."""
    async with telephone(tmp_path, "plivo", POLITE) as world:
        await world.register(agent="polite", max_seconds=90, routing=MENU)
        slow = Phone(script=(Wait(35), Press("1"), Wait(900)))
        await world.carrier.call_in(CUSTOMER, OURS, slow)
        call = await world.ended((await world.only_call())["id"])
        assert call["end_reason"] == "longest length reached"
        assert call["outcome"] == "warned 20 s before"
        spoken = seconds_between(call, "answered_at", "ended_at")
        assert 90 <= spoken + 1 <= 90 + LATE


def seconds_between(call: dict[str, Any], first: str, last: str) -> float:
    """Seconds of the call's clock between two times of its record."""
    apart = datetime.fromisoformat(call[last]) - datetime.fromisoformat(call[first])
    return apart.total_seconds() * SPEED


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_who_answers_a_call_that_we_have_hung_up_meets_an_end(
    tmp_path: Path, provider: str
) -> None:
    """The carrier cannot end it while it rings, or does not do what it said."""
    async with telephone(tmp_path, provider) as world:
        world.carrier.phones[CUSTOMER] = Phone(ring_seconds=12, script=(Wait(900),))
        await world.register()
        placed = await world.dial()
        await world.carrier.ledger.until(What.RINGING)
        with fault(world, "", error_before=1):
            await world.api.post(f"/api/calls/{placed['id']}/hangup")
            await world.carrier.ledger.until(What.HUNG_UP, within=40)
        call = await world.ended(placed["id"])
        assert "agent-started" not in names(call)
        assert world.carrier.ledger.all(What.STREAM_REFUSED) == ()
        assert world.carrier.ledger.live_legs() == ()


async def test_a_length_that_the_carrier_would_not_keep_is_refused(tmp_path: Path) -> None:
    async with telephone(tmp_path, "exotel") as world:
        body = {"number": OURS, "provider": "exotel", "agent": "echo", "max_seconds": 3541}
        answer = await world.api.post("/api/numbers", json=body)
        assert answer.status_code == 422
        assert "max_seconds" in answer.text
        assert (await world.api.get("/api/numbers")).json()["items"] == []

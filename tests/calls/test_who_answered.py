"""Who answered: humans, machines, faxes and riddles on the carriers that detect, and reports that disagree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from linecard.calls import MachineKind
from linecard.events import MachineDetected
from linecard.exchange import endings, inbox
from linecard.simulator.phone import Phone
from tests.calls.answered import FAX, HUMAN, MACHINE, PUZZLING, Dialled, dialled, facts
from tests.calls.problems import refused
from tests.calls.telephone import names

WORDS = {
    "plivo": {"human": "false", "machine": "true", "fax": "true"},
    "twilio": {"human": "human", "machine": "machine_start", "fax": "fax"},
}
KINDS = {"plivo": {"fax": "machine"}}
"""Plivo has no word for a fax."""


async def hung_up(one: Dialled, placed: dict[str, Any]) -> dict[str, Any]:
    """The call, hung up by API once its agent has had what it waits for."""
    await one.world.api.post(f"/api/calls/{placed['id']}/hangup")
    return await one.over(placed)


@pytest.mark.parametrize("provider", ["plivo", "twilio"])
async def test_who_answered_stands_on_the_record_and_is_told_to_the_agent(
    tmp_path: Path, provider: str
) -> None:
    async with dialled(tmp_path, provider, "listener") as one:
        phones: dict[str, Phone] = {"human": HUMAN, "machine": MACHINE, "fax": FAX}
        for kind, phone in phones.items():
            wanted, word = KINDS.get(provider, {}).get(kind, kind), WORDS[provider][kind]
            placed = await one.dial(phone, machine="detect")
            told = await one.world.until(placed["id"], lambda call: call["outcome"] is not None)
            assert told["status"] == "in-progress", "nothing hangs up by itself"
            call = await hung_up(one, placed)
            assert (call["answered_by"], call["answered_word"]) == (wanted, word)
            assert call["outcome"] == f"{wanted}:{word}"
            assert [one["kind"] for one in facts(call, "machine-detected")] == [wanted]


@pytest.mark.parametrize("provider", ["plivo", "twilio"])
async def test_a_carrier_that_never_tells_leaves_the_question_open(
    tmp_path: Path, provider: str
) -> None:
    async with dialled(tmp_path, provider, "caller") as one:
        placed = await one.dial(PUZZLING, machine="detect", metadata={"hurry": True})
        call = await one.over(placed)
        assert call["answered_by"] is None
        assert call["outcome"] == "talked with somebody"


@pytest.mark.parametrize("machine", ["detect", "wait-for-beep"])
async def test_what_a_carrier_does_not_detect_is_refused(tmp_path: Path, machine: str) -> None:
    async with dialled(tmp_path, "exotel", "listener") as one:
        body = {"from": one.line.ours, "to": one.line.customer, "machine": machine}
        refused(await one.world.api.post("/api/calls", json=body), 501)


def detected(call_id: str, kind: MachineKind, word: str) -> MachineDetected:
    return MachineDetected(key=f"machine:{call_id}:{word}", kind=kind, raw=word)


async def test_reports_that_disagree_are_both_kept_and_one_stands_in_whatever_order(
    tmp_path: Path,
) -> None:
    human, machine = (MachineKind.HUMAN, "false"), (MachineKind.MACHINE, "true")
    async with dialled(tmp_path, "plivo", "listener") as one:
        outcomes = []
        for order in ((human, machine), (machine, human), (machine, machine)):
            placed = await one.dial(PUZZLING, machine="detect")
            await one.world.until(placed["id"], lambda call: "stream-started" in names(call))
            call = await one.kept(placed)
            for kind, word in order:
                await inbox.apply(one.world.exchange, call, [detected(call.id, kind, word)])
            shown = await hung_up(one, placed)
            assert (shown["answered_by"], shown["answered_word"]) == ("machine", "true")
            assert len(facts(shown, "machine-detected")) == len(set(order))
            outcomes.append(shown["outcome"])
        assert outcomes == ["human:false machine:true", "machine:true", "machine:true"]


async def test_a_report_before_the_stream_reaches_the_agent_and_one_after_the_end_the_record(
    tmp_path: Path,
) -> None:
    async with dialled(tmp_path, "plivo", "listener") as one:
        placed = await one.dial(Phone(ring_seconds=4.0), machine="detect")
        call = await one.kept(placed)
        early = detected(call.id, MachineKind.UNKNOWN, "early")
        await inbox.apply(one.world.exchange, call, [early])
        told = await one.world.until(placed["id"], lambda call: call["outcome"] is not None)
        assert told["outcome"].startswith("unknown:early")
        shown = await hung_up(one, placed)
        late = detected(call.id, MachineKind.FAX, "late")
        await inbox.apply(one.world.exchange, call, [late])
        after = await one.world.call(placed["id"])
        assert (after["status"], after["answered_by"]) == (shown["status"], "fax")
        assert after["outcome"] == shown["outcome"]


async def test_a_look_up_changes_nothing_of_what_a_callback_has_told(tmp_path: Path) -> None:
    async with dialled(tmp_path, "twilio", "listener") as one:
        placed = await one.dial(MACHINE, machine="detect")
        await one.world.until(placed["id"], lambda call: call["answered_by"] == "machine")
        looked_up = detected(placed["id"], MachineKind.FAX, "looked up")
        await inbox.apply(one.world.exchange, await one.kept(placed), [looked_up])
        call = await hung_up(one, placed)
        assert (call["answered_by"], call["answered_word"]) == ("machine", "machine_start")
        assert call["outcome"] == "machine:machine_start", "nor is the agent told of it"
        assert [one["raw"] for one in facts(call, "machine-detected")] == ["machine_start"]


async def test_a_callback_that_comes_after_a_look_up_stands(tmp_path: Path) -> None:
    async with dialled(tmp_path, "twilio", "listener") as one:
        placed = await one.dial(MACHINE, machine="detect")
        looked_up = detected(placed["id"], MachineKind.FAX, "looked up")
        await inbox.apply(one.world.exchange, await one.kept(placed), [looked_up])
        told = await one.world.call(placed["id"])
        assert (told["answered_by"], told["answered_word"]) == ("fax", "looked up")
        await one.world.until(placed["id"], lambda call: call["answered_by"] == "machine")
        call = await hung_up(one, placed)
        assert (call["answered_by"], call["answered_word"]) == ("machine", "machine_start")


async def test_a_live_call_that_is_looked_up_tells_its_agent_who_answered(tmp_path: Path) -> None:
    async with dialled(tmp_path, "twilio", "listener") as one:
        one.world.carrier.faults.callback_drop = 1
        placed = await one.dial(MACHINE, machine="detect")
        await one.world.until(placed["id"], lambda call: "stream-started" in names(call))
        await one.world.exchange.clock.sleep(6.0)
        assert (await one.world.call(placed["id"]))["answered_by"] is None
        await endings.look_up(one.world.exchange, await one.kept(placed))
        one.world.carrier.faults.callback_drop = 0
        call = await hung_up(one, placed)
        assert (call["answered_by"], call["outcome"]) == ("machine", "machine:machine")

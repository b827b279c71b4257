"""Whoever asks not to be called again is not: by the agent, by a key, and by the list itself."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from linecard.simulator.phone import Phone
from linecard.simulator.script import Press, Wait, WaitForSound
from linecard.testing.telephone import set_up
from tests.calls.answered import Dialled, dialled, facts
from tests.calls.lines import CARRIERS
from tests.calls.problems import refused
from tests.calls.telephone import names

QUIET = Phone(ring_seconds=0.3, script=(Wait(60),))
OPTS_OUT = Phone(ring_seconds=0.3, script=(WaitForSound(), Press("29"), Wait(60)))


async def refused_from_now_on(one: Dialled) -> None:
    """Our next dial to the customer is refused, in the words of the list."""
    body = {"from": one.line.ours, "to": one.line.customer}
    problem = refused(await one.world.api.post("/api/calls", json=body), 422, "to")
    assert "blocklist" in problem["detail"]
    assert one.line.customer not in problem["detail"], "numbers are masked"


async def are_over(one: Dialled, many: int) -> bool:
    calls = (await one.world.api.get("/api/calls")).json()["items"]
    return [call["ended_at"] is not None for call in calls] == [True] * many


@pytest.mark.parametrize("provider", CARRIERS)
async def test_an_agent_blocks_whom_it_talks_with(tmp_path: Path, provider: str) -> None:
    async with dialled(tmp_path, provider, "blocker") as one:
        call = await one.over(await one.dial(QUIET))
        assert call["outcome"] == "opted-out"
        assert "opted-out" in names(call)
        await refused_from_now_on(one)
        (entry,) = (await one.world.api.get("/api/blocklist")).json()["items"]
        assert (entry["caller"], entry["direction"]) == (one.line.customer, "outbound")
        assert call["id"] in entry["note"]


async def test_a_key_blocks_and_the_call_goes_on(tmp_path: Path) -> None:
    async with dialled(tmp_path, "plivo", "talker", opt_out_key="9") as one:
        placed = await one.dial(OPTS_OUT)
        call = await one.world.until(placed["id"], lambda call: call["outcome"] == "opted-out")
        assert call["status"] == "in-progress"
        await one.world.api.post(f"/api/calls/{placed['id']}/hangup")
        call = await one.over(placed)
        assert len(facts(call, "opted-out")) == 1
        await refused_from_now_on(one)


async def test_without_the_setting_no_key_blocks(tmp_path: Path) -> None:
    async with dialled(tmp_path, "plivo", "gatherer") as one:
        placed = await one.dial(Phone(script=(WaitForSound(), Press("2999"), Wait(60))))
        call = await one.world.until(placed["id"], lambda call: call["outcome"] is not None)
        assert (call["outcome"], "opted-out" in names(call)) == ("4 keys", False)
        assert (await one.world.api.get("/api/blocklist")).json()["items"] == []


async def test_entries_of_the_list_hold_in_their_direction(tmp_path: Path) -> None:
    async with dialled(tmp_path, "plivo", "talker") as one:
        for direction in ("inbound", "both"):
            entry = {"caller": f"{one.line.customer[:5]}*", "direction": direction}
            assert (await one.world.api.post("/api/blocklist", json=entry)).status_code == 201
            if direction == "inbound":
                placed = await one.dial(QUIET)
                assert placed["status"] not in ("failed", "rejected")
                await one.world.api.post(f"/api/calls/{placed['id']}/hangup")
                await one.over(placed)
            else:
                await refused_from_now_on(one)
            await one.world.api.delete(f"/api/blocklist/{entry['caller']}")
        answer = await one.world.api.post(
            "/api/blocklist", json={"caller": "+1415*", "direction": "sideways"}
        )
        refused(answer, 422, "direction")


async def test_nobody_is_transferred_to_a_blocked_number(tmp_path: Path) -> None:
    async with dialled(tmp_path, "plivo", "talker") as one:
        placed = await one.dial(QUIET)
        await one.world.until(placed["id"], lambda call: "stream-started" in names(call))
        entry = {"caller": one.line.human, "direction": "outbound"}
        assert (await one.world.api.post("/api/blocklist", json=entry)).status_code == 201
        body = {"to": [one.line.human]}
        answer = await one.world.api.post(f"/api/calls/{placed['id']}/transfer", json=body)
        assert "blocklist" in refused(answer, 422, "to")["detail"]
        call = await one.world.call(placed["id"])
        assert (call["status"], "stream-ended" in names(call)) == ("in-progress", False)


async def test_an_opted_out_customer_may_call(tmp_path: Path) -> None:
    async with dialled(tmp_path, "twilio", "blocker") as one:
        await one.over(await one.dial(QUIET))
        await refused_from_now_on(one)
        await set_up(one.world.api, one.world.carrier, one.line.ours)
        await one.world.carrier.call_in(one.line.customer, one.line.ours, QUIET)
        await one.world.eventually(partial(are_over, one, 2))
        calls = (await one.world.api.get("/api/calls")).json()["items"]
        assert [one["direction"] for one in calls] == ["inbound", "outbound"]
        assert "stream-started" in names(calls[0])

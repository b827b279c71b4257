"""Ends, streams, transfers and limits, where callbacks or sockets fail."""

from __future__ import annotations

from pathlib import Path

from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone, human
from linecard.simulator.script import Wait
from tests.calls.telephone import CUSTOMER, HUMAN, OURS, Telephone, names, telephone

STAYS = Phone(script=(Wait(300),))


async def test_a_hang_up_by_api_closes_the_stream_without_a_callback(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = STAYS
    await world.register()
    placed = await world.dial()
    await world.until(placed["id"], lambda call: "stream-started" in names(call))
    world.carrier.faults.callback_drop = 1.0
    await world.api.post(f"/api/calls/{placed['id']}/hangup")
    await world.eventually(lambda: placed["id"] not in world.exchange.lives)
    assert world.carrier.ledger.live_legs() == ()


async def test_a_call_whose_stream_never_opened_has_failed(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = STAYS
    world.carrier.faults.socket_refused = 1.0
    await world.register()
    placed = await world.dial()
    call = await world.ended(placed["id"])
    assert (call["status"], call["end_reason"]) == ("failed", "the stream never opened")
    assert names(call).count("stream-asked-again") == 2
    assert "apologised" in names(call)


async def test_a_transfer_with_a_whisper_tells_the_human_first(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = STAYS
    world.carrier.phones[HUMAN] = human("hello this is anna", talk_seconds=2)
    await world.register()
    placed = await world.dial()
    await world.until(placed["id"], lambda call: "stream-started" in names(call))
    wish = {"to": [HUMAN], "whisper": "An order of shoes."}
    await world.api.post(f"/api/calls/{placed['id']}/transfer", json=wish)
    await world.ended(placed["id"])
    asked = [str(entry.facts["url"]) for entry in world.carrier.ledger.all(What.WEBHOOK)]
    assert any("k=whisper" in url for url in asked)


async def test_transfers_pass_the_hard_stop_of_a_minute(tmp_path: Path) -> None:
    async with telephone(tmp_path, max_calls_per_minute="1") as world:
        world.carrier.phones[CUSTOMER] = STAYS
        await world.register()
        placed = await world.dial()
        await world.until(placed["id"], lambda call: "stream-started" in names(call))
        answer = await world.api.post(f"/api/calls/{placed['id']}/transfer", json={"to": [HUMAN]})
        assert answer.status_code == 429
        assert answer.json()["limit"] == "LINECARD_MAX_CALLS_PER_MINUTE"
        assert world.carrier.ledger.dials(HUMAN) == 0


async def test_an_inbound_caller_above_the_limit_hears_busy(tmp_path: Path) -> None:
    async with telephone(tmp_path, max_live_calls="1") as world:
        await world.register()
        await world.carrier.call_in(CUSTOMER, OURS, STAYS)
        await world.until((await world.only_call())["id"], lambda c: "stream-started" in names(c))
        second = await world.carrier.call_in("+14155550124", OURS, STAYS)
        hung_up = await world.carrier.ledger.until(What.HUNG_UP, second)
        assert str(hung_up.facts["code"]) == "3010"

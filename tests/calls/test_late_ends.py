"""Ends that are told late, or against each other: what stands on record, and what is only kept."""

from __future__ import annotations

from sqlalchemy import delete

from linecard.calls import CallStatus
from linecard.events import LegEnded
from linecard.exchange import inbox
from linecard.store import calls
from linecard.store.tables import inbox as kept
from linecard.webhook import Kind
from tests.calls.signed import Plivo, hangup_form
from tests.calls.telephone import Telephone, names

UNTOUCHED = ("status", "ended_at", "answered_at", "duration", "cost", "end_reason")


async def _ended(world: Telephone) -> tuple[Plivo, str, str]:
    await world.register()
    plivo = Plivo.of(world)
    carrier_id, call_id = await plivo.call_in()
    form = hangup_form(carrier_id, Direction="inbound")
    assert (await plivo.send(plivo.address(Kind.ENDED), form)).status == 200
    return plivo, carrier_id, call_id


async def test_an_end_told_after_its_callbacks_were_purged_is_kept_and_changes_nothing(
    world: Telephone,
) -> None:
    plivo, carrier_id, call_id = await _ended(world)
    before = await world.ended(call_id)
    async with world.exchange.database.write() as conn:
        await conn.execute(delete(kept))
    late = hangup_form(
        carrier_id,
        Direction="inbound",
        CallStatus="busy",
        HangupCauseCode="3010",
        Duration="0",
        TotalCost="9.0",
    )
    assert (await plivo.send(plivo.address(Kind.ENDED), late)).status == 200
    after = await world.call(call_id)
    assert [after[name] for name in UNTOUCHED] == [before[name] for name in UNTOUCHED]
    assert names(after).count("leg-ended") == 2


async def test_busy_after_an_answer_and_completed_after_a_guess(world: Telephone) -> None:
    await world.register()
    plivo = Plivo.of(world)
    carrier_id, call_id = await plivo.call_in()
    async with world.exchange.database.read() as conn:
        call = await calls.get(conn, call_id)
    assert call is not None
    guess = LegEnded(key="forgotten:x", status=CallStatus.FAILED, reason="?", concluded=True)
    busy = LegEnded(key="busy:x", status=CallStatus.BUSY, reason="busy line")
    await inbox.apply(world.exchange, call, [guess])
    assert (await world.call(call_id))["status"] == "failed"
    await inbox.apply(world.exchange, call, [busy])
    assert (await world.call(call_id))["status"] == "busy"
    form = hangup_form(carrier_id, Direction="inbound")
    assert (await plivo.send(plivo.address(Kind.ENDED), form)).status == 200
    shown = await world.call(call_id)
    assert (shown["status"], shown["end_reason"]) == ("completed", "normal hangup")
    assert (shown["duration"], names(shown).count("leg-ended")) == (17, 3)
    await inbox.apply(world.exchange, call, [busy, guess])
    assert (await world.call(call_id))["status"] == "completed"

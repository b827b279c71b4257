"""Late reports of calls that are gone from the record, or forgotten: answered well, and nothing comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from linecard.exchange.retention import Retention
from linecard.store.tables import inbox
from linecard.wall import now
from linecard.webhook import Kind
from tests.calls.confessing import NAME, traces
from tests.calls.signed import Plivo, answer_form, counted, hangup_form
from tests.calls.telephone import CUSTOMER, OURS, names, telephone

DAY = timedelta(days=1)


@pytest.fixture
async def plivo(tmp_path: Path) -> AsyncIterator[Plivo]:
    flights = {"flight_dir": str(tmp_path / "flights"), "flight_numbers": "yes"}
    async with telephone(tmp_path, **flights) as world:
        await world.register()
        yield Plivo.of(world)


async def ended(plivo: Plivo) -> tuple[str, str]:
    """A call that came in and is over: the carrier's id, and ours."""
    carrier_id, call_id = await plivo.call_in(Surprise=NAME)
    form = hangup_form(carrier_id, Direction="inbound", From=CUSTOMER[1:], To=OURS[1:])
    assert (await plivo.send(plivo.address(Kind.ENDED), form)).status == 200
    assert (await plivo.world.call(call_id))["ended_at"]
    return carrier_id, call_id


async def test_a_report_on_a_call_that_was_purged_is_kept_apart(plivo: Plivo) -> None:
    carrier_id, call_id = await ended(plivo)
    await Retention(plivo.world.exchange).sweep(now() + 401 * DAY)
    assert (await plivo.world.api.get(f"/api/calls/{call_id}")).status_code == 404
    form = hangup_form(carrier_id, Direction="inbound")
    for address in (plivo.address(Kind.ENDED), plivo.address(Kind.ENDED, call_id)):
        assert (await plivo.send(address, form)).status == 200
    assert (await plivo.world.api.get("/api/calls")).json()["items"] == []
    async with plivo.world.exchange.database.read() as conn:
        stray = (await conn.execute(select(inbox.c.call_id, inbox.c.payload))).all()
    assert [call for call, _ in stray] == [None]
    assert stray[0][1]["event"] == "leg-ended"
    assert await counted(plivo.world, 'linecard_unmatched_callbacks_total{provider="plivo"}') == 2
    assert await counted(plivo.world, 'linecard_purged_total{what="calls"}') == 1
    await Retention(plivo.world.exchange).sweep(now() + 31 * DAY)
    async with plivo.world.exchange.database.read() as conn:
        assert (await conn.execute(select(inbox))).all() == []


async def test_reports_on_a_forgotten_call_bring_nothing_of_it_back(
    plivo: Plivo, tmp_path: Path
) -> None:
    carrier_id, call_id = await ended(plivo)
    words = (CUSTOMER[2:], NAME)
    assert all(traces(tmp_path, *words).values())
    answer = await plivo.world.api.post("/api/forget", json={"number": CUSTOMER})
    assert answer.json()["erased"]["calls"] == 1

    again = answer_form(CallUUID=carrier_id, Surprise=NAME, CallStatus="in-progress")
    said = await plivo.send(plivo.address(Kind.ANSWER), again)
    assert (said.status, b"Hangup" in said.body, b"Stream" in said.body) == (200, True, False)
    form = hangup_form(carrier_id, Direction="inbound", From=CUSTOMER[1:], Surprise=NAME)
    for address in (plivo.address(Kind.ENDED), plivo.address(Kind.ENDED, call_id)):
        assert (await plivo.send(address, form)).status == 200
    only = await plivo.world.only_call()
    assert (only["id"], names(only), only["from"]) == (call_id, ["forgotten"], None)
    assert await counted(plivo.world, "linecard_forgotten_callbacks_total") >= 3
    await plivo.world.eventually(lambda: not any(traces(tmp_path, *words).values()), 30)

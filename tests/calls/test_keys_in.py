"""Keys of the far end: each told once on every carrier, whoever else reports them, and written nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from linecard.events import DigitsGathered
from linecard.exchange import inbox
from linecard.simulator.phone import Phone
from linecard.simulator.script import Press, Wait, WaitForSound
from linecard.store.tables import inbox as kept
from linecard.store.tables import timeline
from tests.calls.answered import dialled
from tests.calls.lines import CARRIERS

PRESSES = Phone(ring_seconds=0.3, script=(WaitForSound(), Wait(0.5), Press("8642"), Wait(60)))
GATHERED = "8642"


@pytest.mark.parametrize("provider", CARRIERS)
async def test_a_key_that_a_document_has_collected_is_not_told_again(
    tmp_path: Path, provider: str
) -> None:
    async with dialled(tmp_path, provider, "gatherer") as one:
        placed = await one.dial(PRESSES)
        await one.world.until(placed["id"], lambda call: call["answered_at"] is not None)
        also = DigitsGathered(key=f"digits:{placed['id']}", digits=GATHERED)
        await inbox.apply(one.world.exchange, await one.kept(placed), [also])
        call = await one.world.until(placed["id"], lambda call: call["outcome"] is not None)
        assert call["outcome"] == "4 keys"
        await one.world.api.post(f"/api/calls/{placed['id']}/hangup")
        await one.world.ended(placed["id"])
        async with one.world.exchange.database.read() as conn:
            rows = [
                *await conn.execute(select(kept.c.payload)),
                *await conn.execute(select(timeline.c.facts)),
            ]
        assert GATHERED not in str(rows)

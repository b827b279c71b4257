"""Whatever becomes of a transfer, on every way, at every carrier: no leg is left, nobody is dialled twice, the
agent knows how it went, and the record says what happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from linecard.simulator.phone import SILENT
from tests.calls.transfers.cases import Case, outcomes, taking_turns
from tests.calls.transfers.playing import play, run, transferring
from tests.calls.transfers.ways import ALL, CANNOT, CARRIERS, WAYS, At


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("at", ALL, ids=str)
async def test_every_outcome(tmp_path: Path, at: At) -> None:
    await run(tmp_path, at, outcomes(at))


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_some_outcomes(tmp_path: Path, carrier: str) -> None:
    async with transferring(tmp_path, carrier) as world:
        await play(world, taking_turns(carrier, outcomes)[::3])


async def test_what_a_carrier_cannot_is_refused_before_anything_is_closed(tmp_path: Path) -> None:
    (carrier,) = {carrier for carrier, _ in CANNOT}
    cases = [
        Case(At(carrier, WAYS[name]), why, lambda _way, _at: (SILENT,), frozenset({"unsupported"}))
        for (_, name), why in CANNOT.items()
    ]
    async with transferring(tmp_path, carrier) as world:
        await play(world, cases)
        assert world.carrier.ledger.dials("+91981234") == 0

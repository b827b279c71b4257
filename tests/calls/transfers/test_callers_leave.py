"""A caller who hangs up at any step of any way of a transfer leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.calls.transfers.cases import callers_leave, taking_turns
from tests.calls.transfers.playing import play, run, transferring
from tests.calls.transfers.ways import ALL, CARRIERS, At


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("at", ALL, ids=str)
async def test_a_caller_leaves_at_every_step(tmp_path: Path, at: At) -> None:
    await run(tmp_path, at, callers_leave(at))


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_a_caller_leaves_at_some_steps(tmp_path: Path, carrier: str) -> None:
    async with transferring(tmp_path, carrier) as world:
        await play(world, taking_turns(carrier, callers_leave)[::2])

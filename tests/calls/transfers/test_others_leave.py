"""An agent who hangs up or fails, or a target who leaves, at any step of any way of a transfer leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.calls.transfers.cases import others_leave
from tests.calls.transfers.playing import run
from tests.calls.transfers.ways import ALL, At


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("at", ALL, ids=str)
async def test_agents_and_targets_leave_at_every_step(tmp_path: Path, at: At) -> None:
    await run(tmp_path, at, others_leave(at))

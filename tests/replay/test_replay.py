"""Recorded calls through today's code: no difference where nothing has changed, and a clear one where something has."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from linecard.replay import replay
from tests.replay.recording import PROVIDERS, SCENARIOS, recorded


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_nothing_has_changed(tmp_path: Path, provider: str, scenario: str) -> None:
    file = await recorded(tmp_path, provider, SCENARIOS[scenario])
    report = await asyncio.to_thread(replay, file)
    assert report.is_same, "\n".join(report.lines())
    assert report.compared["replies"] + report.compared["requests to the carrier"] > 0
    assert report.compared["events"] > 0

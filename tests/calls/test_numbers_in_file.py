"""Numbers in linecard.toml: registered and brought in line at the start, and refused with their place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from linecard.errors import ConfigurationError
from linecard.store import numbers
from tests.calls.filed import started_with
from tests.calls.telephone import OURS

FILE = """
[numbers."+14155550100"]
provider = "plivo"
agent = "echo"

[numbers."+14155550100".routing.hours]
zone = "America/New_York"
holidays = [2026-12-25]
windows = [{ days = ["mon", "fri"], from = "09:00", to = "17:00" }]
closed = { do = "refuse", message = { say = "We are closed." } }
"""


async def started(folder: Path, text: str, **changes: Any) -> dict[str, Any]:
    """The number of ours after a start with this file; `changes` are made before by somebody else."""
    async with started_with(folder, text) as exchange, exchange.database.write() as conn:
        found = await numbers.get(conn, OURS)
        if changes:
            await numbers.update(conn, OURS, **changes)
    assert found is not None
    return {"agent": found.agent, "channels": found.channels, "routing": found.routing}


async def test_a_number_of_the_file_is_registered(tmp_path: Path) -> None:
    number = await started(tmp_path, FILE)
    hours = number["routing"]["hours"]
    assert (number["agent"], hours["zone"]) == ("echo", "America/New_York")
    assert hours["holidays"] == ["2026-12-25"]


async def test_the_file_wins_for_what_it_names_and_for_that_alone(tmp_path: Path) -> None:
    await started(tmp_path, FILE, agent="greeter", channels=7, routing={})
    number = await started(tmp_path, FILE)
    assert (number["agent"], number["channels"]) == ("echo", 7)
    assert "hours" in number["routing"]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("America/New_York", "America/Newyork", "routing.hours.zone"),
        ('agent = "echo"', 'agent = "nobody"', "agent"),
        ('do = "refuse"', 'do = "redirect", to = "+14155550177"', "routing.hours.closed.to"),
        ('from = "09:00"', 'from = "9"', "routing.hours.windows.0.from"),
    ],
)
async def test_what_is_wrong_is_named_by_its_place(
    tmp_path: Path, old: str, new: str, place: str
) -> None:
    assert old in FILE
    with pytest.raises(ConfigurationError) as refused:
        await started(tmp_path, FILE.replace(old, new))
    assert f'numbers."+14155550100".{place}: ' in str(refused.value)

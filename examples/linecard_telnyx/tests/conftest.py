"""A whole telephone world with Telnyx in it: found by its entry point, installed or not."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.calls.telephone import Telephone, telephone

from linecard.plugins import Plugins

if find_spec("linecard_telnyx") is None:
    sys.path.insert(0, str(Path(__file__).parents[1]))


def with_telnyx() -> Plugins:
    """What is installed, and this provider."""
    others = [point for point in entry_points(group="linecard") if point.name != "telnyx"]
    mine = EntryPoint("telnyx", "linecard_telnyx:Telnyx", "linecard")
    return Plugins.discover([*others, mine])


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Telephone]:
    async with telephone(tmp_path, "telnyx", plugins=with_telnyx()) as running:
        yield running


@pytest.fixture
async def agent_world(tmp_path: Path) -> AsyncIterator[Telephone]:
    """A world with an agent that ends with the transfer of its caller."""
    agents = ("tests.calls.eventful:transferred",)
    async with telephone(tmp_path, "telnyx", agents, with_telnyx()) as running:
        yield running

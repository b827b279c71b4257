from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.calls.telephone import Telephone, telephone


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Telephone]:
    async with telephone(tmp_path) as running:
        yield running

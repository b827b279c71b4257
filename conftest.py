"""What every test leaves as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command that is run in this process sets logging up for itself, down to silence."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)

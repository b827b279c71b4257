"""The telephone world of `linecard.testing`, with Plivo where a test names no carrier."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from linecard.testing import telephone as worlds
from linecard.testing.telephone import (
    CUSTOMER,
    HUMAN,
    KEY,
    OURS,
    SPEED,
    Telephone,
    names,
)

__all__ = [
    "CUSTOMER",
    "HUMAN",
    "KEY",
    "OURS",
    "SPEED",
    "Telephone",
    "names",
    "telephone",
]


@asynccontextmanager
async def telephone(
    folder: Path, provider: str = "plivo", *args: Any, **settings: Any
) -> AsyncIterator[Telephone]:
    """A running world."""
    async with worlds.telephone(folder, provider, *args, **settings) as world:
        yield world

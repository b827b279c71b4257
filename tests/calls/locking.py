"""A database that is held up, as by another process."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path


@asynccontextmanager
async def locked(file: Path) -> AsyncIterator[None]:
    """Hold the write lock of a database; taken beside the loop, where one of our own may have to end first."""
    opened = sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
    with closing(opened) as other:
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")

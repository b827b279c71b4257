"""What a storage of files can do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol


class Storage(Protocol):
    """Files by name, with slashes between the parts. Every method raises OSError when it cannot."""

    def draft(self) -> AbstractAsyncContextManager[Path]:
        """A local file to be written, empty and readable by us alone; gone at the end unless it was put."""
        ...

    async def put(self, draft: Path, name: str) -> None:
        """Keep a draft under a name, whole or not at all; another of that name is replaced."""
        ...

    async def size(self, name: str) -> int:
        """Its length in bytes. Raises FileNotFoundError."""
        ...

    def read(self, name: str) -> AsyncIterator[bytes]:
        """Its bytes in parts. Raises FileNotFoundError."""
        ...

    async def delete(self, name: str) -> None:
        """Delete it; one that is gone already is no error."""
        ...

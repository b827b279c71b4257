"""Files below a folder of this machine."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

DRAFTS = "drafts"
PART_BYTES = 256 * 1024
OURS_ALONE = 0o700


class Folder:
    """A folder, made with its first file. Drafts lie in it too, so that a move is one step."""

    def __init__(self, path: str) -> None:
        self._root = Path(path).absolute()

    @asynccontextmanager
    async def draft(self) -> AsyncIterator[Path]:
        """A file in the folder of drafts."""
        path = await asyncio.to_thread(self._new_draft)
        try:
            yield path
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def put(self, draft: Path, name: str) -> None:
        """Write out what the system still holds of it, then move it."""
        await asyncio.to_thread(self._put, draft, name)

    async def size(self, name: str) -> int:
        """From the folder."""
        return (await asyncio.to_thread((self._root / name).stat)).st_size

    async def read(self, name: str) -> AsyncIterator[bytes]:
        """Read in a thread, part by part."""
        file = await asyncio.to_thread((self._root / name).open, "rb")
        try:
            while part := await asyncio.to_thread(file.read, PART_BYTES):
                yield part
        finally:
            file.close()

    async def delete(self, name: str) -> None:
        """Delete it."""
        await asyncio.to_thread((self._root / name).unlink, missing_ok=True)

    def _new_draft(self) -> Path:
        folder = self._root / DRAFTS
        folder.mkdir(parents=True, exist_ok=True, mode=OURS_ALONE)
        number, path = tempfile.mkstemp(dir=folder)
        os.close(number)
        return Path(path)

    def _put(self, draft: Path, name: str) -> None:
        target = self._root / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=OURS_ALONE)
        _write_out(draft)
        draft.replace(target)
        _write_out(target.parent)


def _write_out(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)

"""Files at an address that fsspec knows: s3, gs, abfs and others."""

from __future__ import annotations

import asyncio
import importlib
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from linecard.errors import ConfigurationError

PART_BYTES = 1024 * 1024
EXTRAS = {"s3": 's3 (pip install "linecard[s3]")'}
"""The extras of ours that bring what an address needs, by its scheme."""


class Remote:
    """One address and all below it. fsspec's own configuration holds the credentials, never the address."""

    def __init__(self, address: str) -> None:
        scheme = address.partition("://")[0]
        try:
            fsspec = importlib.import_module("fsspec")
            self._files, root = fsspec.core.url_to_fs(address)
        except ImportError as error:
            raise ConfigurationError(
                f"LINECARD_RECORDINGS is a {scheme} address, and what it needs is not installed "
                f"({error}); install the extra {EXTRAS.get(scheme, 'of fsspec for ' + scheme)}"
            ) from error
        except ValueError as error:
            raise ConfigurationError(f"LINECARD_RECORDINGS: {error}") from error
        self._root = str(root).rstrip("/")

    @asynccontextmanager
    async def draft(self) -> AsyncIterator[Path]:
        """A temporary file of this machine."""
        number, path = await asyncio.to_thread(tempfile.mkstemp, prefix="linecard-")
        os.close(number)
        try:
            yield Path(path)
        finally:
            await asyncio.to_thread(Path(path).unlink, missing_ok=True)

    async def put(self, draft: Path, name: str) -> None:
        """Upload it, and hold its length against what the storage has; object storage shows a file when it is whole."""
        target = self._at(name)
        await self._do(self._files.makedirs, target.rpartition("/")[0], exist_ok=True)
        await self._do(self._files.put_file, str(draft), target)
        sent = (await asyncio.to_thread(draft.stat)).st_size
        if (came := await self.size(name)) != sent:
            await self.delete(name)
            raise OSError(f"the storage has {came} bytes of {sent}")

    async def size(self, name: str) -> int:
        """As the storage says."""
        return int(await self._do(self._files.size, self._at(name)))

    async def read(self, name: str) -> AsyncIterator[bytes]:
        """Read in a thread, part by part."""
        file = await self._do(self._files.open, self._at(name), "rb")
        try:
            while part := await asyncio.to_thread(file.read, PART_BYTES):
                yield part
        finally:
            await asyncio.to_thread(file.close)

    async def delete(self, name: str) -> None:
        """Delete it."""
        try:
            await self._do(self._files.rm_file, self._at(name))
        except FileNotFoundError:
            return

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"

    async def _do(self, work: Any, *args: object, **kwargs: object) -> Any:
        """Every storage raises exceptions of its own; here they are OSErrors."""
        try:
            return await asyncio.to_thread(work, *args, **kwargs)
        except OSError:
            raise
        except Exception as error:
            raise OSError(f"the storage failed: {type(error).__name__}") from error

"""Files at an address that fsspec knows: s3, gs, abfs and others."""

from __future__ import annotations

import asyncio
import importlib
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from linecard.errors import ConfigurationError

PART_BYTES = 1024 * 1024
AHEAD_BYTES = 4 * PART_BYTES
"""So much is asked for beyond what is read; fsspec's own figure for S3 is 50 MiB for each reader."""
THREADS = 16
"""Of their own: a storage that hangs must not take those that names are looked up in."""
FOLDERS = frozenset({"file", "local", "memory", "sftp", "ssh", "smb", "ftp", "hdfs", "webhdfs"})
"""Schemes whose files lie in folders that must be made. Elsewhere names hold slashes, and to make what is
before them would make the bucket, by a right that nobody needs to give us."""
EXTRAS = {"s3": 's3 (pip install "linecard[s3]")'}
"""The extras of ours that bring what an address needs, by its scheme."""


TOLD: Mapping[str, str] = MappingProxyType(
    {
        "NoCredentialsError": "no credentials were found in the environment, a profile or a role",
        "PartialCredentialsError": "the credentials are not complete",
        "ProfileNotFound": "the profile that AWS_PROFILE names does not exist",
        "EndpointConnectionError": "nobody answers at its address",
        "ConnectTimeoutError": "nobody answers at its address in time",
        "ReadTimeoutError": "it did not answer in time",
        "ConnectionClosedError": "it closed the connection",
        "ParamValidationError": "the address names no bucket that could exist",
    }
)
"""Exceptions of others by their names, since nothing is imported for them. Their own text may hold a key."""
NO_BUCKET = "NoSuchBucket"


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
        self._has_folders = scheme in FOLDERS
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="linecard-storage")

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
        if self._has_folders:
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
        file = await self._do(self._files.open, self._at(name), "rb", block_size=AHEAD_BYTES)
        try:
            while part := await self._do(file.read, PART_BYTES):
                yield part
        finally:
            await self._do(file.close)

    async def delete(self, name: str) -> None:
        """Delete it. A bucket that is gone is an error: it may be another that has the file."""
        try:
            await self._do(self._files.rm_file, self._at(name))
        except FileNotFoundError as error:
            if _code(error) == NO_BUCKET:
                raise OSError(f"{self._root}: {error}") from error

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"

    async def _do(self, work: Any, *args: object, **kwargs: object) -> Any:
        """Every storage raises exceptions of its own; here they are OSErrors."""
        try:
            asked = partial(work, *args, **kwargs)
            return await asyncio.get_running_loop().run_in_executor(self._threads, asked)
        except OSError:
            raise
        except Exception as error:
            name = type(error).__name__
            why = f"{TOLD[name]} ({name})" if name in TOLD else name
            raise OSError(f"the storage failed: {why}") from error


def _code(error: BaseException) -> object:
    """The storage's own word for what went wrong, where fsspec has kept the answer."""
    answer = getattr(error.__cause__, "response", None)
    return answer.get("Error", {}).get("Code") if isinstance(answer, dict) else None

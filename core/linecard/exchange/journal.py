"""Callbacks that the database could not take in time: kept in a file beside it until it can.

Append-only, one JSON object a line, on the disk before the carrier has its 200. What was taken is
emptied out once nothing is left; after a crash everything that stands there is taken again, and the
inbox sees to it that it counts once.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
import structlog

from linecard.webhook import CarrierRequest, Kind, Pairs

log = structlog.get_logger()

MOST_BYTES = 64 * 1024 * 1024
MOST_PROCESSES = 64
FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRequest:
    """A carrier's request that was believed, without what proved it."""

    provider: str
    account: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    pairs: Pairs
    kind: Kind | None
    call: str | None
    reference: str | None
    is_ours: bool
    received_at: datetime

    def request(self) -> CarrierRequest:
        """The request again."""
        return CarrierRequest(
            method=self.method,
            url=self.url,
            headers=self.headers,
            body=self.body,
            pairs=self.pairs,
            kind=self.kind,
            call=self.call,
            reference=self.reference,
            is_ours=self.is_ours,
            received_at=self.received_at,
        )


def _proves(header: str) -> bool:
    return header in SECRET_HEADERS or "signature" in header


def keep(provider: str, account: str, request: CarrierRequest) -> KeptRequest:
    """A request as the journal keeps it."""
    shown = {name: value for name, value in request.headers.items() if not _proves(name)}
    return KeptRequest(
        provider=provider,
        account=account,
        method=request.method,
        url=request.url,
        headers=shown,
        body=request.body,
        pairs=request.pairs,
        kind=request.kind,
        call=request.call,
        reference=request.reference,
        is_ours=request.is_ours,
        received_at=request.received_at,
    )


class Journal:
    """The file of one server process; `path` None: it takes nothing.

    Where another process has the file, it is the next of `path.1`, `path.2` and so on. `waiting` is how many callbacks stand in it and are not in the database yet.
    """

    def __init__(self, path: Path | None, most_bytes: int = MOST_BYTES) -> None:
        self.waiting = 0
        self._path = path
        self._most_bytes = most_bytes
        self._file: int | None = None
        self._size = 0
        self._unwritten: list[bytes] = []
        self._writing = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether callbacks can be kept."""
        return self._file is not None

    @property
    def is_full(self) -> bool:
        """Whether it holds as much as it may."""
        return self._size >= self._most_bytes

    def open(self) -> Sequence[KeptRequest]:
        """Take a file for this process; what an earlier one left in it, in order, counted as waiting.

        A file that cannot be had leaves the journal closed, and says so in the log.
        """
        if self._path is None:
            return ()
        try:
            self._path, self._file = _claimed(self._path)
            left = _read(self._path)
        except OSError as error:
            log.error("the journal of callbacks cannot be used", error=str(error))
            self.close()
            return ()
        self.waiting, self._size = len(left), self._path.stat().st_size
        return left

    def close(self) -> None:
        """Let the file go; what waits stays in it for the next process."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    async def append(self, kept: KeptRequest) -> bool:
        """Keep a request; True once it is on the disk, False where it cannot be kept.

        Those that come side by side are written, and made sure of, together.
        """
        if self._file is None or self.is_full:
            return False
        line = msgspec.json.encode(kept) + b"\n"
        self.waiting += 1
        self._size += len(line)
        self._unwritten.append(line)
        async with self._writing:
            try:
                await self._flush()
            except OSError as error:
                log.error("the journal of callbacks cannot be written", error=str(error))
                self.close()
        if self._file is None:  # a write that failed may have been for several
            self.waiting -= 1
            return False
        return True

    async def taken(self) -> None:
        """One that was kept is in the database; the last one empties the file."""
        self.waiting -= 1
        if self.waiting:
            return
        async with self._writing:
            await self._empty()

    async def _empty(self) -> None:
        if self._file is not None and not self.waiting:
            await asyncio.to_thread(os.ftruncate, self._file, 0)
            self._size = 0

    async def _flush(self) -> None:
        lines, self._unwritten = self._unwritten, []
        if lines and self._file is not None:
            await asyncio.to_thread(_write, self._file, b"".join(lines))


def _claimed(path: Path) -> tuple[Path, int]:
    """The first of the files that no other process has, locked. Raises OSError."""
    for n in range(MOST_PROCESSES):
        name = path if n == 0 else path.with_name(f"{path.name}.{n}")
        file = os.open(name, FLAGS, 0o600)
        try:
            _make_ours(name, file)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
        except OSError:
            os.close(file)
            raise
        else:
            return name, file
    raise BlockingIOError(f"{MOST_PROCESSES} processes have a journal at {path} already")


def _make_ours(name: Path, file: int) -> None:
    """What stands in it is believed: it must be this user's, and nobody else may write there."""
    if os.fstat(file).st_uid != os.geteuid():
        raise PermissionError(f"{name} belongs to another user")
    os.fchmod(file, 0o600)


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]
    os.fsync(file)


def _read(path: Path) -> Sequence[KeptRequest]:
    """Whole lines; the last one of a process that died in the middle of it was never acknowledged."""
    kept: list[KeptRequest] = []
    for line in path.read_bytes().splitlines():
        try:
            kept.append(msgspec.json.decode(line, type=KeptRequest))
        except msgspec.DecodeError:
            log.warning("a broken line of the journal is left out")
    return kept

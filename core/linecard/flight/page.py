"""One file: lines held back for a moment, bounded in size, and told where it was cut."""

from __future__ import annotations

import gzip
import os
import time
from pathlib import Path

import msgspec

from linecard.flight.lines import Line, Lines
from linecard.flight.recorder import Entry, Flight
from linecard.flight.redacting import Redactor

HELD_BYTES = 64 << 10
HELD_SECONDS = 2.0
FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
OWNER_ONLY = 0o600
RESERVE = 4
"""The last quarter of a file is kept for everything but sound."""
SOUND = frozenset({"frames", "ticks", "in", "out"})


class Page:
    """The file of one flight. Packed, each piece is a gzip member of its own, so that a crash spoils none."""

    def __init__(self, file: Path, flight: Flight, redactor: Redactor, most_bytes: int) -> None:
        self._file = file
        self._lines = Lines(flight, redactor)
        self._most = most_bytes
        self._held: list[bytes] = []
        self._size = _size(file)
        self._held_size = 0
        self._since = time.monotonic()
        self._cut: set[str] = set()
        self._unwritten = 0

    def write(self, flight: Flight, *, now: bool, is_last: bool) -> None:
        """Take what the flight was told; to the disk with it when it is much, old, or the last."""
        for entry in flight.take():
            self._take(entry)
        if now or is_last or time.monotonic() - self._since >= HELD_SECONDS:
            self._put_rest()
        if is_last:
            self._end(flight)
        if now or is_last or self._held_size >= HELD_BYTES or self._is_old():
            self._to_disk()

    def _take(self, entry: Entry) -> None:
        try:
            for line in self._lines.of(entry):
                self._put(line)
        except Exception as error:  # noqa: BLE001 (one entry that cannot be written costs no other)
            why = type(error).__name__
            self._put({"t": 0.0, "k": "unwritable", "what": entry[1], "why": why})

    def _put_rest(self) -> None:
        for line in self._lines.rest():
            self._put(line)

    def _put(self, line: Line) -> None:
        """Hold a line; beyond the bound it is counted, and the file says once that it was cut."""
        bound = self._most - self._most // RESERVE if line["k"] in SOUND else self._most
        if self._size < bound:
            self._hold(line)
            return
        self._unwritten += len(line.get("at", (0,))) if line["k"] == "frames" else 1
        what = "sound" if line["k"] in SOUND else "everything"
        if what not in self._cut:
            self._cut.add(what)
            self._hold({"t": line["t"], "k": "cut", "what": what, "bytes": self._size})

    def _hold(self, line: Line) -> None:
        written = msgspec.json.encode(line) + b"\n"
        if not self._held:
            self._since = time.monotonic()
        self._held.append(written)
        self._size += len(written)
        self._held_size += len(written)

    def _end(self, flight: Flight) -> None:
        lost = {"unwritten": self._unwritten, "missed": flight.missed}
        told = {name: count for name, count in lost.items() if count}
        self._hold({"t": round(flight.last_at - flight.origin, 9), "k": "end"} | told)

    def _is_old(self) -> bool:
        return bool(self._held) and time.monotonic() - self._since >= HELD_SECONDS

    def _to_disk(self) -> None:
        piece, self._held, self._held_size = b"".join(self._held), [], 0
        self._since = time.monotonic()
        if not piece:
            return
        if self._file.suffix == ".gz":
            piece = gzip.compress(piece, compresslevel=5)
        with open(os.open(self._file, FLAGS, OWNER_ONLY), "ab") as file:
            file.write(piece)


def _size(file: Path) -> int:
    """What a file holds already; packed, its real size is reckoned at eight times as much."""
    try:
        size = file.stat().st_size
    except FileNotFoundError:
        return 0
    return size * 8 if file.suffix == ".gz" else size

"""The one thread that writes flight records, so that no call ever waits for a disk."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from linecard.flight.keeping import file_of
from linecard.flight.page import Page
from linecard.flight.recorder import Flight
from linecard.flight.redacting import Redactor

log = structlog.get_logger()

LOOK_SECONDS = 0.25
"""How often the writer looks for entries; what a crash can lose is this and the 2 s a page is held back."""
OWNER_ONLY = 0o700


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterOptions:
    """Where and how records are written; `most_bytes` before they are packed."""

    folder: Path
    packed: bool = False
    most_bytes: int = 32 << 20


class FlightWriter:
    """Writes what flights are told. Its methods do not block but `flush` and `stop`."""

    def __init__(self, options: WriterOptions, redactor: Redactor) -> None:
        self._options = options
        self._redactor = redactor
        self._pages: dict[Flight, Page] = {}
        self._closing: set[Flight] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._has_failed = False

    def start(self) -> None:
        """Make the folder, for its owner alone, and begin. Raises OSError when it cannot be written to."""
        self._options.folder.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
        if not os.access(self._options.folder, os.W_OK | os.X_OK):
            raise PermissionError(13, "flight records cannot be written", str(self._options.folder))
        self._thread = threading.Thread(target=self._run, name="flight recorder", daemon=True)
        self._thread.start()

    def open(self, flight: Flight) -> None:
        """Write what this flight is told from now on, behind what its file holds already."""
        file = file_of(self._options.folder, flight.call_id, packed=self._options.packed)
        self._pages[flight] = Page(file, flight, self._redactor, self._options.most_bytes)

    def close(self, flight: Flight) -> None:
        """Finish a flight's file with what it has been told until now."""
        self._closing.add(flight)

    def flush(self) -> None:
        """Write everything that waits. Blocks."""
        with self._lock:
            self._write(now=True)

    def stop(self) -> None:
        """Write everything and end the thread. Blocks."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self.flush()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            with self._lock:
                self._write(now=False)

    def _write(self, *, now: bool) -> None:
        for flight, page in list(self._pages.items()):
            is_last = flight in self._closing
            self._attempt(page, flight, now=now, is_last=is_last)
            if is_last:
                del self._pages[flight]
                self._closing.discard(flight)

    def _attempt(self, page: Page, flight: Flight, **how: Any) -> None:
        try:
            page.write(flight, **how)
        except Exception:
            # A full disk would say so for every call, four times a second.
            if not self._has_failed:
                log.exception(
                    "flight records cannot be written; what waits is lost", call=flight.call_id
                )
            self._has_failed = True

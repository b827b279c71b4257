"""What pods log, in the log of their server: one stream of lines for whoever reads them.

Agents write here too, and write what they like: neither may stop the server that reads it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import structlog

from linecard.pods.allowance import Allowance

log = structlog.get_logger()

LONGEST_LINE = 64 * 1024
LINES_AT_ONCE = 1000
LINES_A_SECOND = 100
CHUNK = 64 * 1024
PAUSE_SECONDS = 0.01
"""After each read, so that no pod has the loop to itself."""
LAST_LINES_SECONDS = 1.0
"""What a process wrote at its end is there by then; what it has started may hold its pipe for ever."""
LEVELS = frozenset({"debug", "info", "warning", "error", "critical"})
OURS = frozenset({"event", "level", "timestamp", "pod"})


@asynccontextmanager
async def passed_on(pod: str) -> AsyncIterator[int]:
    """Log what a pod writes until the block ends; yields the descriptor that it writes to."""
    read, write = os.pipe()
    lines = asyncio.StreamReader(CHUNK)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), os.fdopen(read, "rb", 0)
    )
    passing = asyncio.create_task(pass_on(lines, pod), name="a pod's log")
    try:
        yield write
    finally:
        os.close(write)
        await asyncio.wait({passing}, timeout=LAST_LINES_SECONDS)
        passing.cancel()
        await asyncio.gather(passing, return_exceptions=True)
        transport.close()


async def pass_on(lines: asyncio.StreamReader, pod: str) -> None:
    """Log the lines of a pod until it writes no more; what is no line of our log is told as it is.

    Beyond LINES_A_SECOND they are counted instead, and of a line that is too long the end is left out.
    """
    passing, rest = _Passing(pod), b""
    while chunk := await lines.read(CHUNK):
        *whole, rest = (rest + chunk).split(b"\n")
        passing.take(whole)
        if len(rest) > LONGEST_LINE:
            passing.take([rest])
            rest = b""
        await asyncio.sleep(PAUSE_SECONDS)
    passing.take([rest] if rest else [])


class _Passing:
    """The lines of one pod, as many as it may have."""

    def __init__(self, pod: str) -> None:
        self._pod = pod
        self._allowance = Allowance(LINES_AT_ONCE, LINES_A_SECOND)
        self._left_out = 0

    def take(self, lines: list[bytes]) -> None:
        for position, line in enumerate(lines):
            if not self._allowance.take():
                self._left_out += len(lines) - position
                return
            self._tell_left_out()
            _log(line[:LONGEST_LINE], self._pod)

    def _tell_left_out(self) -> None:
        if self._left_out:
            log.warning("a pod wrote too many lines", pod=self._pod, left_out=self._left_out)
            self._left_out = 0


def _log(line: bytes, pod: str) -> None:
    try:
        _say(msgspec.json.decode(line, type=dict[str, Any]), pod)
    except (msgspec.DecodeError, RecursionError, TypeError):
        log.warning("a pod wrote", pod=pod, text=line.decode("utf-8", "replace").rstrip())


def _say(facts: Mapping[str, Any], pod: str) -> None:
    """Raises TypeError, RecursionError for facts that no logger takes: one may be called `self`."""
    level = str(facts.get("level", "info"))
    say = getattr(log, level if level in LEVELS else "info")
    named = {name: value for name, value in facts.items() if name not in OURS}
    say(str(facts.get("event", "")), **named, pod=pod)

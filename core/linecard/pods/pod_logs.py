"""What pods log, in the log of their server: one stream of lines for whoever reads them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog

log = structlog.get_logger()

LONGEST_LINE = 1024 * 1024
LEVELS = frozenset({"debug", "info", "warning", "error", "critical"})
OURS = ("event", "level", "timestamp")


async def pass_on(lines: asyncio.StreamReader, pod: str) -> None:
    """Log every line of a pod until it writes no more; what is no line of our log is told as it is."""
    while True:
        try:
            line = await lines.readline()
        except ValueError:
            log.warning("a pod wrote a line that is too long", pod=pod, most=LONGEST_LINE)
            continue
        if not line:
            return
        _log(line, pod)


def _log(line: bytes, pod: str) -> None:
    facts = _facts(line)
    if facts is None:
        log.warning("a pod wrote", pod=pod, text=line.decode("utf-8", "replace").rstrip())
        return
    level = str(facts.get("level", "info"))
    say = getattr(log, level if level in LEVELS else "info")
    say(str(facts.get("event", "")), **_named(facts, pod))


def _named(facts: Mapping[str, Any], pod: str) -> dict[str, Any]:
    return {**{name: value for name, value in facts.items() if name not in OURS}, "pod": pod}


def _facts(line: bytes) -> Mapping[str, Any] | None:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError:
        return None

"""Everything that is logged while the demo runs, kept off the terminal: the agent's lines become story."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog

from linecard.logs import hide_private

Line = MutableMapping[str, Any]
WARNINGS = frozenset({"warning", "error", "critical", "exception"})
NOT_FACTS = frozenset({"source", "level", "event", "call", "exception"})


class Logbook(logging.Handler):
    """Collects lines. `agent_line` hears what an agent logs; `warnings` is what a reader should know."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warnings: list[str] = []
        self.errors: list[str] = []
        self.agent_line: Callable[[Line], None] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """A line of the standard library's logging, as of the HTTP server."""
        text = f"{record.name}: {record.getMessage().strip()}"
        if record.exc_info:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        self._keep(record.levelname.lower(), text)

    def hear_agent(self, _logger: object, _method: str, line: Line) -> Line:
        """Pass on what an agent logs."""
        if line.get("source") == "agent" and self.agent_line is not None:
            self.agent_line(line)
        return line

    def keep_warnings(self, _logger: object, _method: str, line: Line) -> Line:
        """The end of every line of structlog: nothing is printed."""
        if line.get("level") in WARNINGS:
            facts = "".join(f" {name}={line[name]}" for name in line if name not in NOT_FACTS)
            trace = f"\n{line['exception']}" if "exception" in line else ""
            self._keep(str(line["level"]), f"{line['event']}{facts}{trace}")
        raise structlog.DropEvent

    def _keep(self, level: str, text: str) -> None:
        kept = self.warnings if level == "warning" else self.errors
        kept.append(text)


@contextmanager
def collected_logs() -> Iterator[Logbook]:
    """Send all logging into a logbook until the block ends."""
    book = Logbook()
    root, before = logging.getLogger(), structlog.get_config()
    root.addHandler(book)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            book.hear_agent,
            hide_private,
            book.keep_warnings,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
    try:
        yield book
    finally:
        root.removeHandler(book)
        structlog.configure(**before)

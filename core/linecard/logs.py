"""Structured logs: one line an event, the call id on it, numbers masked."""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from linecard.numbers import mask

NUMBER = re.compile(r"\+\d{8,15}\b")
TOKEN = re.compile(r"(/ws/[a-z0-9_-]+/)[^\s?\"']+|([?&]t=)[A-Za-z0-9_-]+")


def masked(text: str) -> str:
    """The text with telephone numbers and our tokens masked."""
    text = NUMBER.sub(lambda found: mask(found.group()), text)
    return TOKEN.sub(lambda found: f"{found.group(1) or found.group(2)}***", text)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {name: _cleaned(inner) for name, inner in value.items()}
    return [_cleaned(inner) for inner in value] if isinstance(value, list | tuple) else value


def hide_private(
    _logger: object, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Mask telephone numbers and our tokens wherever they stand in a line."""
    return {name: _cleaned(value) for name, value in line.items()}


class _Forwarded(logging.Handler):
    """Lines of libraries that log by the standard library: masked and written like our own."""

    def emit(self, record: logging.LogRecord) -> None:
        line = structlog.get_logger(library=record.name)
        line.log(record.levelno, record.getMessage().strip(), exc_info=record.exc_info)


def configure(*, json: bool, level: int = logging.INFO) -> None:
    """Set up logging for a process: JSON lines for machines, or plain ones for a terminal."""
    renderer = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    # At its own level uvicorn writes the paths of sockets, and in them are our tokens.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            hide_private,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Forwarded()], level=logging.WARNING)


def catch_strays() -> None:
    """Log what Python itself would print: warnings, and what fails in threads and where nobody can be told.

    For a process that is a server and nothing else: its log is JSON throughout, and masked throughout.
    """
    logging.captureWarnings(True)
    threading.excepthook = _thread_died
    sys.unraisablehook = _not_raised


def _thread_died(what: threading.ExceptHookArgs) -> None:
    name = what.thread.name if what.thread else None
    error = (what.exc_type, what.exc_value, what.exc_traceback)
    structlog.get_logger().error("a thread died", thread=name, exc_info=error)


def _not_raised(what: sys.UnraisableHookArgs) -> None:
    error = (what.exc_type, what.exc_value, what.exc_traceback)
    structlog.get_logger().error(
        what.err_msg or "a fault that could not be raised", of=repr(what.object), exc_info=error
    )

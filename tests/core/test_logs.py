"""Log lines: structured, the library's own ones too, and nothing private in any of them."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from linecard.logs import configure

NUMBER = "+14155550123"
TOKEN = "WyJhIiwiYiJd.c2VjcmV0LXRva2Vu"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """The lines since the last look."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def configured() -> None:
    """Set logging up as a server does: in the test, since pytest changes the streams before it."""
    logging.getLogger().handlers = []
    configure(json=True)


def test_numbers_are_masked_wherever_they_stand(lines: Lines) -> None:
    configured()
    structlog.get_logger().info(
        f"a call to {NUMBER}", to=NUMBER, tried=[NUMBER, {"number": NUMBER}], call="00aa11bb22cc33"
    )
    (line,) = lines()
    assert line["event"] == "a call to +1415***0123"
    assert line["to"] == "+1415***0123"
    assert line["tried"] == ["+1415***0123", {"number": "+1415***0123"}]
    assert line["call"] == "00aa11bb22cc33"


def test_tokens_in_our_addresses_are_masked(lines: Lines) -> None:
    configured()
    log = structlog.get_logger()
    log.info("x", url=f"wss://calls.example.com/ws/plivo/{TOKEN}")
    log.info("x", url=f"https://calls.example.com/plivo/answer?a=main&c=call&t={TOKEN}")
    socket, webhook = lines()
    assert socket["url"] == "wss://calls.example.com/ws/plivo/***"
    assert webhook["url"].startswith("https://calls.example.com/plivo/answer?a=main&c=call&t=***")
    assert TOKEN not in str(socket)


def test_tracebacks_are_masked(lines: Lines) -> None:
    configured()
    try:
        raise ValueError(f"{NUMBER} at /ws/plivo/{TOKEN}")
    except ValueError:
        structlog.get_logger().exception("it failed")
    (line,) = lines()
    assert "ValueError: +1415***0123 at /ws/plivo/***" in line["exception"]
    assert TOKEN not in line["exception"]


def test_lines_of_libraries_are_written_and_masked_like_our_own(lines: Lines) -> None:
    configured()
    logging.getLogger("uvicorn.error").warning("%s has sent /ws/plivo/%s", NUMBER, TOKEN)
    logging.getLogger("uvicorn.error").info("not worth a line")
    (line,) = lines()
    assert line["event"] == "+1415***0123 has sent /ws/plivo/***"
    assert (line["library"], line["level"]) == ("uvicorn.error", "warning")


STRAYS = """
import threading, warnings
from linecard.logs import catch_strays, configure

configure(json=True)
catch_strays()
warnings.warn("old, of +14155550123")
died = threading.Thread(target=lambda: int("+14155550123 x"))
died.start()
died.join()


class Gone:
    def __del__(self):
        raise ValueError("+14155550123 too late")


Gone()
"""


def test_what_python_itself_would_print_is_logged_and_masked() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STRAYS], capture_output=True, text=True, check=True
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["level"] for line in lines] == ["warning", "error", "error"]
    assert lines[1]["event"] == "a thread died"
    assert NUMBER not in done.stderr
    assert done.stderr.count("+1415***0123") >= 3

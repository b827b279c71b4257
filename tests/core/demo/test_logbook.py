"""Logs while the demo runs: nothing on the terminal, nothing lost."""

from __future__ import annotations

import logging

import pytest
import structlog

from linecard.demo.logbook import Line, collected_logs


def test_warnings_and_errors_are_kept_and_nothing_is_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with collected_logs() as book:
        log = structlog.get_logger()
        log.info("all is well")
        log.warning("odd", to="+14155550123")
        try:
            raise ValueError("broken")
        except ValueError:
            log.exception("failed")
            logging.getLogger("some.library").exception("also failed")
    assert book.warnings == ["odd to=+1415***0123"]
    assert [text.splitlines()[0] for text in book.errors] == ["failed", "some.library: also failed"]
    assert all("ValueError: broken" in text for text in book.errors)
    assert capfd.readouterr() == ("", "")


def test_an_agents_lines_are_heard_whole() -> None:
    heard: list[Line] = []
    with collected_logs() as book:
        book.agent_line = lambda line: heard.append(dict(line))
        structlog.get_logger(source="agent").info("transfer to +14155550142", to="linecard")
        structlog.get_logger().info("not an agent")
    assert [(line["event"], line["to"]) for line in heard] == [
        ("transfer to +14155550142", "linecard")
    ]


def test_logging_is_as_before_afterwards() -> None:
    before = structlog.get_config()
    with collected_logs():
        assert structlog.get_config() != before
    assert structlog.get_config() == before

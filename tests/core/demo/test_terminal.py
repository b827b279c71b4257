"""The demo in the terminal."""

from __future__ import annotations

import io

from rich.console import Console

from linecard.demo.report import Report
from linecard.demo.story import Moment, Tone, Who
from linecard.demo.terminal import Terminal


def _piped() -> tuple[Terminal, io.StringIO]:
    out = io.StringIO()
    return Terminal(Console(file=out, highlight=False, width=120)), out


def test_a_pipe_gets_plain_lines_and_no_control_codes(report: Report) -> None:
    terminal, out = _piped()
    with terminal.act("Outbound call", "to somebody", steps=2):
        terminal.show(Moment(1.5, Who.CUSTOMER, Who.AGENT, "presses 4", Tone.MEDIA))
        terminal.step("digits", 1)
    terminal.summary([report])
    lines = out.getvalue()
    assert "   1.50  customer → agent     presses 4\n" in lines
    assert "\x1b" not in lines
    assert "\r" not in lines


def test_a_terminal_gets_colours_and_leaves_no_progress_behind() -> None:
    out = io.StringIO()
    terminal = Terminal(Console(file=out, force_terminal=True, highlight=False, width=120))
    with terminal.act("Outbound call", "", steps=2):
        terminal.show(Moment(0, Who.LINECARD, Who.CARRIER, "calls", Tone.REQUEST))
    assert "\x1b[" in out.getvalue()


def test_foreign_text_cannot_move_the_cursor_or_style_a_line(hostile: str) -> None:
    terminal, out = _piped()
    terminal.show(Moment(0, Who.CUSTOMER, Who.AGENT, f"\x1b[2J[red]{hostile[:20]}", Tone.MEDIA))
    assert "\x1b" not in out.getvalue()
    assert "[red]" in out.getvalue()


def test_what_failed_is_listed_again_at_the_end(report: Report) -> None:
    terminal, out = _piped()
    terminal.summary([report])
    tail = out.getvalue().rsplit("1 of 2 checks failed:", 1)[1]
    assert "alert('x')" in tail
    assert "it rang" not in tail

"""The demo in the terminal: one calm line for each moment, progress below, a table of checks at the end.

In a pipe it is plain text: no colours, no cursor movements, no progress line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from linecard.demo.report import Check, Report
from linecard.demo.story import Moment, Tone, Who
from linecard.simulator.ledger import Entry, What

WHO: Mapping[Who, str] = MappingProxyType(
    {
        Who.CUSTOMER: "cyan",
        Who.CARRIER: "blue",
        Who.LINECARD: "green",
        Who.AGENT: "yellow",
        Who.HUMAN: "magenta",
    }
)
QUIET = frozenset({Tone.WEBHOOK, Tone.REQUEST})
COLUMN = max(len(who) for who in Who)
PLAIN_WIDTH = 120


class Terminal:
    """Prints a demo. `console` decides what the place can show."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or stdout_console()
        self._progress = Progress(
            TextColumn("  {task.description}", style="dim"),
            BarColumn(bar_width=28, complete_style="green", finished_style="green"),
            TextColumn("{task.completed:.0f} of {task.total:.0f}", style="dim"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task: TaskID | None = None

    @contextmanager
    def act(self, title: str, subtitle: str, steps: int) -> Iterator[None]:
        """One call: its heading, then whatever is shown, with a progress line of `steps` steps below."""
        self._console.print()
        self._console.print(Text.assemble((title, "bold"), "  ", (subtitle, "dim")))
        self._console.print()
        with self._progress:
            self._task = self._progress.add_task("starting", total=steps)
            try:
                yield
            finally:
                self._progress.remove_task(self._task)
                self._task = None

    def step(self, description: str, done: int) -> None:
        """The progress: what is going on now, and how many steps are done."""
        if self._task is not None:
            self._progress.update(self._task, description=escape(description), completed=done)

    def progress(self, steps: Sequence[tuple[What, str]]) -> Callable[[Entry], None]:
        """A watcher of a ledger that moves the progress line: each step is done with its first entry."""
        labels, done = dict(steps), set[What]()

        def watch(entry: Entry) -> None:
            if entry.what in labels and entry.what not in done:
                done.add(entry.what)
                self.step(labels[entry.what], len(done))

        return watch

    def show(self, moment: Moment) -> None:
        """One line: when, who to whom, and what."""
        self._print_line(_line(moment))

    def _print_line(self, line: Text) -> None:
        """One line: cut at the edge of a terminal, whole in a pipe."""
        if self._console.is_terminal:
            self._console.print(line, no_wrap=True, overflow="ellipsis")
        else:
            self._console.print(line, soft_wrap=True)

    def say(self, text: str, style: str = "") -> None:
        """A line of our own."""
        self._print_line(Text(text, style))

    def summary(self, reports: Sequence[Report]) -> None:
        """The checks of all calls as a table, and what failed in red beneath it."""
        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
        for report in reports:
            table.add_row("", Text(report.title, "bold"), "")
            for check in report.checks:
                table.add_row(*_row(check))
        self._console.print()
        self._console.print(table)
        self._console.print()
        self._verdict(reports)

    def _verdict(self, reports: Sequence[Report]) -> None:
        failed = [(report.title, check) for report in reports for check in report.failed]
        count = sum(len(report.checks) for report in reports)
        if not failed:
            self.say(f"all {count} checks passed", "bold green")
            return
        self.say(f"{len(failed)} of {count} checks failed:", "bold red")
        for title, check in failed:
            self.say(
                f"  {title}: {check.name}: {_printable(check.seen) or 'it did not happen'}", "red"
            )


def stdout_console() -> Console:
    """The console of standard output; wide enough in a pipe that no line is folded."""
    console = Console(highlight=False, soft_wrap=True)
    return console if console.is_terminal else Console(highlight=False, width=PLAIN_WIDTH)


def _line(moment: Moment) -> Text:
    line = Text.assemble((f"{moment.at:7.2f}  ", "dim"))
    line.append(f"{moment.source:<{COLUMN}}", WHO[moment.source])
    if moment.source is moment.target:
        line.append("   " + " " * COLUMN)
    else:
        line.append(" → ", "dim")
        line.append(f"{moment.target:<{COLUMN}}", WHO[moment.target])
    line.append("  ")
    line.append(_printable(moment.text), "dim" if moment.tone in QUIET else "")
    return line


def _printable(text: str) -> str:
    """Text from outside without what a terminal would obey."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def _row(check: Check) -> tuple[Text, Text, Text]:
    sign = Text("✓", "green") if check.passed else Text("✗", "bold red")
    return (
        sign,
        Text(check.name, "" if check.passed else "red"),
        Text(_printable(check.seen), "dim"),
    )

"""A campaign in the terminal: what became of the file, a bar that grows, and the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from linecard_campaigns.leads import LeadStatus
from linecard_campaigns.standing import ENDED

Counts = Mapping[str, int]
MOST_LINES = 10
"""Refused lines that are told one by one."""


class Screen:
    """Prints. In a pipe it is plain text without a bar."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)

    def taken(self, told: Mapping[str, Any]) -> None:
        """What became of the file."""
        self._say(
            f"{told['lines']} lines: {told['added']} leads added, {told['duplicates']} there already, "
            f"{told['refused']} refused"
        )
        wrong = [line for line in told["report"] if line["result"] != "added"]
        for line in wrong[:MOST_LINES]:
            self._say(f"  line {line['line']}: {line['field']} {line['message']}")
        if len(wrong) > MOST_LINES:
            self._say(f"  and {len(wrong) - MOST_LINES} more")

    @contextmanager
    def progress(self, total: int) -> Iterator[Callable[[Counts], None]]:
        """A bar of leads that have ended; what is yielded takes the counts by status."""
        bar = Progress(
            TextColumn("calling"),
            BarColumn(bar_width=32),
            TextColumn("{task.completed:.0f} of {task.total:.0f}  {task.fields[counts]}"),
            TimeElapsedColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        with bar:
            task = bar.add_task("calling", total=total, counts="")
            yield lambda counts: bar.update(task, completed=_ended(counts), counts=_told(counts))

    def report(self, report: Mapping[str, Any]) -> None:
        """Funnel, outcomes, and what each account did."""
        self._say("")
        for title, counts in (("leads", report["funnel"]), ("outcomes", report["outcomes"])):
            self._say(f"{title:9}" + "  ".join(f"{name} {n}" for name, n in counts.items()))
        table = Table("account", "attempts", "answered", "minutes", "US dollars", box=None)
        for one in report["carriers"]:
            account = f"{one['provider']}:{one['account']}"
            cells = (one["attempts"], one["answered"], one["minutes"], one["cost"])
            table.add_row(account, *map(str, cells))
        self._console.print(table)

    def wrote(self, file: Path) -> None:
        """A file is there."""
        self._say(f"wrote {file}")

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False)


def _ended(counts: Counts) -> int:
    return sum(counts[status] for status in ENDED)


def _told(counts: Counts) -> str:
    named = (f"{counts[status]} {status}" for status in LeadStatus if counts[status])
    return ", ".join(named)

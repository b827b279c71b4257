"""Two lists of lines, and what of them differs."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from linecard.replay.report import Difference

MOST_LINES = 40


def diff(what: str, was: Sequence[str], now: Sequence[str]) -> Difference:
    """The lines that differ, and nothing of those that do not."""
    gone: list[str] = []
    come: list[str] = []
    for tag, a, b, c, d in SequenceMatcher(a=was, b=now, autojunk=False).get_opcodes():
        if tag != "equal":
            gone += was[a:b]
            come += now[c:d]
    return Difference(what, gone[:MOST_LINES], come[:MOST_LINES])

"""The capability table of a provider, in lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from linecard.plugins.implemented import capabilities
from linecard.plugins.specs import PROVIDER


def lines(provider: Any) -> Iterator[str]:
    """A row for every hook, a column for every stream profile."""
    offered = capabilities(provider)
    yield " ".join((f"{'':<20}", *(f"{name:^14}" for name in offered)))
    for hook in PROVIDER:
        marks = ("yes" if hook in hooks else "-" for hooks in offered.values())
        yield " ".join((f"{hook:<20}", *(f"{mark:^14}" for mark in marks))).rstrip()

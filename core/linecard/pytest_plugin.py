"""The pytest plugin: reports of the kit read as sentences, and end with the capability table.

It is loaded in every run of pytest where Linecard is installed, so it loads nothing itself.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

pytest.register_assert_rewrite("linecard.testing")

TESTED = pytest.StashKey[dict[str, Any]]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep a list of the providers that are tested."""
    config.stash[TESTED] = {}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Remember a provider whose conformance is tested."""
    conformance = sys.modules.get("linecard.testing.conformance")
    cls: Any = getattr(item, "cls", None)
    if conformance and isinstance(cls, type) and issubclass(cls, conformance.ProviderConformance):
        bench = cls().bench
        item.config.stash[TESTED][bench.known_as()] = bench.provider


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print what each tested provider can do, by stream profile."""
    for name, provider in config.stash[TESTED].items():
        from linecard.testing.table import lines

        terminalreporter.section(f"{name}: hooks by stream profile")
        for line in lines(provider):
            terminalreporter.write_line(line)

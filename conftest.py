"""What every test leaves as it was, and which tests the quick run leaves to the slow one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from zlib import crc32

import pytest
import structlog

ROOT = Path(__file__).parent
CARRIERS = frozenset(folder.name for folder in (ROOT / "providers").iterdir())
STORIES = frozenset(ROOT / "tests" / folder for folder in ("calls", "doctor", "replay"))
"""Where a test is a whole call, and may be told with one carrier or another."""


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command that is run in this process sets logging up for itself, down to silence."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave all but one carrier of each story to the slow run; the story's name tells which stays. A crowd is
    slow."""
    for item in items:
        if item.get_closest_marker("crowd"):
            item.add_marker(pytest.mark.slow)
    for name, told in _stories(items).items():
        carriers = sorted({carrier for carrier, _ in told})
        stays = carriers[crc32(name.encode()) % len(carriers)]
        for carrier, item in told:
            if carrier != stays:
                item.add_marker(pytest.mark.slow)


def _stories(items: Iterable[pytest.Item]) -> dict[str, list[tuple[str, pytest.Item]]]:
    stories = defaultdict(list)
    for item in items:
        carrier = _carrier(item)
        if carrier and not STORIES.isdisjoint(item.path.parents):
            stories[item.nodeid.partition("[")[0]].append((carrier, item))
    return stories


def _carrier(item: pytest.Item) -> str:
    """The carrier that a test runs with, where it is a parameter and the test is not slow anyway."""
    if not isinstance(item, pytest.Function) or item.get_closest_marker("slow"):
        return ""
    spec = getattr(item, "callspec", None)
    given = spec.params.values() if spec else ()
    return next((one for one in given if isinstance(one, str) and one in CARRIERS), "")

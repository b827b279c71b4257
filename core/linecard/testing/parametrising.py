"""Over what each check runs: one table from the names of a check's arguments to their values."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import pytest

from linecard.plugins.specs import may_be_async
from linecard.testing.bench import Bench
from linecard.testing.case import Case

Values = Sequence[tuple[str, tuple[Any, ...]]]
"""Each with its id, which is read in reports."""


def _named(things: Mapping[str, Any]) -> Values:
    return [(name, (thing,)) for name, thing in things.items()]


def _words(bench: Bench) -> Values:
    rows: list[tuple[str, tuple[Any, ...]]] = []
    for name, words in bench.words().items():
        rows += [(f"{name}:{word}", (words, word, one)) for word, one in words.words.items()]
    return rows


def _profiles(bench: Bench) -> Values:
    if "stream_profiles" not in bench.hooks():
        return []
    return [(profile.name, (profile,)) for profile in bench.profiles()]


def _awaited(bench: Bench) -> Values:
    return [(hook, (hook,)) for hook in sorted(bench.hooks()) if may_be_async(hook)]


TABLE: Mapping[tuple[str, ...], tuple[str, Callable[[Bench], Values]]] = {
    ("words", "word", "status"): ("the test has no Words", _words),
    ("words",): ("the test has no Words", lambda bench: _named(bench.words())),
    ("sample",): ("the test has no Sample", lambda bench: _named(bench.samples())),
    ("media",): ("the test has no MediaSamples", lambda bench: _named(bench.media_samples())),
    ("profile",): ("the provider has no stream profile", _profiles),
    ("hook",): (
        "the provider has no hook",
        lambda bench: [(hook, (hook,)) for hook in sorted(bench.hooks())],
    ),
    ("awaited",): ("the provider has no hook that is awaited", _awaited),
}


def sets_of(
    cls: type[Case], wanted: Sequence[str]
) -> Iterator[tuple[tuple[str, ...], str, Values]]:
    """The argument sets of the table that a check takes: names, reason where empty, values."""
    left = set(wanted)
    bench = cls().bench
    for names, (reason, values) in TABLE.items():
        if left.issuperset(names):
            left -= set(names)
            yield names, reason, values(bench)


def parametrise(metafunc: pytest.Metafunc) -> None:
    """Give a check of a test class its values; where there are none, it is skipped with the reason."""
    assert metafunc.cls is not None
    for names, reason, values in sets_of(metafunc.cls, _free(metafunc)):
        rows = [pytest.param(*row, id=name) for name, row in values]
        none = pytest.param(*(None for _ in names), id="-", marks=pytest.mark.skip(reason=reason))
        metafunc.parametrize(names, rows or [none])


def _free(metafunc: pytest.Metafunc) -> list[str]:
    """The arguments that the check's own marks do not fill."""
    marks = metafunc.definition.iter_markers("parametrize")
    taken = {name for mark in marks for name in _argument_names(mark.args[0])}
    return [name for name in metafunc.fixturenames if name not in taken]


def _argument_names(given: str | Sequence[str]) -> list[str]:
    return [one.strip() for one in given.split(",")] if isinstance(given, str) else list(given)


def runs(cls: type[Case], check: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """A check as plain functions, each with its id: for who runs the kit without pytest's collection."""
    function = getattr(cls, check)
    free = [name for name in inspect.signature(function).parameters if name != "self"]
    sets: list[list[tuple[str, dict[str, Any]]]] = []
    for mark in getattr(function, "pytestmark", ()):
        names = _argument_names(mark.args[0])
        free = [name for name in free if name not in names]
        sets.append([_row(names, value) for value in mark.args[1]])
    for taken, _, values in sets_of(cls, free):
        sets.append([(one, dict(zip(taken, row, strict=True))) for one, row in values])
    for rows in product(*sets):
        arguments = {name: value for _, row in rows for name, value in row.items()}
        yield "-".join(one for one, _ in rows), _bound(cls, check, arguments)


def _row(names: Sequence[str], value: Any) -> tuple[str, dict[str, Any]]:
    row = value if len(names) > 1 else (value,)
    return repr(value), dict(zip(names, row, strict=True))


def _bound(cls: type[Case], check: str, arguments: Mapping[str, Any]) -> Callable[[], None]:
    return lambda: getattr(cls(), check)(**arguments)

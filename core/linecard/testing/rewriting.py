"""Samples with one thing changed: a field's value, a field gone, another call's id."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from linecard.testing.samples import Sample
from linecard.webhook import Callback

GONE: Any = object()
HOSTILE_TEXTS = (
    "",
    " ",
    "\x00",
    "null",
    "-1",
    "NaN",
    "1e999",
    "9" * 5000,
    "٣",
    "\u202e\U0001f4de",
    "<![CDATA[]]>&lt;",
    "'; DROP TABLE calls; --",
    "x" * 10_000,
    "../../etc/passwd",
    "\r\nX-Injected: 1",
)
HOSTILE_JSON: tuple[object, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    [],
    [None],
    {},
    {"x": {}},
    "",
    " ",
    "\x00",
    "x" * 10_000,
    "\U0001f4de",
    "NaN",
)


def hostile_values(sample: Sample) -> Sequence[object]:
    """Values that no field of a sample should have."""
    return HOSTILE_TEXTS if sample.json is None else HOSTILE_JSON


def every_field(sample: Sample) -> list[str]:
    """The fields of a sample; dotted paths in JSON, each object and list included."""
    if sample.json is not None:
        return list(every_path(sample.json))
    return [*sample.form, *sample.query]


def every_path(value: object, before: str = "") -> Iterator[str]:
    """The dotted path of everything in a JSON value."""
    children: list[tuple[Any, object]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    for name, child in children:
        at = f"{before}.{name}" if before else str(name)
        yield at
        yield from every_path(child, at)


def without_field(sample: Sample, at: str) -> Sample:
    """The sample without a field. Raises KeyError where it has none of that name."""
    return _changed(sample, at, GONE)


def with_field(sample: Sample, at: str, value: object) -> Sample:
    """The sample with another value of a field; one that it does not have is added."""
    return _changed(sample, at, value)


def _changed(sample: Sample, at: str, value: object) -> Sample:
    if sample.json is not None and at not in sample.query:
        return replace(sample, json=put_at(sample.json, at, value))
    if at in sample.query:
        return replace(sample, query=_fields(sample.query, at, value))
    return replace(sample, form=_fields(sample.form, at, value))


def _fields(form: Any, at: str, value: object) -> dict[str, str]:
    if value is GONE:
        if at not in form:
            raise KeyError(at)
        return {name: text for name, text in form.items() if name != at}
    return {**form, at: str(value)}


def put_at(tree: Any, at: str, value: object = GONE) -> Any:
    """A JSON value with another value at a dotted path, or with nothing there."""
    path = at.split(".")
    made = copy.deepcopy(tree)
    place = made
    for name in path[:-1]:
        place = place[_key(place, name)]
    last = _key(place, path[-1])
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return made


def _key(place: Any, name: str) -> Any:
    return int(name) if isinstance(place, list) else name


def another_call(sample: Sample, said: Callback) -> Sample | None:
    """The same request about another call: each of the carrier's ids in it is another one.

    So are the ids that it owns, and where one stands inside another text, as in an address, it is another there.
    """
    ids = {value for event in said.events for value in event.carrier_ids.values()}
    ids |= {*said.call_ids.values(), *sample.owned}
    changed = sample
    for old in sorted(ids - {""}):
        changed = _exchanged(changed, old, another_id(old))
    return None if changed == sample else changed


def another_id(text: str) -> str:
    """An id of the same make."""
    last = text[-1:]
    return text[:-1] + ("1" if last == "0" else "0" if last.isdigit() else _next_letter(last))


def _next_letter(letter: str) -> str:
    following = {"f": "a", "z": "a", "Z": "A", "F": "A"}
    return following.get(letter) or chr(ord(letter) + 1)


def _exchanged(sample: Sample, old: str, new: str) -> Sample:
    return replace(
        sample,
        form={name: text.replace(old, new) for name, text in sample.form.items()},
        query={name: text.replace(old, new) for name, text in sample.query.items()},
        body=sample.body and sample.body.replace(old.encode(), new.encode()),
        json=_swap(sample.json, old, new),
    )


def _swap(tree: object, old: str, new: str) -> object:
    if isinstance(tree, dict):
        return {name: _swap(child, old, new) for name, child in tree.items()}
    if isinstance(tree, list):
        return [_swap(child, old, new) for child in tree]
    return tree.replace(old, new) if isinstance(tree, str) else tree

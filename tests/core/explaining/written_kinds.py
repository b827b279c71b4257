"""Which kinds of lines and which reasons of ends the core writes, read out of its source."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from linecard.events import CarrierEvent, RecordingResult
from linecard.exchange.chronicle import event_name
from linecard.exchange.recording_acts import ACTS
from linecard.exchange.refusals import REPEATED

CORE = Path(__file__).parents[3] / "core" / "linecard"
ASIDE = ("simulator", "testing", "demo", "replay", "explaining")
EXPANDED: Mapping[str, tuple[str, ...]] = {
    "dial-{}": ("dial-queued", "dial-dialing"),
    "recording-{}-asked": tuple(f"recording-{action}-asked" for action in ACTS),
    "recording-{}-refused": tuple(f"recording-{action}-refused" for action in ACTS),
    "recording-{}": tuple(f"recording-{result}" for result in RecordingResult),
}
"""Names that are put together: what stands in the braces is one of few words."""
PASSED_ON = frozenset(
    {
        "believing.py",
        "call.py",
        "control.py",
        "ears.py",
        "found.py",
        "noting.py",
        "refusals.py",
        "session.py",
        "watchdog.py",
    }
)
"""Where a name is a parameter: those who give it are looked at themselves."""


@dataclass(frozen=True, slots=True)
class Source:
    """One module."""

    path: Path
    tree: ast.Module

    @property
    def module(self) -> str:
        parts = self.path.relative_to(CORE.parent).with_suffix("").parts
        return ".".join(parts).removesuffix(".__init__")

    def calls(self) -> Iterator[ast.Call]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))


@cache
def sources() -> tuple[Source, ...]:
    paths = [
        path for path in sorted(CORE.rglob("*.py")) if path.relative_to(CORE).parts[0] not in ASIDE
    ]
    return tuple(Source(path, ast.parse(path.read_text())) for path in paths)


def kinds() -> set[str]:
    """Every kind of line."""
    found = {event_name_of(kind) for kind in every_event(CarrierEvent)}
    for source in sources():
        for call in source.calls():
            name = _kind_argument(call)
            if name is not None:
                found |= set(_texts(source, name))
    return found - {REPEATED}  # counted, and never a line


def every_event(of: type[CarrierEvent]) -> Iterator[type[CarrierEvent]]:
    for one in of.__subclasses__():
        yield one
        yield from every_event(one)


def event_name_of(kind: type[CarrierEvent]) -> str:
    return event_name(object.__new__(kind))


def _kind_argument(call: ast.Call) -> ast.expr | None:
    """What says the kind, in a call that writes a line."""
    if isinstance(call.func, ast.Name) and call.func.id == "note":
        return call.args[2]
    if not isinstance(call.func, ast.Attribute):
        return None
    receiver = call.func.value
    if call.func.attr == "append" and isinstance(receiver, ast.Name) and receiver.id == "timeline":
        return call.args[2]
    places = {"note": (1, 0), "_note": (0,), "fact": (0,), "_fact": (0,), "on_fact": (0,)}
    for place in places.get(call.func.attr, ()):
        if len(call.args) > place and isinstance(call.args[place], ast.Constant | ast.Name):
            return call.args[place]
    return None


def _texts(source: Source, node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.JoinedStr):
        yield from EXPANDED[_pattern(node)]
    elif isinstance(node, ast.Name):
        yield from _named(source, node.id)
    elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        yield from getattr(importlib.import_module(source.module), node.value.id).values()
    elif not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "event_name"):
        raise AssertionError(f"{source.path}:{node.lineno}: a kind that cannot be read")


def _pattern(node: ast.JoinedStr) -> str:
    return "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)


def _named(source: Source, name: str) -> Iterator[str]:
    """A constant of the module, or a local name that is one of several texts."""
    value = getattr(importlib.import_module(source.module), name, None)
    if isinstance(value, str):
        yield value
        return
    assigned = [
        str(one.value)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Assign) and _is_to(node, name)
        for one in ast.walk(node.value)
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]
    assert assigned or source.path.name in PASSED_ON, f"{source.path}: what is {name}?"
    yield from assigned


def _is_to(node: ast.Assign, name: str) -> bool:
    return any(isinstance(one, ast.Name) and one.id == name for one in node.targets)


ENDING: Mapping[str, Callable[[ast.Call], ast.expr | None]] = {
    "LegEnded": lambda call: next(
        (one.value for one in call.keywords if one.arg == "reason"), None
    ),
    "_refused": lambda call: call.args[1] if len(call.args) == 3 else None,
    "hang_up": lambda call: next(
        (one.value for one in call.keywords if one.arg == "reason"),
        call.args[2] if len(call.args) > 2 else None,
    ),
}
"""Calls that end a call, or ask for its end, and the argument that says why."""


def reasons() -> set[str]:
    """Every reason of an end; of one that goes on with what is particular, its beginning."""
    found: set[str] = set()
    for source in sources():
        for call in source.calls():
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            said = ENDING[name](call) if name in ENDING else None
            found |= set(_reasons(source, said))
    return found


def _reasons(source: Source, node: ast.expr | None) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        yield str(node.values[0].value)
    elif isinstance(node, ast.Name):
        value = getattr(importlib.import_module(source.module), node.id, None)
        if isinstance(value, str):
            yield value

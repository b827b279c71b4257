"""Finding plugins: the entry-point group `linecard`, walked by ourselves so that nothing is skipped in silence."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import structlog

from linecard.errors import PluginError
from linecard.plugins.implemented import capabilities, faults, is_provider

log = structlog.get_logger()

GROUP = "linecard"
SLOW_SECONDS = 1.0
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
OUR_ROUTES = frozenset({"api", "ws", "healthz", "readyz", "metrics"})
"""What our own addresses begin with: no plugin has such a name."""


@dataclass(frozen=True, slots=True)
class ProviderPlugin:
    """An installed provider; `name` is the value of a number's `provider`."""

    name: str
    cls: Any
    distribution: str
    version: str


@dataclass(frozen=True, slots=True)
class OtherPlugin:
    """An installed plugin that is no provider; `plugin` is a module or an object."""

    name: str
    plugin: Any
    distribution: str
    version: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A plugin that cannot be used, and why."""

    name: str
    distribution: str
    reason: str


Found = ProviderPlugin | OtherPlugin | Skipped


class _Unusable(Exception):
    """Why a plugin is skipped."""


def find(given: Iterable[EntryPoint] | None) -> Iterator[Found]:
    """What is installed, by name. Raises PluginError when two distributions claim one name."""
    points = entry_points(group=GROUP) if given is None else given
    for name, claims in sorted(_by_name(points).items()):
        if len(claims) > 1:
            raise PluginError(
                f"two plugins are named {name!r}: "
                f"{' and '.join(sorted(_claimed(claim) for claim in claims))}; uninstall one"
            )
        yield _load(claims[0])


def _by_name(points: Iterable[EntryPoint]) -> dict[str, list[EntryPoint]]:
    """One distribution that is seen twice (an editable install) is one claim."""
    claims: dict[str, dict[tuple[str, str], EntryPoint]] = defaultdict(dict)
    for point in points:
        claims[point.name].setdefault((_distribution(point)[0], point.value), point)
    return {name: list(found.values()) for name, found in claims.items()}


def _claimed(point: EntryPoint) -> str:
    name, version = _distribution(point)
    return f"{name} {version} ({point.value})"


def _distribution(point: EntryPoint) -> tuple[str, str]:
    return (point.dist.name, point.dist.version) if point.dist else ("no distribution", "0")


def _load(point: EntryPoint) -> Found:
    distribution, version = _distribution(point)
    try:
        plugin = _usable(point.name, _imported(point))
    except _Unusable as error:
        return Skipped(point.name, distribution, str(error))
    kind = ProviderPlugin if isinstance(plugin, type) else OtherPlugin
    return kind(point.name, plugin, distribution, version)


def _imported(point: EntryPoint) -> Any:
    begun = time.perf_counter()
    try:
        plugin = point.load()
    except (Exception, SystemExit) as error:
        raise _Unusable(f"it cannot be imported: {type(error).__name__}: {error}") from error
    took = time.perf_counter() - begun
    if took > SLOW_SECONDS:
        log.warning("plugin is slow to import", plugin=point.name, seconds=round(took, 1))
    return plugin


def _usable(name: str, plugin: Any) -> Any:
    """A provider's class, or the object to register. Raises _Unusable."""
    wrong = list(_checked(name, plugin))
    if wrong:
        raise _Unusable("; ".join(wrong))
    if isinstance(plugin, type) and not is_provider(plugin):
        return _instance(plugin)
    return plugin


def _checked(name: str, plugin: Any) -> Iterator[str]:
    if not _NAME.fullmatch(name) or name in OUR_ROUTES:
        yield f"{name!r} cannot be a plugin's name: small letters, digits, - and _, and no route of ours"
    try:
        yield from (found := faults(plugin))
        if not found and is_provider(plugin):
            yield from _profile_faults(capabilities(plugin))
    except Exception as error:  # noqa: BLE001  a stranger's class may raise whatever it likes
        yield f"it cannot be read: {type(error).__name__}: {error}"


def _profile_faults(offered: dict[str, frozenset[str]]) -> Iterator[str]:
    if not offered:
        yield "stream_profiles names no profile"


def _instance(cls: type) -> object:
    try:
        return cls()
    except Exception as error:
        raise _Unusable(f"it cannot be made: {type(error).__name__}: {error}") from error

"""What is installed, in rows for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from linecard.plugins.implemented import capabilities, joined_hooks
from linecard.plugins.registry import Plugins


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One plugin: what it can do per stream profile (`-` without profiles), or why it was skipped."""

    name: str
    kind: str
    distribution: str
    version: str = ""
    hooks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    reason: str = ""


def describe(plugins: Plugins) -> list[Row]:
    """Providers, other plugins, and what was skipped with the reason; each by name."""
    return [*_providers(plugins), *_others(plugins), *_skipped(plugins)]


def _providers(plugins: Plugins) -> list[Row]:
    return [
        Row(
            name=one.name,
            kind="provider",
            distribution=one.distribution,
            version=one.version,
            hooks=capabilities(one.cls),
        )
        for one in sorted(plugins.providers.values(), key=lambda one: one.name)
    ]


def _others(plugins: Plugins) -> list[Row]:
    return [
        Row(
            name=one.name,
            kind="plugin",
            distribution=one.distribution,
            version=one.version,
            hooks={"-": joined_hooks(one.plugin)},
        )
        for one in plugins.others
    ]


def _skipped(plugins: Plugins) -> list[Row]:
    return [
        Row(name=one.name, kind="skipped", distribution=one.distribution, reason=one.reason)
        for one in plugins.skipped
    ]

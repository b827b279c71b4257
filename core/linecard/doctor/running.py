"""The examination: the checks one after another, each alone, so that none keeps another from speaking."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from linecard.doctor.checks import CHECKS, Check
from linecard.doctor.findings import Finding, failed, ok, unknown
from linecard.doctor.machine import versions
from linecard.doctor.seeing import seen
from linecard.errors import ConfigurationError
from linecard.plugins import Plugins
from linecard.settings import from_here

if TYPE_CHECKING:
    from linecard.doctor.patient import Patient

CHECK_SECONDS = 60.0
UNREADABLE = unknown("the settings cannot be used, see above")


async def examine() -> AsyncIterator[Finding]:
    """Findings in the order of the report. Nothing is changed anywhere."""
    for one in _named("versions", versions()):
        yield one
    try:
        plugins = Plugins.discover()
        for one in _named("plugins", _skipped(plugins)):
            yield one
        classes = {name: provider.cls for name, provider in plugins.providers.items()}
        patient = await seen(from_here(classes), plugins)
    except ConfigurationError as error:
        for one in _unusable(error):
            yield one
        return
    yield replace(ok("all settings can be read, and all accounts opened"), check="settings")
    async for one in report(patient):
        yield one


async def report(patient: Patient) -> AsyncIterator[Finding]:
    """What every check of the table makes of what was seen."""
    for name, check in CHECKS.items():
        for one in _named(name, await _checked(check, patient)):
            yield one


async def _checked(check: Check, patient: Patient) -> list[Finding]:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check(patient)
    except TimeoutError:
        return [unknown(f"it was not done after {CHECK_SECONDS:.0f} s")]
    except Exception as error:  # noqa: BLE001  a plugin's fault must not hide other findings
        return [unknown(f"the check itself failed: {error!r}", "report it")]


def _skipped(plugins: Plugins) -> list[Finding]:
    broken = [
        failed(
            f"it cannot be used: {one.reason}",
            f"install what {one.distribution} needs, or uninstall it",
        ).of(one.name)
        for one in plugins.skipped
    ]
    names = [*plugins.providers, *(other.name for other in plugins.others)]
    return broken or [ok(f"{len(names)} loaded: {', '.join(sorted(names)) or 'none'}")]


def _unusable(error: ConfigurationError) -> Iterator[Finding]:
    do = "correct them: docs/settings.md lists all; 'linecard init' writes a file to begin with"
    yield replace(failed(str(error), do), check="settings")
    for name in CHECKS:
        yield replace(UNREADABLE, check=name)


def _named(check: str, found: Iterable[Finding]) -> Iterator[Finding]:
    return (replace(one, check=check) for one in found)

"""The machine itself: versions, the program that speaks texts, the clock."""

from __future__ import annotations

import platform
import shutil
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from linecard.doctor.findings import Finding, failed, ok, unknown, warning
from linecard.doctor.patient import Patient
from linecard.exchange.sounds import SYNTHESISER

OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 35)
"""RETURNING came with it."""
CLOCK_SECONDS = 5.0


def versions() -> list[Finding]:
    """Python and SQLite."""
    return judged_versions(sys.version_info[:2], sqlite3.sqlite_version_info[:2])


def judged_versions(python: Sequence[int], sqlite: Sequence[int]) -> list[Finding]:
    """Whether these are new enough."""
    says = (
        f"Linecard {version('linecard')}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}"
    )
    if tuple(python) < OLDEST_PYTHON or tuple(sqlite) < OLDEST_SQLITE:
        oldest = f"{'.'.join(map(str, OLDEST_PYTHON))} and {'.'.join(map(str, OLDEST_SQLITE))}"
        return [failed(says, f"use Python and SQLite of at least {oldest}")]
    return [ok(says)]


async def speech(patient: Patient) -> list[Finding]:
    """Whether texts can be spoken where the carrier does not speak them."""
    if shutil.which(SYNTHESISER):
        return [ok(f"{SYNTHESISER} is installed")]
    if patient.numbers is None:
        return [unknown("the database cannot be read, so nobody knows whether texts are spoken")]
    silent = [
        failed(
            f"its routing holds a text to say, and {SYNTHESISER} is not installed",
            f"install {SYNTHESISER}, or use sounds of LINECARD_SOUNDS",
        ).of(number.number)
        for number in patient.numbers
        if _says(number.routing) and not _carrier_speaks(patient, number.provider)
    ]
    return silent or [ok(f"{SYNTHESISER} is not installed, and no number needs it")]


def _carrier_speaks(patient: Patient, provider: str) -> bool:
    known = patient.plugins.providers.get(provider)
    return known is None or (known.cls.facts().speaks and known.cls.facts().gathers)


def _says(routing: Any) -> bool:
    """Whether a text to say stands anywhere in a routing."""
    if isinstance(routing, Mapping):
        return bool(routing.get("say")) or any(_says(inner) for inner in routing.values())
    return isinstance(routing, list | tuple) and any(_says(inner) for inner in routing)


async def clock(patient: Patient) -> list[Finding]:
    """This machine's clock beside those of the carriers' APIs and of the public URL."""
    asked = {"the public URL": patient.healthz, **patient.dates}
    differing = {who: one.clock_difference for who, one in asked.items()}
    known = {who: seconds for who, seconds in differing.items() if seconds is not None}
    if not known:
        return [unknown("nobody who was asked told the time")]
    off = [_off(who, seconds) for who, seconds in known.items() if abs(seconds) > CLOCK_SECONDS]
    most = max(abs(seconds) for seconds in known.values())
    return off or [ok(f"within {most:.0f} s of {', '.join(known)}")]


def _off(who: str, seconds: float) -> Finding:
    how = "behind" if seconds > 0 else "ahead of"
    return warning(
        f"this machine's clock is {abs(seconds):.0f} s {how} that of {who}",
        "set it by NTP (timedatectl set-ntp true): tokens expire, and carriers' times are compared",
    )

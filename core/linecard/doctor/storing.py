"""The database: there, writable, at the newest migration, and with room to grow."""

from __future__ import annotations

from collections.abc import Iterator

from linecard.doctor.findings import Finding, failed, ok, warning
from linecard.doctor.patient import Patient
from linecard.store.state import DatabaseState

MEGABYTE = 1_000_000
LITTLE_SPACE = 1_000 * MEGABYTE
NO_SPACE = 100 * MEGABYTE
LARGE_LOG = 256 * MEGABYTE


async def database(patient: Patient) -> list[Finding]:
    """Whether it is there, writable, at the newest migration, and has room to grow."""
    return judged(patient.database)


def judged(state: DatabaseState) -> list[Finding]:
    """A finding for each thing that is wrong; one for all that is right."""
    found = [*_usable(state), *_room(state)]
    return found or [ok(_right(state))]


def _usable(state: DatabaseState) -> Iterator[Finding]:
    if state.trouble:
        yield failed(
            f"{state.shown} cannot be used: {state.trouble}",
            "see that it is there and may be opened, restore it from a backup, or correct "
            "LINECARD_DATABASE_URL",
        )
        return
    if state.unwritable:
        yield failed(
            f"{state.shown} cannot be written: {state.unwritable}",
            "give this user the right to write there, or end what holds it",
        )
    if state.missing and not state.unwritable:
        yield warning(
            f"{state.shown} is not there yet", "start 'linecard serve' once: it makes the database"
        )
    yield from _migrations(state)


def _migrations(state: DatabaseState) -> Iterator[Finding]:
    if state.strange:
        yield failed(
            f"{state.shown} was made by a newer version, or a plugin that is gone: "
            f"{', '.join(state.strange)}",
            "install that version or plugin, or restore the database from a backup",
        )
    if state.behind:
        yield warning(
            f"{state.shown} lacks migrations up to {', '.join(state.behind)}",
            "restart 'linecard serve': it brings the database up to date",
        )


def _room(state: DatabaseState) -> Iterator[Finding]:
    if state.journal not in (None, "wal"):
        yield warning(
            f"SQLite runs with journal_mode {state.journal}, not WAL: readers and the writer wait for "
            "each other",
            "restart 'linecard serve', on a local disk: it sets WAL",
        )
    free = state.free_bytes
    if free is not None and free < LITTLE_SPACE:
        tell = failed if free < NO_SPACE else warning
        yield tell(f"{free // MEGABYTE} MB are free on the database's disk", "make room there")
    if state.wal_bytes is not None and state.wal_bytes > LARGE_LOG:
        yield warning(
            f"SQLite's log of writes has {state.wal_bytes // MEGABYTE} MB: some reader never ends",
            "find the program that holds the database open, and end it",
        )


def _right(state: DatabaseState) -> str:
    about = f"{state.shown} is there, writable and at the newest migration"
    if state.free_bytes is None:
        return about
    return f"{about}; WAL, {state.free_bytes // MEGABYTE} MB free"

"""A pair of Python and SQLite with which the queue cannot write: told at the start where leads wait, and to whoever pushes some.

From Python 3.12 on, DBOS writes times with a function of SQLite's that older libraries lack.
"""

from __future__ import annotations

import sqlite3
import sys
from typing import TYPE_CHECKING

from linecard import ConfigurationError, Conflict

if TYPE_CHECKING:
    from linecard.store import Database

NEEDS_SQLITE = (3, 42)


def check(database: Database) -> None:
    """Raise ConfigurationError where campaigns cannot run on this database, here."""
    if database.file is not None:
        check_this()


def refuse(database: Database) -> None:
    """Raise Conflict instead: leads that nobody could call are not taken in."""
    try:
        check(database)
    except ConfigurationError as error:
        raise Conflict(str(error)) from error


def check_this() -> None:
    """The same for an SQLite file with this interpreter."""
    check_sqlite(sys.version_info[:2], sqlite3.sqlite_version_info[:2])


def check_sqlite(python: tuple[int, ...], sqlite: tuple[int, ...]) -> None:
    """Raise ConfigurationError for a pair with which DBOS fails at its first write."""
    if python >= (3, 12) and sqlite < NEEDS_SQLITE:
        raise ConfigurationError(
            f"campaigns on an SQLite file need SQLite {'.'.join(map(str, NEEDS_SQLITE))} or newer with "
            f"Python {'.'.join(map(str, python))}, and this interpreter has {'.'.join(map(str, sqlite))}: use "
            "Python 3.11, a newer system (Debian 13), or PostgreSQL by LINECARD_DATABASE_URL"
        )

"""The state of a database as it lies there: looked at, and not made, migrated or written to."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, NullPool, create_engine
from sqlalchemy.exc import DBAPIError

from linecard.errors import ConfigurationError
from linecard.store.migrate import alembic_config
from linecard.store.urls import is_sqlite, parse_url, shown, sync_url

WAIT_SECONDS = 5
WRITABLE_TABLES = ("calls", "inbox", "outbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseState:
    """What was found. `missing`: there is none yet; `trouble`: why it cannot be used, empty if it can.

    `behind` are migrations that it lacks, `strange` ones that this program does not know. `unwritable`
    says why nothing can be written, empty if it can. Of SQLite: `journal` (`wal`), and bytes free on
    its disk and in its log of writes.
    """

    shown: str
    missing: bool = False
    trouble: str = ""
    behind: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()
    unwritable: str = ""
    journal: str | None = None
    free_bytes: int | None = None
    wal_bytes: int | None = None

    @property
    def is_current(self) -> bool:
        """Whether it can be read by this program as it is."""
        return not (self.missing or self.trouble or self.behind or self.strange)


def look(database_url: str, extra_versions: Sequence[str] = ()) -> DatabaseState:
    """Look at a database. Blocks; call it in a thread. Raises nothing for what it finds."""
    try:
        url = parse_url(database_url)
    except ConfigurationError as error:
        return DatabaseState(shown="the database", trouble=str(error))
    try:
        return _sqlite(url, extra_versions) if is_sqlite(url) else _server(url, extra_versions)
    except (DBAPIError, sqlite3.Error, OSError, CommandError) as error:
        why = str(getattr(error, "orig", None) or error)
        return DatabaseState(shown=_plain(url), trouble=" ".join(why.split()))


def _plain(url: URL) -> str:
    """The URL as people write it, without driver and password."""
    return shown(url.set(drivername=url.get_backend_name()))


def _sqlite(url: URL, extra_versions: Sequence[str]) -> DatabaseState:
    path = Path(url.database or "")
    if not path.is_file():
        return DatabaseState(shown=_plain(url), missing=True, unwritable=_folder_fault(path))
    with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=WAIT_SECONDS)) as plain:
        plain.isolation_level = None
        journal = str(plain.execute("PRAGMA journal_mode").fetchone()[0])
        unwritable = _begin(plain)
    wal = path.with_name(f"{path.name}-wal")
    return DatabaseState(
        shown=_plain(url),
        **_migrations(url, extra_versions),
        unwritable=unwritable,
        journal=journal,
        free_bytes=shutil.disk_usage(path.parent).free,
        wal_bytes=wal.stat().st_size if wal.is_file() else 0,
    )


def _folder_fault(path: Path) -> str:
    folder = next((one for one in (path.parent, *path.parent.parents) if one.is_dir()), Path())
    return "" if os.access(folder, os.W_OK | os.X_OK) else f"the folder {folder} is not writable"


def _begin(plain: sqlite3.Connection) -> str:
    """Take the lock of writers and give it back; why that cannot be."""
    try:
        plain.execute("BEGIN IMMEDIATE")
        plain.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        return str(error)
    return ""


def _server(url: URL, extra_versions: Sequence[str]) -> DatabaseState:
    found = _migrations(url, extra_versions)
    engine = create_engine(sync_url(url), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            unwritable = "" if found["behind"] else _forbidden(connection)
    finally:
        engine.dispose()
    return DatabaseState(shown=_plain(url), **found, unwritable=unwritable)


def _forbidden(connection: Connection) -> str:
    if connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "on":
        return "it is read-only: a standby, or set so"
    asked = "SELECT has_table_privilege('{}', 'INSERT, UPDATE, DELETE')"
    for table in WRITABLE_TABLES:
        if not connection.exec_driver_sql(asked.format(table)).scalar_one():
            return f"this user may not write to the table {table}"
    return ""


def _migrations(url: URL, extra_versions: Sequence[str]) -> dict[str, Any]:
    """`behind` and `strange`."""
    engine = create_engine(sync_url(url), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            here = set(MigrationContext.configure(connection).get_current_heads())
            script = ScriptDirectory.from_config(alembic_config(connection, extra_versions))
    finally:
        engine.dispose()
    known = {one.revision: one for one in script.walk_revisions()}
    strange = tuple(sorted(here - known.keys()))
    heads = () if strange else tuple(sorted(set(script.get_heads()) - here))
    return {"behind": heads, "strange": strange}

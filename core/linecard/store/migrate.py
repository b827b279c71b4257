"""Bringing a database up to date, safely when several processes start at once."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, func, select
from sqlalchemy.exc import DBAPIError

from linecard.errors import ConfigurationError
from linecard.store.pragmas import follow_sqlite, use_wal
from linecard.store.urls import is_sqlite, shown, sync_url

SCRIPTS = Path(__file__).parent / "migrations"
MIGRATING = 0x6C63_0001
"""The PostgreSQL advisory lock under which tables are changed."""
PATIENCE_SECONDS = 60
"""How long a process waits while another one migrates."""

_ALEMBIC = threading.Lock()  # alembic keeps the migration that runs in a module's globals


def migrate(url: URL, extra_versions: Sequence[str] = ()) -> None:
    """Make the database where it is missing, check it, and run every migration it lacks.

    Blocks; call it in a thread. Raises ConfigurationError when the database cannot be used.
    """
    engine = _engine(url)
    try:
        if is_sqlite(url):
            _make_file(url.database or "")
        with _ALEMBIC, engine.begin() as connection:
            _wait_for_turn(connection)
            _check(connection, url)
            command.upgrade(alembic_config(connection, extra_versions), "heads")
    except DBAPIError as error:
        raise _unusable(url, str(error.orig)) from error
    except (sqlite3.Error, OSError) as error:
        raise _unusable(url, str(error)) from error
    except CommandError as error:
        raise _unusable(
            url, f"{error} (made by a newer version, or by a plugin that is gone)"
        ) from error
    finally:
        engine.dispose()


def alembic_config(connection: Connection, extra_versions: Sequence[str] = ()) -> Config:
    """Alembic's configuration: our versions, and the folders of plugins beside them."""
    folders = (str(SCRIPTS / "versions"), *extra_versions)
    config = Config()
    config.set_main_option("script_location", _literal(str(SCRIPTS)))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", _literal(os.pathsep.join(folders)))
    config.attributes["connection"] = connection
    return config


def _make_file(path: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    use_wal(path, PATIENCE_SECONDS)


def _engine(url: URL) -> Engine:
    engine = create_engine(sync_url(url), poolclass=NullPool)
    if is_sqlite(url):
        follow_sqlite(engine, writes=True, busy_seconds=PATIENCE_SECONDS)
    return engine


def _wait_for_turn(connection: Connection) -> None:
    """SQLite's BEGIN IMMEDIATE has waited already."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(MIGRATING)))


def _check(connection: Connection, url: URL) -> None:
    if is_sqlite(url):
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        if found != "ok":
            raise _unusable(url, f"it is damaged: {found}")


def _unusable(url: URL, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"the database {shown(url)} cannot be used: {' '.join(why.split())}; "
        "restore it from a backup, or set LINECARD_DATABASE_URL to another"
    )


def _literal(text: str) -> str:
    """Alembic reads options with `%` as a placeholder."""
    return text.replace("%", "%%")

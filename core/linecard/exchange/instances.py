"""Several processes on one database: who is there, who holds a call, and who does what one alone should.

Each writes every few seconds that it lives. A process that is alone writes and asks nothing.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from socket import gethostname
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog

from linecard.exchange.doors import Doors
from linecard.store import BUSY_ERRORS, instances
from linecard.store.instances import Instance
from linecard.wall import now

if TYPE_CHECKING:
    import httpx2

    from linecard.settings import Settings
    from linecard.store import Database
    from linecard.tokens import StreamClaims

log = structlog.get_logger()

BEAT_SECONDS = 5.0
DEAD_AFTER = timedelta(seconds=15)
FORGET_AFTER = timedelta(days=1)
ASK_SECONDS = 0.5
"""So long a question about a call's holder may take: the database may be away, and the carrier waits."""


class BelongsTo(Exception):
    """A request is about a call that another live process holds, or is for one that takes new calls."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(instance.name)
        self.instance = instance


def address_of(instance: Instance) -> str:
    """Where its inside listener is, `host:port`."""
    return urlsplit(instance.url).netloc


@dataclass(slots=True, kw_only=True)
class Instances:
    """The processes beside this one. `own` None: this one is alone. `client` asks the others.

    What is known of the others is as old as the last beat; one that began since is looked up. Whoever had not
    been seen for some time by then is dead. While the database is away nobody can be seen, and so nobody dies.
    """

    database: Database | None = None
    doors: Doors = field(default_factory=Doors)
    own: Instance | None = None
    client: httpx2.AsyncClient | None = None
    _known: Mapping[str, Instance] = field(default_factory=dict)
    _as_of: datetime = field(default_factory=now)
    _beaten_at: datetime = field(default_factory=now)

    @property
    def name(self) -> str | None:
        """What this process owns calls by; None where it is alone."""
        return self.own.name if self.own is not None else None

    async def run(self) -> None:
        """Say for ever that this process lives; what fails is tried again."""
        while self.own is not None:
            try:
                await self.beat()
            except Exception:
                log.exception("the other processes could not be told that this one lives")
            await asyncio.sleep(BEAT_SECONDS)

    async def beat(self) -> None:
        """Say once that this process lives, and see who else does."""
        if self.own is None or self.database is None:
            return
        seen = replace(self.own, seen_at=now(), draining=not self.doors.is_open)
        async with self.database.write() as conn:
            await instances.beat(conn, seen)
            await instances.forget(conn, now() - FORGET_AFTER)
            every = await instances.every(conn)
        self._known = {one.name: one for one in every}
        if seen.seen_at - self._beaten_at < DEAD_AFTER:
            self._as_of = seen.seen_at
        self._beaten_at = seen.seen_at

    async def leave(self) -> None:
        """This process ends: its calls belong to whoever is asked about them."""
        if self.client is not None:
            await self.client.aclose()
        if self.own is None or self.database is None:
            return
        with suppress(*BUSY_ERRORS):
            async with self.database.write() as conn:
                await instances.leave(conn, self.own.name)

    async def holder(self, owner: str | None) -> Instance | None:
        """The other live process of that name."""
        if owner is None or owner == self.name or self.database is None:
            return None
        if owner not in self._known:
            await self._look_up(owner)
        return self._alive(owner)

    async def holder_of(self, call_id: str) -> Instance | None:
        """The other live process that holds a call; None where nobody can be asked."""
        if self.own is None or self.database is None or not call_id:
            return None
        with suppress(TimeoutError, *BUSY_ERRORS):
            async with asyncio.timeout(ASK_SECONDS):
                async with self.database.read() as conn:
                    owner = await instances.owner_of(conn, call_id)
                return await self.holder(owner)
        return None

    async def where(self, given: StreamClaims) -> str | None:
        """The address of the process that a media socket belongs to; None for this one."""
        held = await self.holder_of(given.call)
        return address_of(held) if held is not None else None

    def relief(self) -> Instance | None:
        """Another process that takes new calls; None where there is none."""
        open_ones = [one for one in self._others() if not one.draining]
        return secrets.choice(open_ones) if open_ones else None

    def is_theirs(self, owner: str | None) -> bool:
        """Whether another process looks after a call of that owner: who holds it, or for nobody's the oldest."""
        if self.own is None or owner == self.own.name:
            return False
        return (owner is not None and self._alive(owner) is not None) or not self.is_first

    @property
    def is_first(self) -> bool:
        """Whether what one process alone should do is this one's: it has run for longest."""
        mine = self.own
        return mine is None or all(
            (mine.started_at, mine.name) < (one.started_at, one.name) for one in self._others()
        )

    @property
    def busy_elsewhere(self) -> Sequence[str]:
        """The names of the other live processes: the work of their calls is theirs."""
        return [one.name for one in self._others()]

    def _others(self) -> list[Instance]:
        return [one for name in self._known if (one := self._alive(name)) is not None]

    def _alive(self, name: str) -> Instance | None:
        one = self._known.get(name)
        if one is None or self.own is None or one.url == self.own.url:
            return None
        return one if self._as_of - one.seen_at <= DEAD_AFTER else None

    async def _look_up(self, name: str) -> None:
        assert self.database is not None
        async with self.database.read() as conn:
            found = await instances.get(conn, name)
        if found is not None:
            self._known = {**self._known, name: found}


def instances_of(settings: Settings, database: Database, doors: Doors) -> Instances:
    """The processes beside the one with these settings; alone without LINECARD_INTERNAL_URL.

    The name is another for each process: what the last one of the same host held is not this one's.
    """
    if settings.internal_url is None:
        return Instances()
    return Instances(database=database, doors=doors, own=_fresh(settings, settings.internal_url))


def _fresh(settings: Settings, url: str) -> Instance:
    name = f"{settings.instance or gethostname()}-{secrets.token_hex(4)}"
    at: datetime = now()
    return Instance(name=name, url=url, started_at=at, seen_at=at)

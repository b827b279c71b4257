"""The campaigns of a running server: started when there are any, and fed as leads come."""

from __future__ import annotations

import asyncio
import importlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import select

from linecard import ConfigurationError, NotFound
from linecard.store import numbers
from linecard_campaigns.awaiting import Ends
from linecard_campaigns.checkpoints import Step, passing
from linecard_campaigns.dialling import Dialler
from linecard_campaigns.lines import Pool
from linecard_campaigns.settling import Settled, settle
from linecard_campaigns.standing import DIALLED, WAITING, plan_of
from linecard_campaigns.sweeping import Sweeper
from linecard_campaigns.tables import campaigns, leads
from linecard_campaigns.tickets import Lane, Turn

if TYPE_CHECKING:
    from linecard import Server
    from linecard_campaigns.engine import Engine
    from linecard_campaigns.plans import Plan

log = structlog.get_logger()

LOOK_EVERY_SECONDS = 2.0
"""How long a lead that another process has taken in may wait; those of this one nudge."""
BEAT_SECONDS = 60.0
"""How often leads that wait for room are shown to be held: many times before one is taken for lost."""
CALL_LOOK_SECONDS = 20.0
UNKNOWN_LOOKS = 15
"""So often a call of which nobody knows is looked at in its turn; then the sweep looks after it."""


class Campaigning:
    """What one server does for its campaigns."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.ends = Ends(server.database)
        self._dialler = Dialler(server, Pool(server))
        self._engine: Engine | None = None
        self._sweeper: Sweeper | None = None
        self._nudged = asyncio.Event()
        self._lanes: dict[str, Any] = {}
        self._loops: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin at once where there are leads, else when some come. Raises ConfigurationError."""
        if await self._has_work():
            await self._begin()
        self._loops.append(asyncio.create_task(self._look_after(), name="campaigns"))

    async def stop(self) -> None:
        """Leave everything where it is, for the next start."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        if self._engine is not None:
            await self._engine.stop()

    def nudge(self) -> None:
        """There are new leads, or a campaign goes on."""
        self._nudged.set()

    async def sweep(self) -> None:
        """Look after what nobody holds."""
        if self._sweeper is not None:
            await self._sweeper.sweep()

    async def take(self, turn: Turn) -> Turn | None:
        """A whole turn: dialled, waited for, settled. The next turn, where there is one."""
        said = await self._dialler.dial(turn)
        if not isinstance(said, str):
            return said
        settled = await self._settled(turn, said)
        passing(Step.SETTLED, turn.lead)
        return settled.following

    async def _settled(self, turn: Turn, call_id: str) -> Settled:
        """Once the call is over. One that stays unknown is left to the sweep: it may take a day."""
        unknown = 0
        while unknown < UNKNOWN_LOOKS:
            await self.ends.wait(call_id, CALL_LOOK_SECONDS)
            passing(Step.OVER, turn.lead)
            settled = await settle(self.server.database, call_id)
            if settled.is_over:
                return settled
            unknown = unknown + 1 if await self._is_unknown(turn) else 0
        return Settled(is_over=False)

    async def _is_unknown(self, turn: Turn) -> bool:
        query = select(leads.c.status).where(leads.c.id == turn.lead)
        async with self.server.database.read() as conn:
            return (await conn.execute(query)).scalar() == "unknown"

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._dialler.beat()
            except Exception:
                log.exception("showing which leads are held failed; it is tried again")

    async def _look_after(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_SECONDS):
                    await self._nudged.wait()
            was_nudged = self._nudged.is_set()
            self._nudged.clear()
            try:
                await self._look()
                if was_nudged and self._sweeper is not None:
                    await self._sweeper.reopen()
            except ConfigurationError as error:
                log.error(
                    "no leads can be called from here; nobody looks after them", why=str(error)
                )
                return
            except Exception:
                log.exception("feeding the campaigns failed; it is tried again")

    async def _look(self) -> None:
        if self._engine is None and await self._has_work():
            await self._begin()
        if self._sweeper is not None:
            await self._sweeper.feed()

    async def _has_work(self) -> bool:
        query = select(leads.c.id).where(leads.c.status.in_((*WAITING, *DIALLED))).limit(1)
        async with self.server.database.read() as conn:
            return (await conn.execute(query)).first() is not None

    async def _begin(self) -> None:
        """Loading DBOS takes a second or two: a thread's time, not the calls'."""
        module = await asyncio.to_thread(importlib.import_module, "linecard_campaigns.engine")
        engine: Engine = module.Engine(self.server)
        self._sweeper = Sweeper(self.server.database, engine, self.open, self.server.facts)
        await engine.start(self.take, self.sweep)
        self._engine = engine
        self._loops.append(asyncio.create_task(self.ends.run(), name="ends of campaigns' calls"))
        self._loops.append(asyncio.create_task(self._beat(), name="leads held"))

    async def open(self, campaign_id: str) -> None:
        """Make the queue of a campaign, or change it where its plan was changed."""
        query = select(campaigns).where(campaigns.c.id == campaign_id)
        async with self.server.database.read() as conn:
            campaign = (await conn.execute(query)).mappings().one()
        # A campaign that was finished in between has lost its queue.
        known = campaign["plan"], campaign["updated_at"]
        if self._lanes.get(campaign_id) == known or self._engine is None:
            return
        await self._engine.open(await self._lane(campaign_id, plan_of(campaign)))
        self._lanes[campaign_id] = known

    async def _lane(self, campaign_id: str, plan: Plan) -> Lane:
        async with self.server.database.read() as conn:
            ours = [await numbers.get(conn, one) for one in plan.numbers]
        found = [one for one in ours if one is not None]
        pace = self._pace({(one.provider, one.account) for one in found})
        wished = plan.calls_per_second
        return Lane(
            campaign=campaign_id,
            channels=plan.channels,
            per_second=pace if wished is None else min(wished, pace),
            per_number=max((one.channels for one in found), default=None),
        )

    def _pace(self, accounts: set[tuple[str, str]]) -> float:
        """What the carriers of all the numbers give together."""
        return sum(self._of_account(*account) for account in accounts) or 1.0

    def _of_account(self, provider: str, account: str) -> float:
        try:
            return self.server.pace(provider, account)
        except NotFound:
            return 0.0

"""Building an exchange from its settings, starting it and stopping it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import structlog

from linecard.agents import Agents
from linecard.clock import Clock
from linecard.enhancing import enhancers
from linecard.errors import ConfigurationError
from linecard.exchange import deciding, inbox, patience, reconciling, requests
from linecard.exchange.at_risk import RiskWatch
from linecard.exchange.context import Exchange
from linecard.exchange.doors import Doors
from linecard.exchange.draining import hang_up_all
from linecard.exchange.durable import KINDS
from linecard.exchange.elsewhere import Elsewhere
from linecard.exchange.flights import open_flights
from linecard.exchange.following import FOLLOWERS
from linecard.exchange.instances import Instances, instances_of
from linecard.exchange.journal import Journal
from linecard.exchange.local_pods import add_local_pods
from linecard.exchange.outbox import OutboxLoop
from linecard.exchange.pod_watch import watch_leases
from linecard.exchange.private import inbox_redactor
from linecard.exchange.retention import Retention
from linecard.exchange.tapping import hook_tap
from linecard.media.ticker import Ticker
from linecard.outbound.costs import Costs
from linecard.outbound.dialing import Dialer
from linecard.plugins import Plugins
from linecard.pods import Leases
from linecard.settings import NoPod, Settings
from linecard.storage import open_storage
from linecard.store import BUSY_ERRORS, Database
from linecard.tokens import Tokens

log = structlog.get_logger()

STOP_SECONDS = 1.0
JOURNAL = "linecard-callbacks"


def build_exchange(
    settings: Settings,
    plugins: Plugins,
    agent_specs: Sequence[str],
    clock: Clock | None = None,
    pods: int = 0,
) -> Exchange:
    """An exchange that is not started yet; `pods` is how many processes of this machine carry its calls.

    Raises ConfigurationError.
    """
    clock = clock or Clock()
    ticker = Ticker(clock)
    flights = open_flights(settings, clock, ticker)
    if flights is not None:
        plugins.tap(hook_tap(flights))
    pool = add_local_pods(plugins, settings, agent_specs, pods, os.environ) if pods else None
    plugins.open_accounts(settings.accounts)
    enhancers.offered(plugins)
    database = Database(settings.database_url, plugins.ask_all_flat("migrations"))
    doors = Doors()
    instances = instances_of(settings, database, doors)
    return Exchange(
        settings=settings,
        database=database,
        journal=Journal(_journal_path(settings.journal, database)),
        plugins=plugins,
        agents=Agents(agent_specs),
        clock=clock,
        ticker=ticker,
        tokens=Tokens(settings.secret),
        followers=FOLLOWERS,
        leases=Leases(or_here=settings.no_pod is NoPod.HERE),
        flights=flights,
        redactor=inbox_redactor(settings),
        storage=open_storage(settings.recordings),
        pool=pool,
        places=pods or None,
        doors=doors,
        instances=instances,
        elsewhere=_elsewhere(instances),
    )


def _elsewhere(instances: Instances) -> Elsewhere:
    """A process that is alone asks nobody where a socket belongs."""
    made = Elsewhere()
    if instances.name is not None:
        made.also_ask(instances.where)
    return made


def _journal_path(wanted: str | None, database: Database) -> Path | None:
    """Beside an SQLite file, whose disk it shares; else in the working folder."""
    if wanted:
        return None if wanted == "off" else Path(wanted)
    beside = database.file
    return beside.with_name(f"{beside.name}-callbacks") if beside else Path(JOURNAL)


def build_dialer(exchange: Exchange) -> Dialer:
    """The dial protocol of an exchange."""
    return Dialer(
        settings=exchange.settings,
        database=exchange.database,
        plugins=exchange.plugins,
        tokens=exchange.tokens,
        tasks=exchange.tasks,
        metrics=exchange.metrics,
        report=partial(inbox.apply, exchange),
        has_agent=exchange.agents.find,
        pass_through=exchange.doors.pass_through,
        verbs_at_dial=partial(deciding.verbs_at_dial, exchange),
        owner=exchange.instances.name,
        places=exchange.places,
    )


def build_costs(exchange: Exchange) -> Costs:
    """Who asks what the calls of an exchange have cost."""
    return Costs(
        database=exchange.database,
        plugins=exchange.plugins,
        report=partial(inbox.apply, exchange),
        clock=exchange.clock,
        is_theirs=exchange.instances.is_theirs,
    )


@asynccontextmanager
async def running(exchange: Exchange, app: object) -> AsyncIterator[None]:
    """The exchange from its first request to its last."""
    await exchange.database.open()
    with suppress(*BUSY_ERRORS):  # it is tried again, every few seconds
        await exchange.instances.beat()
    left = exchange.journal.open()
    exchange.metrics.follow_journal(exchange.journal)
    recording = _recording(exchange)
    costs = build_costs(exchange)
    loops = [
        asyncio.create_task(reconciling.run(exchange), name="reconciler"),
        asyncio.create_task(costs.run(), name="costs"),
        asyncio.create_task(OutboxLoop(exchange, KINDS).run(), name="outbox"),
        asyncio.create_task(RiskWatch(exchange).run(), name="calls at risk"),
        asyncio.create_task(Retention(exchange).run(), name="retention"),
        asyncio.create_task(watch_leases(exchange), name="leases"),
        asyncio.create_task(exchange.instances.run(), name="instances"),
        *recording,
    ]
    exchange.tasks.start(patience.replay(exchange, left, requests.store), "replay the journal")
    try:
        await exchange.plugins.tell_and_wait("on_start", app=app)
        yield
    finally:
        exchange.doors.close()
        await hang_up_all(exchange)
        await exchange.plugins.tell_and_wait("on_stop")
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        await exchange.tasks.close(STOP_SECONDS)
        await exchange.ticker.close()
        await exchange.instances.leave()
        if exchange.flights is not None:
            await exchange.flights.close(exchange.database)
        await exchange.database.close()
        exchange.journal.close()


def _recording(exchange: Exchange) -> list[asyncio.Task[None]]:
    """The flight recorder's own loop. Raises ConfigurationError where it cannot write."""
    flights = exchange.flights
    if flights is None:
        return []
    try:
        flights.writer.start()
    except OSError as error:
        raise ConfigurationError(f"LINECARD_FLIGHT_DIR: {error}") from error
    return [asyncio.create_task(flights.run(exchange.database), name="flight records")]

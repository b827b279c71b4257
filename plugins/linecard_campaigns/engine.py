"""The durable queue of turns: all of DBOS, and nothing else of the plugin knows it.

One queue for each campaign, one workflow for each turn of a lead. A workflow keeps no steps of its own: what
it does is fenced by the lead's row, so that a repeat after a crash finds what was done and goes on from there.
DBOS is one for a process; so is the engine.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import Context
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID

from linecard import ConfigurationError, now
from linecard_campaigns import misfit
from linecard_campaigns.checkpoints import Step, passing
from linecard_campaigns.tickets import Lane, Turn

if TYPE_CHECKING:
    from dbos._queue import QueueRateLimit

    from linecard import Server

log = structlog.get_logger()

NAME = "linecard"
VERSION = "campaigns-1"
"""Of what a workflow's name and arguments mean. A new one strands the workflows of the old."""
SWEEP = "*/30 * * * * *"
POLL_SECONDS = 0.5
AHEAD_SECONDS = 5.0
"""Turns for so long are taken out of the queue at a time: the pace itself is kept at the gate."""
SIDE_BY_SIDE = 8
MIGRATING = 0x6C63_0003
"""The PostgreSQL advisory lock under which DBOS' tables are made."""
UNLIMITED = 1_000_000
CONNECTIONS = 5
"""To the database of the queues, from each process, beside the core's own."""

Work = Callable[[Turn], Awaitable[Turn | None]]
"""What is done in a turn; the next one, where there is one."""
Sweep = Callable[[], Coroutine[Any, Any, None]]


def queue_of(campaign: str) -> str:
    """The name of a campaign's queue."""
    return f"campaigns-{campaign}"


@dataclass(slots=True)
class _Hands:
    """What the workflows of this process work with; they are functions of a module, as DBOS wants them."""

    work: Work | None = None
    sweep: Sweep | None = None
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)


_HANDS = _Hands()


async def _unrecorded(work: Coroutine[Any, Any, None]) -> None:
    """Do it outside of the workflow's own context, in which DBOS would record what it is asked as steps to be repeated.

    The task is known, so that it can be cancelled: DBOS leaves a cancelled workflow to be taken up again.
    """
    task = asyncio.get_running_loop().create_task(work, context=Context())
    _HANDS.tasks.add(task)
    try:
        await task
    finally:
        _HANDS.tasks.discard(task)


@DBOS.workflow(name="campaigns.turn", max_recovery_attempts=1_000_000)
async def _turn(lead: str, turn: int, campaign: str, number: str) -> None:
    """A turn of a lead, and then its next one into the queue."""
    if _HANDS.work is None:
        raise RuntimeError("the campaigns engine is not running")
    taken = Turn(lead=lead, turn=turn, campaign=campaign, number=number)
    await _unrecorded(_taken(_HANDS.work, taken))


async def _taken(work: Work, turn: Turn) -> None:
    following = await work(turn)
    if following is not None:
        await _enqueue(following)
        passing(Step.FOLLOWED, turn.lead)


@DBOS.workflow(name="campaigns.sweep")
async def _sweep(_at: datetime, _context: Any) -> None:
    """Every half minute, in one of the processes."""
    if _HANDS.sweep is not None:
        await _unrecorded(_HANDS.sweep())


async def _enqueue(turn: Turn) -> None:
    """Twice is once: the workflow's name is the turn's own."""
    wait = (turn.due_at - now()).total_seconds() if turn.due_at is not None else 0.0
    delay = wait if wait > 0 else None
    with (
        SetWorkflowID(turn.workflow),
        SetEnqueueOptions(delay_seconds=delay, queue_partition_key=turn.number),
    ):
        arguments = (turn.lead, turn.turn, turn.campaign, turn.number)
        await DBOS.enqueue_workflow_async(queue_of(turn.campaign), _turn, *arguments)


class Engine:
    """The running engine of this process."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def start(self, work: Work, sweep: Sweep) -> None:
        """Go on with what was begun before a crash, and take what is due.

        Raises ConfigurationError where it cannot run on this machine.
        """
        file = self._server.database.file
        misfit.check(self._server.database)
        if _HANDS.work is not None:
            raise ConfigurationError("one process runs the campaigns of one server alone")
        await self._make_tables(self._url(file))
        _HANDS.work, _HANDS.sweep = work, sweep
        DBOS(config=self._config(self._url(file)))
        DBOS.launch()
        await DBOS.apply_schedules_async(
            [
                {
                    "schedule_name": "campaigns-sweep",
                    "workflow_fn": _sweep,
                    "schedule": SWEEP,
                    "context": None,
                }
            ]
        )

    def _url(self, file: Path | None) -> str:
        """An SQLite file of its own beside ours, or our PostgreSQL."""
        if file is None:
            return self._server.database_url
        return f"sqlite:///{_beside(file)}"

    async def _make_tables(self, url: str) -> None:
        """In a thread, and in one process at a time: indexes wait for every transaction that is open, ours too."""
        async with self._server.database.alone(MIGRATING):
            await asyncio.to_thread(DBOS.migrate, url)

    def _config(self, url: str) -> DBOSConfig:
        return {
            "name": NAME,
            "system_database_url": url,
            "dbos_system_schema": "dbos",
            "application_version": VERSION,
            "executor_id": self._server.instance,
            "log_level": "WARNING",
            "enable_otlp": False,
            "max_executor_threads": 16,
            "sys_db_pool_size": CONNECTIONS,
            "scheduler_polling_interval_sec": 1.0,
        }

    async def stop(self) -> None:
        """Leave the turns where they are; whoever starts next goes on with them."""
        if _HANDS.work is None:
            return
        running = tuple(_HANDS.tasks)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        _HANDS.work = _HANDS.sweep = None
        await asyncio.to_thread(DBOS.destroy)
        # DBOS has put its own threads under the loop, and they are gone.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())

    async def open(self, lane: Lane) -> None:
        """Make a campaign's queue, or give it other limits."""
        limiter: QueueRateLimit | None = None
        if lane.per_second is not None:
            ahead = max(1, ceil(lane.per_second * AHEAD_SECONDS))
            limiter = {"limit": ahead, "period": AHEAD_SECONDS}
        most = (lane.per_number, lane.channels)
        per_number = min((one for one in most if one is not None), default=UNLIMITED)
        await DBOS.register_queue_async(
            queue_of(lane.campaign),
            global_concurrency=lane.channels,
            limiter=limiter,
            partition_concurrency=per_number,
            polling_interval_sec=POLL_SECONDS,
            on_conflict="always_update",
        )

    async def close(self, campaign: str) -> None:
        """Forget the queue of a campaign that is over."""
        await DBOS.delete_queue_async(queue_of(campaign))

    async def push(self, turns: Iterable[Turn]) -> None:
        """Put turns into their queues; one that is there already stays as it is."""
        room = asyncio.Semaphore(SIDE_BY_SIDE)

        async def put(turn: Turn) -> None:
            async with room:
                await _enqueue(turn)

        await asyncio.gather(*(put(turn) for turn in turns))

    async def states(self, workflows: Sequence[str]) -> Mapping[str, tuple[str, float]]:
        """DBOS' own word for each workflow that there is, and for how many seconds it has not moved."""
        found = await DBOS.list_workflows_async(
            workflow_ids=list(workflows), load_input=False, load_output=False
        )
        at = now().timestamp()
        return {
            one.workflow_id: (str(one.status), at - (one.updated_at or 0) / 1000) for one in found
        }

    async def cancel(self, workflow: str) -> None:
        """End a workflow whose process is gone, so that its place in the queue is free."""
        await DBOS.cancel_workflow_async(workflow)

    async def drop(self, workflows: Sequence[str]) -> None:
        """Take workflows out of their queue that have nothing to do any more."""
        if workflows:
            await DBOS.cancel_workflows_async(list(workflows))


def _beside(file: Path) -> Path:
    """The file of the queues, in WAL, which DBOS does not ask for."""
    beside = file.with_name(f"{file.name}-campaigns")
    with closing(sqlite3.connect(beside)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    return beside

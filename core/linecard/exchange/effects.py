"""Commands beside a reply, for carriers that are commanded and not answered.

They run in order, each once the event that the one before waits for has been reported. Where one
fails, what was done is undone, the last first, and the record says so in one sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import structlog

from linecard.calls import Call
from linecard.carrier import Command
from linecard.errors import LinecardError
from linecard.exchange import endings, outbox
from linecard.exchange.context import Exchange
from linecard.exchange.reasons import NOT_CARRIED_OUT
from linecard.store import timeline
from linecard.store.outbox import Job
from linecard.wall import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

log = structlog.get_logger()


CUT_OFF = "commands-cut-off"
SPARE_SECONDS = 30.0
"""How much longer than its commands may take it is until somebody looks whether they were carried out."""


def start(exchange: Exchange, call: Call | None, commands: Sequence[Command]) -> None:
    """Carry out the commands of an answer in the background."""
    if commands:
        exchange.tasks.start(run(exchange, call, commands), "commands of an answer")


async def promise(
    exchange: Exchange, conn: AsyncConnection, call: Call, key: str, commands: Sequence[Command]
) -> None:
    """Write, with a document, that commands go with it: where this process dies before they are carried
    out, the caller is not left in silence."""
    if commands:
        after = sum(command.within for command in commands) + SPARE_SECONDS
        names = [command.name for command in commands]
        await outbox.put(
            exchange, conn, CUT_OFF, key, after=after, call_id=call.id, payload={"commands": names}
        )


def start_promised(exchange: Exchange, call: Call, key: str, commands: Sequence[Command]) -> None:
    """Carry out what was promised, in the background."""
    if commands:
        exchange.tasks.start(_keep_promise(exchange, call, key, commands), "commands of an answer")


async def _keep_promise(
    exchange: Exchange, call: Call, key: str, commands: Sequence[Command]
) -> None:
    await run(exchange, call, commands)
    async with exchange.database.write() as conn:
        await outbox.cancel(conn, CUT_OFF, key)


async def cut_off(exchange: Exchange, job: Job) -> None:
    """The job of commands that a process took with it: the record says so, and the call is ended.

    What of them was done nobody knows, so that they are not begun again.
    """
    call = await endings.as_it_stands(exchange, job.call_id or "")
    if call is not None and not call.is_over:
        names = job.payload.get("commands")
        facts = {"command": names, "reason": "the server stopped before they were done"}
        await _tell_failed(exchange, call, facts)


async def run(exchange: Exchange, call: Call | None, commands: Sequence[Command]) -> None:
    """Carry out commands; a failure is undone and written down, and the caller is not left in silence."""
    done: list[Command] = []
    for command in commands:
        try:
            await _carry_out(exchange, call, command)
        except (LinecardError, TimeoutError) as error:
            undone = await _undo([*done, command])
            await _failed(exchange, call, command, str(error) or "not reported in time", undone)
            return
        done.append(command)


async def _carry_out(exchange: Exchange, call: Call | None, command: Command) -> None:
    with ExitStack() as stack:
        reported = None
        if call is not None and command.wait_for is not None:
            reported = stack.enter_context(exchange.awaited.expect(call.id, command.wait_for))
        async with exchange.clock.timeout(command.within):
            await command.request()
            if reported is not None:
                await reported


async def _undo(commands: Sequence[Command]) -> list[str]:
    undone = []
    for undo in (command.undo for command in reversed(commands)):
        if undo is None:
            continue
        try:
            await undo.request()
        except LinecardError as error:
            log.warning("a command could not be undone", command=undo.name, error=str(error))
        else:
            undone.append(undo.name)
    return undone


async def _failed(
    exchange: Exchange, call: Call | None, command: Command, why: str, undone: Sequence[str]
) -> None:
    log.warning("a command to the carrier failed", command=command.name, reason=why, undone=undone)
    if call is None:
        return
    facts = {"command": command.name, "reason": why, "undone": list(undone)}
    await _tell_failed(exchange, call, facts)


async def _tell_failed(exchange: Exchange, call: Call, facts: Mapping[str, object]) -> None:
    async with exchange.database.write() as conn:
        await timeline.append(conn, call.id, "command-failed", facts, now())
    live = exchange.lives.get(call.id)
    if live is None or not live.streaming:
        await endings.hang_up(exchange, call, NOT_CARRIED_OUT)

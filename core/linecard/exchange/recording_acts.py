"""What an agent or the API asks of a running call's recording, and what came of it.

A result is given once the carrier has confirmed it: an agent that asks for a card number after
`paused` is not recorded. Whatever else happens is an error with its type, and nothing has changed
that we know of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import structlog

from linecard.calls import Call, CallStatus
from linecard.errors import (
    CallOver,
    CarrierRefused,
    InvalidField,
    LinecardError,
    RecordingRefused,
)
from linecard.events import RecordingResult
from linecard.exchange import outbox, recording
from linecard.exchange.context import Exchange
from linecard.store import calls, recordings, timeline
from linecard.store.outbox import Job
from linecard.store.recordings import Recording
from linecard.wall import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

log = structlog.get_logger()

RESUME = "resume-recording"
RESUME_AGAIN_AFTER = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
LONGEST_PAUSE = 3600
GONE = 404
PAUSE_ASKED = "recording-pause-asked"
OVER = frozenset({"recording-resumed", "recording-stopped"})
"""After these no pause is left to be ended. One that nobody confirmed may be one all the same."""

Move = Callable[["AsyncConnection", str], Awaitable[list[Recording]]]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to ask: its `hook`, how it is `ask`ed, and what it makes of the recordings on record."""

    hook: str
    result: RecordingResult
    ask: Callable[[Exchange, Call], Awaitable[None]]
    move: Move | None = None


async def act(
    exchange: Exchange, call: Call, action: str, resume_after: int | None = None
) -> RecordingResult:
    """Do one of `start`, `stop`, `pause`, `resume`; the result once the carrier has confirmed it.

    `resume_after`: a pause is over after so many seconds, whatever becomes of who asked for it.
    Raises InvalidField, UnsupportedByProvider, CallOver, RecordingRefused, CarrierError.
    """
    asked = _check(exchange, call, action, resume_after)
    async with _turn(exchange, call):
        await _may(exchange, call, action)
        await _note_asked(exchange, call, action, resume_after)
        try:
            await asked.ask(exchange, call)
        except LinecardError as error:
            await _note_refused(exchange, call, action, error)
            raise
        await _note_done(exchange, call, asked)
    return asked.result


def _check(exchange: Exchange, call: Call, action: str, resume_after: int | None) -> Act:
    if action not in ACTS:
        raise InvalidField("do", f"must be one of {', '.join(ACTS)}")
    if resume_after is not None and (action != "pause" or not 0 < resume_after <= LONGEST_PAUSE):
        raise InvalidField("resume_after", f"1 to {LONGEST_PAUSE} seconds, and with a pause alone")
    exchange.relay(call).require(ACTS[action].hook, call.profile)
    if call.is_over:
        raise CallOver(call.id)
    if call.status is not CallStatus.IN_PROGRESS:
        why = f"it is {call.status}: nobody has answered it yet"
        raise RecordingRefused(call.id, "not-answered", why)
    return ACTS[action]


async def _may(exchange: Exchange, call: Call, action: str) -> None:
    """Raise RecordingRefused for what makes no sense as the recordings of the call stand."""
    async with exchange.database.read() as conn:
        current = await calls.get(conn, call.id) or call
        running = {one.status for one in await recordings.of_call(conn, call.id)}
    if action == "start" and not current.may_be_recorded:
        why = "the caller has not agreed to be recorded"
        raise RecordingRefused(call.id, "no-consent", why)
    if action == "start" and "paused" in running:
        raise RecordingRefused(call.id, "paused", "its recording is paused; ask for resume")


async def _note_asked(
    exchange: Exchange, call: Call, action: str, resume_after: int | None
) -> None:
    """With a pause stands the job that ends it, before anything is asked."""
    facts = {"resume_after": resume_after} if resume_after else {}
    async with exchange.database.write() as conn:
        await timeline.append(conn, call.id, f"recording-{action}-asked", facts, now())
        if resume_after:
            pause = await _pauses(conn, call)
            key, payload = f"{call.id}/{pause}", {"pause": pause}
            await outbox.put(
                exchange, conn, RESUME, key, after=resume_after, call_id=call.id, payload=payload
            )


async def _pauses(conn: AsyncConnection, call: Call) -> int:
    """How often a pause was asked for in a call: a later one is not ended by the job of an earlier."""
    return [line.name for line in await timeline.of_call(conn, call.id)].count(PAUSE_ASKED)


async def _note_refused(exchange: Exchange, call: Call, action: str, error: LinecardError) -> None:
    facts = {"reason": getattr(error, "message", str(error))}
    async with exchange.database.write() as conn:
        await timeline.append(conn, call.id, f"recording-{action}-refused", facts, now())
        if action == "pause" and isinstance(error, CarrierRefused | RecordingRefused):
            await outbox.cancel(conn, RESUME, f"{call.id}/{await _pauses(conn, call)}")


async def _note_done(exchange: Exchange, call: Call, asked: Act) -> None:
    if asked.move is None:
        return
    async with exchange.database.write() as conn:
        moved = await asked.move(conn, call.id)
        facts = {"n": [one.n for one in moved]} if moved else {}
        await timeline.append(conn, call.id, f"recording-{asked.result}", facts, now())


async def _start(exchange: Exchange, call: Call) -> None:
    """One that runs already is not asked for again: the carrier would make two files."""
    if await _running(exchange, call) is None:
        await recording.start(exchange, call)


def _turn(exchange: Exchange, call: Call) -> asyncio.Lock:
    """One thing at a time is asked of the recordings of a call."""
    return exchange.turns.of(f"recordings {call.id}")


async def _stop(exchange: Exchange, call: Call) -> None:
    await exchange.relay(call).hooks.stop_recording(call, None)


async def _pause(exchange: Exchange, call: Call) -> None:
    await _set_paused(exchange, call, resume=False)


async def _resume(exchange: Exchange, call: Call) -> None:
    await _set_paused(exchange, call, resume=True)


async def _set_paused(exchange: Exchange, call: Call, *, resume: bool) -> None:
    name = await _running(exchange, call)
    try:
        await exchange.relay(call).hooks.pause_recording(call, name, resume)
    except CarrierRefused as refused:
        if refused.status != GONE:
            raise
        raise RecordingRefused(call.id, "not-running", "no recording of it runs") from refused


async def _running(exchange: Exchange, call: Call) -> str | None:
    """The carrier's id of the recording that runs or is paused, as far as we were told of it."""
    async with exchange.database.read() as conn:
        known = await recordings.of_call(conn, call.id)
    return next(
        (one.recording for one in reversed(known) if one.status in recordings.RUNNING), None
    )


async def resume_after_all(exchange: Exchange, job: Job) -> None:
    """The job that ends a pause. Raises CarrierError to be tried again."""
    async with exchange.database.read() as conn:
        call = await calls.get(conn, job.call_id or "")
        lines = await timeline.of_call(conn, call.id) if call else []
    names = [line.name for line in lines]
    if call is None or call.is_over or names.count(PAUSE_ASKED) != job.payload.get("pause"):
        return
    if OVER & set(names[len(names) - names[::-1].index(PAUSE_ASKED) :]):
        return
    async with _turn(exchange, call):
        try:
            await _resume(exchange, call)
        except RecordingRefused as refused:
            log.info("what was paused runs no more", call=call.id, reason=str(refused))
        else:
            await _note_done(exchange, call, ACTS["resume"])


async def resume_given_up(exchange: Exchange, job: Job) -> None:
    """The carrier does not go on with a recording: whoever runs the server must see it."""
    async with exchange.database.write() as conn:
        call = await calls.get(conn, job.call_id or "")
        if call is None or call.is_over:
            return
        await timeline.append(conn, call.id, "recording-resume-failed", {}, now())
    exchange.metrics.recording_failures.labels(call.provider).inc()


async def stop_now(exchange: Exchange, call: Call, reason: str) -> None:
    """Stop whatever records a call, for a reason of ours. Raises CarrierError."""
    async with _turn(exchange, call):
        await _stop(exchange, call)
        async with exchange.database.write() as conn:
            ended = await recordings.running_ended(conn, call.id)
            facts = {"n": [one.n for one in ended], "reason": reason}
            await timeline.append(conn, call.id, "recording-stopped", facts, now())


ACTS: Mapping[str, Act] = MappingProxyType(
    {
        "start": Act("start_recording", RecordingResult.STARTED, _start),
        "stop": Act("stop_recording", RecordingResult.STOPPED, _stop, recordings.running_ended),
        "pause": Act("pause_recording", RecordingResult.PAUSED, _pause, recordings.paused),
        "resume": Act("pause_recording", RecordingResult.RESUMED, _resume, recordings.resumed),
    }
)

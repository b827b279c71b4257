"""Ends that hold: our side is done only when the carrier's leg is gone."""

from __future__ import annotations

import structlog

from linecard.calls import Call, CallStatus
from linecard.carrier import Found, HangUpResult
from linecard.errors import CarrierError, CarrierUnavailable
from linecard.events import CALLER, CallEnding, CarrierEvent, LegEnded
from linecard.exchange import inbox, outbox
from linecard.exchange.context import Exchange
from linecard.exchange.patience import until_free
from linecard.exchange.reasons import NO_STREAM, TOO_LONG
from linecard.store import calls, timeline
from linecard.store.outbox import Job
from linecard.wall import now

log = structlog.get_logger()

HANG_UP = "hang-up"
CONFIRM = "confirm-end"
RETRY_AFTER = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 120.0, 300.0)
LIVE = frozenset({CallStatus.IN_PROGRESS})
CONFIRM_AFTER = (15.0, 15.0, 30.0, 60.0, 120.0, 300.0)
"""Seconds after which an end that was not reported is looked up; a leg that lives is ended again."""
TARGET_GONE_AFTER = (2.0, 10.0, 30.0)
"""When a call is looked up after the end of the leg that its caller was connected with."""
LOST_STREAM_AFTER = (15.0, 30.0, 60.0)
"""So long after the last that was heard of a stream, with no other, the carrier is asked whether the call lives."""


async def hang_up(exchange: Exchange, call: Call, reason: str) -> None:
    """End a call at the carrier: once now, and in the background until it is certain.

    The wish is written first: whatever document is asked for from then on hangs up, so that closing
    the stream is a second way to the end. With it stands the job that goes on after a crash. A database
    that is busy is waited for.
    """
    current = await until_free(exchange.database, lambda: _mark_closing(exchange, call, reason))
    if current is not None and await _try_end(exchange, current):
        async with exchange.database.write() as conn:
            await outbox.cancel(conn, HANG_UP, call.id)


async def hang_up_again(exchange: Exchange, job: Job) -> None:
    """The job of a hang-up that has not been confirmed. Raises CarrierError to be tried again."""
    current = await as_it_stands(exchange, job.call_id or "")
    if current is not None and not current.is_over:
        await _end_once(exchange, current)


async def hang_up_given_up(exchange: Exchange, job: Job) -> None:
    """Nobody could end the call: whoever runs the server must."""
    async with exchange.database.write() as conn:
        await timeline.append(conn, job.call_id or "", "hang-up-failed", {}, now())


async def as_it_stands(exchange: Exchange, call_id: str) -> Call | None:
    """The call as the store has it now."""
    async with exchange.database.read() as conn:
        return await calls.get(conn, call_id)


async def _try_end(exchange: Exchange, call: Call) -> bool:
    try:
        await _end_once(exchange, call)
    except CarrierError as error:
        log.warning("hang-up not confirmed", call=call.id, error=str(error))
        return False
    return True


async def _mark_closing(exchange: Exchange, call: Call, reason: str) -> Call | None:
    async with exchange.database.write() as conn:
        current = await calls.get(conn, call.id)
        if current is None or current.is_over:
            return None
        if not current.closing:
            await timeline.append(conn, call.id, "hang-up-asked", {"reason": reason}, now())
            current = await calls.update(conn, call.id, closing=reason, closing_at=now())
            await outbox.put(
                exchange, conn, HANG_UP, call.id, after=RETRY_AFTER[0], call_id=call.id
            )
    return current


async def _end_once(exchange: Exchange, call: Call) -> None:
    hooks = exchange.relay(call).hooks
    was_live = call.status in LIVE
    result = await (hooks.hang_up(call) if was_live else hooks.cancel_call(call))
    if result is HangUpResult.NOT_FOUND and not call.carrier_ids:
        raise CarrierUnavailable(
            call.provider, "the dial has no answer yet; its end is tried again"
        )
    if result is HangUpResult.NOT_FOUND and was_live:
        await _gone(exchange, call)
    if result is HangUpResult.UNSUPPORTED:
        await _cannot_now(exchange, call)
    async with exchange.database.write() as conn:
        await outbox.put(exchange, conn, CONFIRM, call.id, after=CONFIRM_AFTER[0], call_id=call.id)


async def _cannot_now(exchange: Exchange, call: Call) -> None:
    """Nothing ends the call now; whatever it asks for from here on is answered by an end."""
    log.warning("the carrier cannot end the call as it stands", call=call.id, status=call.status)
    facts = {"status": str(call.status)}
    async with exchange.database.write() as conn:
        await timeline.append(conn, call.id, "hang-up-must-wait", facts, now())


async def _gone(exchange: Exchange, call: Call) -> None:
    """The carrier no longer knows a call that was seen live: it is over, whatever its record says yet."""
    found = await look_up(exchange, call)
    if found in (Found.NOT_FOUND, Found.CANNOT_TELL):
        event = LegEnded(
            key=f"gone:{call.id}",
            status=CallStatus.COMPLETED,
            reason="gone at the carrier",
            concluded=True,
        )
        await inbox.apply(exchange, call, [event])


async def expect_end(exchange: Exchange, call: Call) -> None:
    """An answer that ends the call was given: a carrier that does not report ends is asked whether it did."""
    if exchange.relay(call).hooks.facts().reports_ends:
        return
    async with exchange.database.write() as conn:
        await outbox.put(exchange, conn, CONFIRM, call.id, after=CONFIRM_AFTER[0], call_id=call.id)


async def confirm_end(exchange: Exchange, job: Job) -> None:
    """The job of an end that the carrier promised. Raises CarrierUnavailable while nobody has reported it."""
    current = await as_it_stands(exchange, job.call_id or "")
    if current is None or current.is_over:
        return
    found = await look_up(exchange, current)
    current = await as_it_stands(exchange, current.id)
    if current is None or current.is_over:
        return
    if found is Found.LIVE:
        log.warning("a call that was ended lives on; it is ended again", call=current.id)
        await _end_once(exchange, current)
    raise CarrierUnavailable(current.provider, f"the end is not reported; it is {found}")


async def look_up(exchange: Exchange, call: Call) -> Found:
    """Ask the carrier about a call and write down an end it reports."""
    if not exchange.relay(call).supports("find_call", call.profile):
        return Found.CANNOT_TELL
    try:
        seen = await exchange.relay(call).hooks.find_call(call.carrier_ids)
    except CarrierError as error:
        log.warning("look-up failed", call=call.id, error=str(error))
        return Found.CANNOT_TELL
    is_over = seen.found is Found.ENDED and seen.ended is not None
    told = [*seen.further, *(seen.end if is_over else ())]
    if told:
        await inbox.apply(exchange, call, told)
    return seen.found


async def target_gone(exchange: Exchange, call: Call, event: CarrierEvent) -> None:
    """Whom the caller talked to has gone: where nobody reports the end of the call itself, it is asked for."""
    if event.leg == CALLER or exchange.relay(call).hooks.facts().reports_ends:
        return
    for pause in TARGET_GONE_AFTER:
        await exchange.clock.sleep(pause)
        current = await as_it_stands(exchange, call.id)
        if current is None or current.is_over or await look_up(exchange, current) is Found.ENDED:
            return


async def close_books(exchange: Exchange, call: Call) -> bool:
    """Tell the agent of a call the end that another server was told; whether there is one."""
    current = await as_it_stands(exchange, call.id)
    if current is None or not current.is_over:
        return False
    live = exchange.lives.get(call.id)
    if live is not None:
        live.finish(current.end_reason or str(current.status))
    return True


async def watch_lost_stream(exchange: Exchange, call: Call) -> None:
    """Close the books of a call whose stream went and whose end was never reported.

    The carrier's own record may come late, so that it is asked again; after a minute, silence before
    the stream's end included, the call is hung up, and its agent is let go.
    """
    began = _last_heard(exchange, call)
    for seconds in LOST_STREAM_AFTER:
        await exchange.clock.sleep_until(began + seconds)
        if not _is_lost(exchange, call) or await close_books(exchange, call):
            return
        await look_up(exchange, call)
        await close_books(exchange, call)
    live = exchange.lives.get(call.id)
    if live is not None and _is_lost(exchange, call):
        await hang_up(exchange, call, NO_STREAM)
        live.finish(NO_STREAM)


def _last_heard(exchange: Exchange, call: Call) -> float:
    live = exchange.lives.get(call.id)
    silent_since = live.silent_since if live is not None else None
    return exchange.clock.now() if silent_since is None else silent_since


def _is_lost(exchange: Exchange, call: Call) -> bool:
    live = exchange.lives.get(call.id)
    return live is not None and not (live.streaming or live.handed_over or live.transferring)


async def enforce_length(exchange: Exchange, call: Call, warn_seconds: int) -> None:
    """End a call at its longest allowed length, counted from its answer, with a polite event before."""
    left = await _seconds_left(exchange, call)
    warning = min(warn_seconds, left)
    await exchange.clock.sleep(left - warning)
    live = exchange.lives.get(call.id)
    if live is not None:
        live.report(CallEnding(round(warning)))
    await exchange.clock.sleep(warning)
    await hang_up(exchange, call, TOO_LONG)
    if live is not None:
        live.finish(TOO_LONG)


async def _seconds_left(exchange: Exchange, call: Call) -> float:
    """Menus and waiting came before the first stream, and were part of the call."""
    current = await as_it_stands(exchange, call.id) or call
    if current.answered_at is None:
        return float(call.max_seconds)
    spent = (now() - current.answered_at).total_seconds() * exchange.clock.speed
    return max(0.0, call.max_seconds - spent)

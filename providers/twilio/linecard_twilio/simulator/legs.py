"""A leg's story in the background: begun, ended, settled."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard_twilio.simulator.endings import BROKEN, EndCall, Ending
from linecard_twilio.simulator.money import charge
from linecard_twilio.simulator.recordings import stop_all
from linecard_twilio.simulator.reporting import report_progress

if TYPE_CHECKING:
    from linecard_twilio.simulator.calls import Call
    from linecard_twilio.simulator.switch import Switch


def begin(switch: Switch, call: Call, story: Coroutine[object, object, Ending]) -> None:
    """Let a leg live in the background."""
    switch.calls[call.sid] = call
    switch.tasks.start(live(switch, call, story), f"call {call.sid}")


async def live(switch: Switch, call: Call, story: Coroutine[object, object, Ending]) -> None:
    """Run a leg's story until it, or somebody, ends the leg; then settle everything."""
    telling = asyncio.ensure_future(_told(story))
    try:
        await asyncio.wait({telling, call.over}, return_when=asyncio.FIRST_COMPLETED)
        fault = telling.exception() if telling.done() else None
        if telling.done():
            call.end(BROKEN if fault else telling.result())
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    _settle(switch, call, call.over.result())
    if fault:
        raise fault


async def _told(story: Coroutine[object, object, Ending]) -> Ending:
    try:
        return await story
    except EndCall as end:
        return end.ending


def _settle(switch: Switch, call: Call, ending: Ending) -> None:
    """Everything that the end of a leg brings: the line, the tapes, the bill, the callback."""
    was_queued = call.status == "queued"
    call.ending, call.ended_at = ending, switch.clock.unix()
    call.status = ending.status(was_answered=call.answered_at is not None)
    for stream in tuple(call.streams.values()):
        stream.end("the call is over")
    stop_all(switch, call)
    if call.line is not None:
        switch.lines.close(call.line)
    if not was_queued:
        _write_end(switch, call, ending)
    charge(switch, call)
    report_progress(switch, call, "completed")


def _write_end(switch: Switch, call: Call, ending: Ending) -> None:
    switch.ledger.write(
        What.HUNG_UP,
        call.root,
        leg=call.sid,
        name=ending.name,
        source=ending.source.value,
        status=call.status,
        sip=ending.sip,
        error=ending.error,
        seconds=round(call.seconds, 2),
    )

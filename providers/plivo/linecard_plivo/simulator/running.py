"""Runs the documents of an answered (or ringing) call, element by element."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard_plivo.simulator.answering import pick_up
from linecard_plivo.simulator.codes import END_OF_XML, EndCall, Ending, Source
from linecard_plivo.simulator.conferences import run_conference
from linecard_plivo.simulator.dialling import run_dial
from linecard_plivo.simulator.documents import fetch, first_document
from linecard_plivo.simulator.prompts import run_digits, run_dtmf, run_play, run_speak, run_wait
from linecard_plivo.simulator.recording import run_record
from linecard_plivo.simulator.schema import NOT_SIMULATED
from linecard_plivo.simulator.steering import run_hangup, run_redirect
from linecard_plivo.simulator.streaming import run_stream

if TYPE_CHECKING:
    from linecard_plivo.simulator.calls import Call, Next
    from linecard_plivo.simulator.reader import Element
    from linecard_plivo.simulator.switch import Switch

Runner = Callable[["Switch", "Call", "Element"], Awaitable["Next | None"]]

DRAIN_SECONDS = 2.0
LEAVES_RINGING = frozenset({"Hangup", "Wait", "Redirect", "PreAnswer"})
"""Elements before which an inbound call is not answered."""

RUNNERS: Mapping[str, Runner] = {
    "Stream": run_stream,
    "Dial": run_dial,
    "Record": run_record,
    "Speak": run_speak,
    "Play": run_play,
    "GetDigits": run_digits,
    "Wait": run_wait,
    "Hangup": run_hangup,
    "Redirect": run_redirect,
    "Conference": run_conference,
    "DTMF": run_dtmf,
}


async def follow(switch: Switch, call: Call) -> Ending:
    """Run documents until nothing is left to do, and say how the call ends."""
    wanted: Next | None = first_document(call)
    try:
        while wanted:
            elements = await fetch(switch, call, wanted)
            wanted = await _run_all(switch, call, elements)
    except EndCall as end:
        return end.ending
    if call.has_stream:
        # A stream without keepCallAlive: "dropped within seconds".
        await switch.clock.sleep(DRAIN_SECONDS)
    return Ending(END_OF_XML, Source.XML)


async def _run_all(switch: Switch, call: Call, elements: tuple[Element, ...]) -> Next | None:
    for place, element in enumerate(elements):
        if element.tag not in LEAVES_RINGING:
            pick_up(switch, call)
        if element.tag == "Hangup" and element["schedule"] and place + 1 == len(elements):
            raise EndCall(Ending(END_OF_XML, Source.XML))
        wanted = await _run(switch, call, element)
        if wanted:
            return wanted
    return call.take_wanted()


async def _run(switch: Switch, call: Call, element: Element) -> Next | None:
    if element.tag in NOT_SIMULATED:
        switch.ledger.write(What.NOTE, call.uuid, text=f"<{element.tag}> is not simulated: skipped")
        return None
    if call.wanted:
        return call.take_wanted()
    work = RUNNERS[element.tag](switch, call, element)
    if element.tag == "Stream":
        return await work
    return await _interruptible(call, work)


async def _interruptible(call: Call, work: Awaitable[Next | None]) -> Next | None:
    """An element's work, cut off when another document is asked for."""
    running = asyncio.ensure_future(work)
    asked = asyncio.ensure_future(call.is_wanted.wait())
    try:
        await asyncio.wait({running, asked}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            return running.result()
        return call.take_wanted()
    finally:
        for task in (running, asked):
            task.cancel()
        await asyncio.gather(running, asked, return_exceptions=True)

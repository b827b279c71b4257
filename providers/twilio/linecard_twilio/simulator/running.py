"""Runs the documents of a leg, verb by verb."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard.simulator.lines import play_sound
from linecard.simulator.speech import speech
from linecard_twilio.simulator.answering import live_line, pick_up
from linecard_twilio.simulator.documents import fetch
from linecard_twilio.simulator.endings import END_OF_DOCUMENT, EndCall, Ending
from linecard_twilio.simulator.schema import NOT_SIMULATED

if TYPE_CHECKING:
    from linecard_twilio.simulator.calls import Call, Next
    from linecard_twilio.simulator.reader import Element
    from linecard_twilio.simulator.switch import Switch

LEAVES_RINGING = frozenset({"Reject", "Redirect", "Pause"})
"""Verbs before which an inbound call is not answered."""


async def follow(switch: Switch, call: Call, first: Next) -> Ending:
    """Run a leg's documents until nothing is left to do, and say how the leg ends."""
    try:
        await run_documents(switch, call, first)
        # A document without a verb that answers is answered and hung up.
        pick_up(switch, call)
    except EndCall as end:
        if end.ending.error is not None:
            await _apologise(switch, call)
        elif end.ending.unanswered == "completed":
            pick_up(switch, call)
        return end.ending
    return END_OF_DOCUMENT


async def _apologise(switch: Switch, call: Call) -> None:
    """`We are sorry, an application error has occurred.`"""
    pick_up(switch, call)
    await play_sound(live_line(call), speech("application error"))


async def run_documents(switch: Switch, call: Call, first: Next) -> None:
    """Run a document and those it leads to. Raises EndCall."""
    wanted: Next | None = first
    while wanted:
        elements = await fetch(switch, call, wanted)
        wanted = await _run_all(switch, call, elements)


async def _run_all(switch: Switch, call: Call, elements: tuple[Element, ...]) -> Next | None:
    for element in elements:
        if _answers(element):
            pick_up(switch, call)
        wanted = await _run(switch, call, element)
        if wanted:
            return wanted
    return call.take_wanted()


def _answers(element: Element) -> bool:
    rings_on = element.tag == "Dial" and element["answerOnBridge"]
    return element.tag not in LEAVES_RINGING and not rings_on


async def _run(switch: Switch, call: Call, element: Element) -> Next | None:
    if element.tag in NOT_SIMULATED:
        switch.ledger.write(What.NOTE, call.root, text=f"<{element.tag}> is not simulated: skipped")
        return None
    if call.wanted:
        return call.take_wanted()
    return await _interruptible(call, switch.runners[element.tag](switch, call, element))


async def _interruptible(call: Call, work: Awaitable[Next | None]) -> Next | None:
    """A verb's work, cut off when another document is asked for."""
    running = asyncio.ensure_future(work)
    asked = asyncio.ensure_future(call.is_wanted.wait())
    try:
        await asyncio.wait({running, asked}, return_when=asyncio.FIRST_COMPLETED)
        if running.done() and not asked.done():
            return running.result()
        return call.take_wanted()
    finally:
        for task in (running, asked):
            task.cancel()
        await asyncio.gather(running, asked, return_exceptions=True)

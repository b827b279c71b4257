"""<Gather>: keys while prompts play."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard_twilio.simulator.answering import live_line
from linecard_twilio.simulator.calls import Address, Next
from linecard_twilio.simulator.documents import absolute
from linecard_twilio.simulator.prompts import run_prompts

if TYPE_CHECKING:
    from linecard_twilio.simulator.calls import Call
    from linecard_twilio.simulator.reader import Element
    from linecard_twilio.simulator.switch import Switch


class _Keys:
    """The keys pressed so far, and whether the entry is complete."""

    def __init__(self, element: Element) -> None:
        self.entered = ""
        self.finished_on = ""
        self.pressed = asyncio.Event()
        self._finish_on = element["finishOnKey"]
        self._most = element["numDigits"]

    @property
    def is_complete(self) -> bool:
        """By the finishing key, or by their number."""
        return bool(self.finished_on) or (
            self._most is not None and len(self.entered) >= self._most
        )

    def press(self, digit: str) -> None:
        """Take a key."""
        if not self.is_complete:
            if digit in self._finish_on:
                self.finished_on = digit
            else:
                self.entered += digit
        self.pressed.set()


async def run_gather(switch: Switch, call: Call, element: Element) -> Next | None:
    """Collect keys, then the action, by default this very document; without any, the next verb."""
    if "speech" in element["input"]:
        switch.ledger.write(What.NOTE, call.root, text="<Gather>: speech is not simulated")
    line, keys = live_line(call), _Keys(element)
    line.digit_listeners.append(keys.press)
    try:
        await _prompt(switch, call, element, keys)
        await _wait(switch, element, keys)
    finally:
        line.digit_listeners.remove(keys.press)
    if not keys.entered and not element["actionOnEmptyResult"]:
        return None
    address = Address(absolute(call, element["action"] or call.base_url), element["method"])
    fields = (("Digits", keys.entered), ("FinishedOnKey", keys.finished_on))
    return Next(address, "gather action", fields)


async def _wait(switch: Switch, element: Element, keys: _Keys) -> None:
    """Wait for keys, each within the timeout."""
    while not keys.is_complete:
        keys.pressed.clear()
        try:
            async with switch.clock.timeout(element["timeout"]):
                await keys.pressed.wait()
        except TimeoutError:
            return


async def _prompt(switch: Switch, call: Call, element: Element, keys: _Keys) -> None:
    """Play what is inside, until it is over or a key cuts it off."""
    playing = asyncio.ensure_future(run_prompts(switch, call, element.children))
    key = asyncio.ensure_future(keys.pressed.wait())
    try:
        await asyncio.wait({playing, key}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        playing.cancel()
        key.cancel()
        await asyncio.gather(playing, key, return_exceptions=True)

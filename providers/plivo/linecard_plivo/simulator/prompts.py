"""<Speak>, <Play>, <Wait>, <GetDigits> and <DTMF>."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard.simulator.lines import play_sound
from linecard.simulator.sound import read_wav
from linecard.simulator.speech import beep, speech, tone
from linecard_plivo.simulator.answering import live_line
from linecard_plivo.simulator.documents import after_action

if TYPE_CHECKING:
    from linecard_plivo.simulator.calls import Call, Next
    from linecard_plivo.simulator.reader import Element
    from linecard_plivo.simulator.switch import Switch


async def run_speak(switch: Switch, call: Call, element: Element) -> None:
    """Say a text, as tones."""
    await play_sound(live_line(call), speech(element.text), element["loop"])


async def run_play(switch: Switch, call: Call, element: Element) -> None:
    """Play a WAV file from this machine."""
    sound = await file_sound(switch, call, element.text)
    await play_sound(live_line(call), sound, element["loop"])


async def file_sound(switch: Switch, call: Call, url: str) -> bytes:
    """The sound of a WAV file at an address; a tone in place of what cannot be had or read."""
    delivery = await switch.courier.fetch(url)
    try:
        return read_wav(delivery.body) if delivery.is_ok else _stand_in(switch, call, url)
    except ValueError:
        return _stand_in(switch, call, url)


def _stand_in(switch: Switch, call: Call, url: str) -> bytes:
    # Only WAV can be read here, and only from this machine; a real MP3 elsewhere would be played.
    switch.ledger.write(What.NOTE, call.uuid, text=f"<Play>: a tone in place of {url}")
    return tone((440.0,), 1.0)


async def run_wait(switch: Switch, call: Call, element: Element) -> None:
    """Say nothing for a while."""
    await switch.clock.sleep(element["length"])


async def run_dtmf(switch: Switch, call: Call, element: Element) -> None:
    """Press keys toward the phone."""
    live_line(call).handset.hear_digits(element.text)
    switch.ledger.write(What.DIGITS_SENT, call.uuid, digits=element.text, leg=call.uuid)


async def run_prompts(switch: Switch, call: Call, elements: tuple[Element, ...]) -> None:
    """The Speak, Play and Wait inside another element."""
    for element in elements:
        await PROMPTS[element.tag](switch, call, element)


PROMPTS = {"Speak": run_speak, "Play": run_play, "Wait": run_wait}


class _Keys:
    """The digits a caller enters while it listens, and when the entry is complete."""

    def __init__(self, element: Element) -> None:
        self.entered = ""
        self.is_complete = False
        self.pressed = asyncio.Event()
        self._finish_on = element["finishOnKey"]
        self._valid = element["validDigits"]
        self._most = element["numDigits"]

    def press(self, digit: str) -> None:
        """Take a key; one that is not valid is passed over."""
        if self.is_complete:
            return
        if digit in self._finish_on:
            self.is_complete = True
        elif digit in self._valid:
            self.entered += digit
            self.is_complete = len(self.entered) >= self._most
        self.pressed.set()


async def run_digits(switch: Switch, call: Call, element: Element) -> Next | None:
    """Collect digits while prompts play; without any, the document goes on."""
    line = live_line(call)
    keys = _Keys(element)
    line.digit_listeners.append(keys.press)
    try:
        for _ in range(element["retries"]):
            await _attempt(switch, call, element, keys)
            if keys.entered:
                break
    finally:
        line.digit_listeners.remove(keys.press)
    if not keys.entered:
        return None
    return after_action(switch, call, element, "GetDigits", (("Digits", keys.entered),))


async def _attempt(switch: Switch, call: Call, element: Element, keys: _Keys) -> None:
    await _prompt(switch, call, element, keys)
    seconds = element["digitTimeout"] if keys.entered else element["timeout"]
    while not keys.is_complete:
        keys.pressed.clear()
        try:
            async with switch.clock.timeout(seconds):
                await keys.pressed.wait()
        except TimeoutError:
            return
        seconds = element["digitTimeout"]


async def _prompt(switch: Switch, call: Call, element: Element, keys: _Keys) -> None:
    """Play what is inside, until it is over or a key cuts it off."""
    playing = asyncio.ensure_future(run_prompts(switch, call, element.children))
    key = asyncio.ensure_future(keys.pressed.wait())
    try:
        await asyncio.wait({playing, key}, return_when=asyncio.FIRST_COMPLETED)
        if not key.done() and element["playBeep"]:
            await play_sound(live_line(call), beep())
    finally:
        playing.cancel()
        key.cancel()
        await asyncio.gather(playing, key, return_exceptions=True)

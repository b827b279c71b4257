"""<Say>, <Play> and <Pause>."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard.simulator.lines import play_sound
from linecard.simulator.sound import read_wav
from linecard.simulator.speech import speech, tone
from linecard_twilio.simulator.answering import live_line, press
from linecard_twilio.simulator.documents import absolute

if TYPE_CHECKING:
    from linecard_twilio.simulator.calls import Call
    from linecard_twilio.simulator.reader import Element
    from linecard_twilio.simulator.switch import Switch


async def run_say(switch: Switch, call: Call, element: Element) -> None:
    """Say a text, as tones."""
    await play_sound(live_line(call), speech(element.text), element["loop"])


async def run_play(switch: Switch, call: Call, element: Element) -> None:
    """Press `digits`, or play a WAV file from this machine."""
    if element["digits"]:
        await press(switch, call, element["digits"])
    if element.text:
        sound = await file_sound(switch, call, absolute(call, element.text))
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
    switch.ledger.write(What.NOTE, call.root, text=f"<Play>: a tone in place of {url}")
    return tone((440.0,), 1.0)


async def run_pause(switch: Switch, call: Call, element: Element) -> None:
    """Say nothing for a while; before the answer, let it ring."""
    await switch.clock.sleep(element["length"])


async def run_prompts(switch: Switch, call: Call, elements: tuple[Element, ...]) -> None:
    """The Say, Play and Pause inside another verb."""
    for element in elements:
        await PROMPTS[element.tag](switch, call, element)


PROMPTS = {"Say": run_say, "Play": run_play, "Pause": run_pause}

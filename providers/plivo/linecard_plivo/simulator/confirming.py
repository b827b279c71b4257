"""confirmSound and confirmKey: what a target hears, and must press, before it is connected."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from linecard.simulator.courier import Webhook
from linecard.simulator.ledger import What
from linecard.simulator.lines import play_sound
from linecard.simulator.speech import speech
from linecard_plivo.simulator.fields import answer_fields
from linecard_plivo.simulator.prompts import file_sound
from linecard_plivo.simulator.reader import Element, InvalidXml, read_document

if TYPE_CHECKING:
    from linecard.simulator.lines import Line
    from linecard_plivo.simulator.calls import Call
    from linecard_plivo.simulator.switch import Switch

WHISPERS = frozenset({"Speak", "Play", "Wait"})


async def confirmed(switch: Switch, call: Call, dial: Element, line: Line) -> bool:
    """Whisper to the target, and wait for its key where one is asked for."""
    key = dial["confirmKey"]
    pressed = asyncio.Event()

    def press(digit: str) -> None:
        if digit == key:
            pressed.set()

    line.digit_listeners.append(press)
    try:
        await _whisper(switch, call, dial, line)
        if not key:
            return True
        async with switch.clock.timeout(dial["confirmTimeout"]):
            await pressed.wait()
            return True
    except TimeoutError:
        return False
    finally:
        line.digit_listeners.remove(press)


async def _whisper(switch: Switch, call: Call, dial: Element, line: Line) -> None:
    if not dial["confirmSound"]:
        return
    for element in await _script(switch, call, dial["confirmSound"]):
        await _say(switch, call, line, element)


async def _script(switch: Switch, call: Call, url: str) -> tuple[Element, ...]:
    """The document at confirmSound; what cannot be read is passed over, and noted."""
    fields = answer_fields(switch, call, "Redirect")
    delivery = await switch.courier.ask(
        Webhook(url=url, fields=fields, kind="document confirm sound", call=call.uuid)
    )
    try:
        elements = read_document(delivery.body) if delivery.is_ok else ()
    except InvalidXml as error:
        elements = ()
        switch.ledger.write(What.NOTE, call.uuid, text=f"confirmSound: {error}")
    return tuple(element for element in elements if element.tag in WHISPERS)


async def _say(switch: Switch, call: Call, line: Line, element: Element) -> None:
    if element.tag == "Wait":
        await switch.clock.sleep(element["length"])
    elif element.tag == "Speak":
        await play_sound(line, speech(element.text), element["loop"])
    else:
        await play_sound(line, await file_sound(switch, call, element.text), element["loop"])

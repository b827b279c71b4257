"""<Record>: the whole call in the background, or a message until a key or silence."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from linecard.simulator.lines import play_sound
from linecard.simulator.sound import FRAME_SECONDS, level
from linecard.simulator.speech import beep
from linecard_plivo.simulator.answering import live_line
from linecard_plivo.simulator.calls import Address
from linecard_plivo.simulator.documents import after_action, callback_address, notify
from linecard_plivo.simulator.fields import answer_fields
from linecard_plivo.simulator.recordings import (
    Recording,
    RecordingOrder,
    callback_fields,
    start_recording,
    stop_recording,
)

if TYPE_CHECKING:
    from linecard_plivo.simulator.calls import Call, Next
    from linecard_plivo.simulator.reader import Element
    from linecard_plivo.simulator.switch import Switch

SPEECH_LEVEL = -50.0


async def run_record(switch: Switch, call: Call, element: Element) -> Next | None:
    """Start a recording; with `recordSession` or `startOnDialAnswer` the document goes on at once."""
    if element["startOnDialAnswer"]:
        call.on_dial_answer.append(lambda: _start(switch, call, element))
        return None
    if element["recordSession"]:
        _report_early(switch, call, element, _start(switch, call, element))
        return None
    if element["playBeep"]:
        await play_sound(live_line(call), beep())
    recording = _start(switch, call, element)
    await _until_done(switch, call, element, recording)
    return after_action(switch, call, element, "Record", callback_fields(switch, recording))


def _start(switch: Switch, call: Call, element: Element) -> Recording:
    order = RecordingOrder(
        limit=element["maxLength"],
        file_format=element["fileFormat"],
        channels=element["recordChannelType"],
        callback=callback_address(element),
        is_rest=False,
    )
    return start_recording(switch, call, order)


def _report_early(switch: Switch, call: Call, element: Element, recording: Recording) -> None:
    if not element["action"]:
        return
    fields = answer_fields(switch, call, "Record")
    fields += callback_fields(switch, recording, is_early=True)
    notify(switch, call, Address(element["action"], element["method"]), "record action", fields)


async def _until_done(switch: Switch, call: Call, element: Element, recording: Recording) -> None:
    ear = _MessageEar(element, recording)
    line = live_line(call)
    line.taps.append(ear)
    line.digit_listeners.append(ear.press)
    try:
        await ear.done.wait()
    finally:
        line.untap(ear)
        line.digit_listeners.remove(ear.press)
        stop_recording(switch, recording, "end of the message")


class _MessageEar:
    """Hears when a message is over: a finishing key, silence, or the recording's own limit."""

    def __init__(self, element: Element, recording: Recording) -> None:
        self.done = asyncio.Event()
        self._keys = element["finishOnKey"]
        self._patience = element["timeout"]
        self._recording = recording
        self._silent = 0.0

    def press(self, digit: str) -> None:
        if digit in self._keys:
            self._recording.digits = digit
            self.done.set()

    def take(self, said: bytes, heard: bytes) -> None:
        self._silent = 0.0 if level(said) >= SPEECH_LEVEL else self._silent + FRAME_SECONDS
        if self._silent >= self._patience or self._recording.ended_at is not None:
            self.done.set()

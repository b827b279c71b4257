"""<Record>: a message until a key, silence, or the end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from linecard.simulator.lines import play_sound
from linecard.simulator.sound import FRAME_SECONDS, level
from linecard.simulator.speech import beep
from linecard_twilio.simulator.answering import live_line
from linecard_twilio.simulator.calls import Address, Next
from linecard_twilio.simulator.documents import absolute, callback_address
from linecard_twilio.simulator.fields import Fields, call_fields
from linecard_twilio.simulator.recordings import (
    Recording,
    RecordingOrder,
    start_recording,
    stop_recording,
)
from linecard_twilio.simulator.reporting import notify

if TYPE_CHECKING:
    from linecard_twilio.simulator.calls import Call
    from linecard_twilio.simulator.reader import Element
    from linecard_twilio.simulator.switch import Switch

SPEECH_LEVEL = -50.0


async def run_record(switch: Switch, call: Call, element: Element) -> Next | None:
    """Record, then the action, by default this very document; the next verb where all was silent."""
    if element["playBeep"]:
        await play_sound(live_line(call), beep())
    recording = start_recording(switch, call, _order(call, element))
    ear = _MessageEar(element, recording)
    try:
        await _until_done(call, ear)
    finally:
        stop_recording(switch, recording, "end of the message")
        if call.is_over:
            gone = call_fields(switch, call, "completed") + _fields(recording, "hangup")
            notify(switch, call.root, _action(call, element), "document record action", gone)
    if not ear.heard_speech:
        return None
    return Next(_action(call, element), "record action", _fields(recording, ear.digit))


def _order(call: Call, element: Element) -> RecordingOrder:
    return RecordingOrder(
        source="RecordVerb",
        is_dual=False,
        trims=element["trim"] == "trim-silence",
        track="inbound",
        callback=callback_address(call, element, "recordingStatusCallback"),
        events=element["recordingStatusCallbackEvent"] or frozenset({"completed"}),
        limit=element["maxLength"],
    )


def _action(call: Call, element: Element) -> Address:
    return Address(absolute(call, element["action"] or call.base_url), element["method"])


def _fields(recording: Recording, digit: str) -> Fields:
    return (
        ("RecordingUrl", recording.url),
        ("RecordingSid", recording.sid),
        ("RecordingDuration", str(round(recording.tape.seconds))),
        *((("Digits", digit),) if digit else ()),
    )


async def _until_done(call: Call, ear: _MessageEar) -> None:
    line = live_line(call)
    line.taps.append(ear)
    line.digit_listeners.append(ear.press)
    try:
        await ear.done.wait()
    finally:
        line.untap(ear)
        line.digit_listeners.remove(ear.press)


class _MessageEar:
    """Hears when a message is over: a finishing key, silence, or the recording's own limit."""

    def __init__(self, element: Element, recording: Recording) -> None:
        self.done = asyncio.Event()
        self.digit = ""
        self.heard_speech = False
        self._keys = element["finishOnKey"]
        self._patience = element["timeout"]
        self._recording = recording
        self._silent = 0.0

    def press(self, digit: str) -> None:
        """Take a key."""
        if digit in self._keys:
            self.digit = digit
            self.done.set()

    def take(self, said: bytes, heard: bytes) -> None:
        """Listen to a frame."""
        is_speech = level(said) >= SPEECH_LEVEL
        self.heard_speech |= is_speech
        self._silent = 0.0 if is_speech else self._silent + FRAME_SECONDS
        if self._silent >= self._patience or not self._recording.is_running:
            self.done.set()

"""<Dial>: rings its targets, connects the first that answers, and says how it went."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from linecard.simulator.ledger import What
from linecard.simulator.lines import Bridge, Line, Prompt
from linecard.simulator.speech import ringback
from linecard_twilio.simulator.answering import live_line, pick_up
from linecard_twilio.simulator.conferences import run_conference
from linecard_twilio.simulator.documents import after_action, callback_address, notify_action
from linecard_twilio.simulator.endings import LOST_RACE, PARENT_GONE, TIME_LIMIT, Ending
from linecard_twilio.simulator.fields import Fields
from linecard_twilio.simulator.reader import Element
from linecard_twilio.simulator.recordings import (
    Recording,
    RecordingOrder,
    start_recording,
    stop_recording,
)
from linecard_twilio.simulator.schema import SHAPES
from linecard_twilio.simulator.targets import Target, dial_target

if TYPE_CHECKING:
    from linecard_twilio.simulator.calls import Call, Next
    from linecard_twilio.simulator.switch import Switch

DIALLED_NOUNS = frozenset({"Number", "Sip"})


async def run_dial(switch: Switch, call: Call, dial: Element) -> Next | None:
    """Dial until the talk, or the ringing, is over; then the action."""
    if dial.children and dial.children[0].tag == "Conference":
        return await run_conference(switch, call, dial)
    attempt = _Attempt(switch, call, dial)
    try:
        await attempt.run()
    finally:
        attempt.let_go()
        if call.is_over:
            why = "dial action"
            notify_action(switch, call, dial, why, attempt.fields(), "completed")
    return after_action(call, dial, "dial action", attempt.fields())


def _nouns(switch: Switch, call: Call, dial: Element) -> list[Element]:
    if not dial.children:
        defaults = {name: one.default for name, one in SHAPES["Number"].attributes.items()}
        return [Element("Number", defaults, dial.text)]
    for noun in dial.children:
        if noun.tag not in DIALLED_NOUNS:
            switch.ledger.write(
                What.NOTE, call.root, text=f"<{noun.tag}> is not simulated: skipped"
            )
    return [noun for noun in dial.children if noun.tag in DIALLED_NOUNS]


class _Attempt:
    """One <Dial>: its targets, and which of them is talked to."""

    def __init__(self, switch: Switch, call: Call, dial: Element) -> None:
        self._switch = switch
        self._call = call
        self._dial = dial
        self._nouns = _nouns(switch, call, dial)
        self._targets: list[Target] = []
        self._winner: Target | None = None
        self._was_bridged = False
        self._recording: Recording | None = None

    async def run(self) -> None:
        """Ring everybody, at once or one after the other, until one is ready; then talk."""
        groups = [[noun] for noun in self._nouns] if self._dial["sequential"] else [self._nouns]
        for group in groups:
            with self._ringing():
                winner = await self._first_ready(group)
            if winner is not None:
                await self._talk(winner)
                return

    @contextmanager
    def _ringing(self) -> Iterator[None]:
        """What a caller who has been answered hears meanwhile."""
        prompt, line = Prompt(ringback(), 0), self._call.line
        if line is not None:
            line.add(prompt)
        try:
            yield
        finally:
            if line is not None:
                line.remove(prompt)

    async def _first_ready(self, nouns: Sequence[Element]) -> Target | None:
        """The target to connect: the first that answers, once it has heard its whisper."""
        targets = [dial_target(self._switch, self._call, self._dial, noun) for noun in nouns]
        self._targets += targets
        first = await _first(targets)
        if first is None:
            return None
        self._winner = first
        for target in targets:
            if target is not first:
                target.call.end(LOST_RACE)
        await _either(first.ready, first.call)
        return first if first.ready.is_set() and not first.call.is_over else None

    async def _talk(self, target: Target) -> None:
        """Connect two lines until one ends, or the time is up."""
        switch, call, child = self._switch, self._call, target.call
        pick_up(switch, call)
        self._was_bridged = True
        switch.ledger.write(What.BRIDGED, call.root, leg=child.sid, to=child.to)
        self._recording = _start_recording(switch, call, self._dial)
        with _bridged(live_line(call), live_line(child), self._keys(target)):
            try:
                async with switch.clock.timeout(self._dial["timeLimit"]):
                    await asyncio.wait({child.over})
            except TimeoutError:
                child.end(TIME_LIMIT)

    def _keys(self, target: Target) -> Callable[[str], None]:
        def press(digit: str) -> None:
            live_line(target.call).handset.hear_digits(digit)
            if digit == "*" and self._dial["hangupOnStar"]:
                target.call.end(PARENT_GONE)

        return press

    def let_go(self) -> None:
        """End what still rings or talks."""
        for target in self._targets:
            target.call.end(PARENT_GONE)
        if self._recording is not None:
            stop_recording(self._switch, self._recording, "end of the dial")

    def fields(self) -> Fields:
        """What the action is told. A leg that answered is `completed`, connected or not."""
        chosen = self._winner or (self._targets[-1] if self._targets else None)
        if chosen is None:
            return (("DialCallStatus", "failed"), ("DialBridged", "false"))
        child = chosen.call
        was_answered = child.answered_at is not None
        ending: Ending = child.over.result()
        seconds = self._switch.clock.unix() - child.answered_at if child.answered_at else 0
        return (
            ("DialCallSid", child.sid),
            ("DialCallStatus", ending.status(was_answered=was_answered)),
            *((("DialCallDuration", str(round(seconds))),) if was_answered else ()),
            ("DialBridged", "true" if self._was_bridged else "false"),
            *((("RecordingUrl", self._recording.url),) if self._recording else ()),
        )


async def _first(targets: Sequence[Target]) -> Target | None:
    """The first target that answers; None when all are over."""
    waits = {asyncio.ensure_future(_either(one.answered, one.call)): one for one in targets}
    waiting = set(waits)
    try:
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            answered = [waits[task] for task in done if waits[task].answered.is_set()]
            if answered:
                return answered[0]
    finally:
        for task in waits:
            task.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
    return None


async def _either(event: asyncio.Event, call: Call) -> None:
    """Wait for an event of a leg, or for its end."""
    waiting = asyncio.ensure_future(event.wait())
    first: set[asyncio.Future[Any]] = {waiting, call.over}
    try:
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


@contextmanager
def _bridged(near: Line, far: Line, keys: Callable[[str], None]) -> Iterator[None]:
    to_near, to_far = Bridge(far), Bridge(near)
    near.add(to_near)
    far.add(to_far)
    near.digit_listeners.append(keys)
    try:
        yield
    finally:
        near.remove(to_near)
        far.remove(to_far)
        near.digit_listeners.remove(keys)


def _start_recording(switch: Switch, call: Call, dial: Element) -> Recording | None:
    if not dial["record"].startswith(("record-from", "true")):
        return None
    order = RecordingOrder(
        source="DialVerb",
        is_dual=dial["record"].endswith("-dual"),
        trims=dial["trim"] == "trim-silence",
        track=dial["recordingTrack"],
        callback=callback_address(call, dial, "recordingStatusCallback"),
        events=dial["recordingStatusCallbackEvent"] or frozenset({"completed"}),
    )
    return start_recording(switch, call, order)

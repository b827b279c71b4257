"""Tells a simulated carrier's ledger as a story: each entry becomes a line between two lanes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import ClassVar

from linecard.demo.page.pretty import elements
from linecard.demo.story import Mark, Story, Tone, Who
from linecard.demo.wire import kind_of, short_path
from linecard.simulator.handset import plain
from linecard.simulator.ledger import Entry, What
from linecard.webhook import Kind

ASKS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.ANSWER: "asks what to do with the call",
        Kind.FALLBACK: "asks again, after a failure",
        Kind.NEXT: "the stream is over: asks what comes next",
        Kind.TRANSFER: "asks what to do for the transfer",
        Kind.GATHERED: "has gathered digits: asks what comes next",
        Kind.WHISPER: "asks what to play before connecting",
        Kind.RINGING: "reports that it rings",
        Kind.ENDED: "reports the end of the call",
        Kind.MACHINE: "reports who answered",
        Kind.STREAM: "reports on the stream",
        Kind.RECORDING: "reports that the recording is ready",
        Kind.DIALED: "the dialling is over: asks what comes next",
        Kind.LEG: "reports on the human's leg",
        Kind.DIAL: "asks whom to ring now",
        Kind.RETURN: "the caller is back: asks for a stream",
        Kind.TARGET: "a human has answered: asks what to play",
        Kind.ACCEPT: "a human has pressed a key, or none",
        Kind.BACK: "nobody waits for the caller any more: asks what comes next",
    }
)
EFFECTS = frozenset({What.TRANSFER, What.RECORDING_STARTED})
"""What a request did is written before the request itself, so it is told a turn later."""
BY_PERSON = frozenset({"caller", "callee"})


class Narrator:
    """Watches a ledger and tells a story of it. `names` calls people by more than their number.

    `seen` keeps every entry with the story's time, for the report.
    """

    def __init__(self, story: Story, names: Mapping[str, str], speed: float = 1.0) -> None:
        self.story = story
        self.seen: list[tuple[float, Entry]] = []
        self._names = {plain(number): name for number, name in names.items()}
        self._speed = speed
        self._people: dict[str, str] = {}
        self._inbound: set[str | None] = set()

    def __call__(self, entry: Entry) -> None:
        """Tell an entry, if there is something to tell."""
        self.seen.append((self.story.now, entry))
        teller = self.TELLERS.get(entry.what)
        if teller is None:
            return
        if entry.what in EFFECTS:
            asyncio.get_running_loop().call_soon(teller, self, entry)
        else:
            teller(self, entry)

    def _called(self, number: object) -> str:
        return self._names.get(plain(str(number)), str(number))

    def _lane(self, entry: Entry) -> Who:
        """Who is at the phone of an entry's leg: the call's own leg is the customer's."""
        return Who.CUSTOMER if entry.facts.get("leg", entry.call) == entry.call else Who.HUMAN

    def _phone(self, text: str, entry: Entry, *, toward: bool) -> None:
        lane = self._lane(entry)
        ends = (Who.CARRIER, lane) if toward else (lane, Who.CARRIER)
        self.story.tell(*ends, text, Tone.PHONE)

    def _note(self, text: str) -> None:
        self.story.tell(Who.CARRIER, Who.CARRIER, text, Tone.NOTE)

    def _dialled(self, entry: Entry) -> None:
        name = self._people[str(entry.facts["leg"])] = self._called(entry.facts["to"])
        self._phone(f"dials {name}", entry, toward=True)

    def _called_in(self, entry: Entry) -> None:
        self._inbound.add(entry.call)
        self._people[str(entry.facts["leg"])] = self._called(entry.facts["from"])
        self._phone(f"calls {self._called(entry.facts['to'])}", entry, toward=False)

    def _ringing(self, entry: Entry) -> None:
        self._phone("the phone rings", entry, toward=True)

    def _answered(self, entry: Entry) -> None:
        if entry.facts.get("leg") in self._inbound:
            self._phone("the call is answered", entry, toward=True)
        else:
            self._phone(f"{self._person(entry)} answers", entry, toward=False)

    def _person(self, entry: Entry) -> str:
        return self._people.get(str(entry.facts.get("leg")), "somebody")

    def _hung_up(self, entry: Entry) -> None:
        reason = str(entry.facts.get("name", "over")).lower()
        by_person = str(entry.facts.get("source", "")).lower() in BY_PERSON
        text = f"{self._person(entry)}: {reason}" if by_person else f"the line ends: {reason}"
        self._phone(text, entry, toward=not by_person)

    def _bridged(self, entry: Entry) -> None:
        self._note(
            f"connects {self._people.get(str(entry.call), 'the caller')} and {self._person(entry)}"
        )

    def _request(self, entry: Entry) -> None:
        facts = entry.facts
        text = f"{facts['method']} {short_path(str(facts['path']))} → {facts['status']}"
        self.story.tell(Who.LINECARD, Who.CARRIER, text, Tone.REQUEST)

    def _webhook(self, entry: Entry) -> None:
        took = float(str(entry.facts["ms"])) / 1000 * self._speed
        self.story.tell(Who.CARRIER, Who.LINECARD, _asked(entry), Tone.WEBHOOK, ago=took)
        document = elements(str(entry.facts["reply"]))
        if document:
            text = f"document: {', '.join(document)}"
            self.story.tell(Who.LINECARD, Who.CARRIER, text, Tone.WEBHOOK)

    def _document(self, entry: Entry) -> None:
        if "fault" in entry.facts:
            self._note(f"does not take the document: {entry.facts['fault']}")

    def _transfer(self, entry: Entry) -> None:
        self._note(
            "will transfer the caller"
            + (" when the stream ends" if entry.facts.get("held") else "")
        )

    def _stream_opened(self, entry: Entry) -> None:
        self.story.tell(Who.CARRIER, Who.LINECARD, "opens the media socket", Tone.MEDIA)

    def _stream_refused(self, entry: Entry) -> None:
        self._note(f"cannot open the media socket: {entry.facts['detail']}")

    def _stream_closed(self, entry: Entry) -> None:
        text = f"the media socket is closed: {entry.facts['why']}"
        self.story.tell(Who.LINECARD, Who.CARRIER, text, Tone.MEDIA)

    def _stream_error(self, entry: Entry) -> None:
        self._note(f"refuses a media message: {entry.facts['detail']}")

    def _cleared(self, entry: Entry) -> None:
        self._note(f"empties its buffer: {entry.facts['bytes']} bytes are never heard")

    def _digit(self, entry: Entry) -> None:
        digit = str(entry.facts["digit"])
        self.story.tell(Who.CUSTOMER, Who.AGENT, f"presses {digit}", Tone.MEDIA)
        self.story.mark(Mark.DIGIT, digit)

    def _digits_sent(self, entry: Entry) -> None:
        self.story.tell(Who.AGENT, Who.CUSTOMER, f"presses {entry.facts['digits']}", Tone.MEDIA)

    def _recording_started(self, entry: Entry) -> None:
        self._note("records")
        self.story.mark(Mark.RECORDING, "● recording")

    def _recording_stopped(self, entry: Entry) -> None:
        self._note(f"stops recording: {entry.facts['why']}")

    def _fault(self, entry: Entry) -> None:
        self._note(f"a fault on purpose: {entry.facts['name']}")

    def _remark(self, entry: Entry) -> None:
        self._note(str(entry.facts["text"]))

    TELLERS: ClassVar[Mapping[What, Callable[[Narrator, Entry], None]]] = MappingProxyType(
        {
            What.DIALLED: _dialled,
            What.CALLED_IN: _called_in,
            What.RINGING: _ringing,
            What.ANSWERED: _answered,
            What.HUNG_UP: _hung_up,
            What.BRIDGED: _bridged,
            What.REQUEST: _request,
            What.WEBHOOK: _webhook,
            What.DOCUMENT: _document,
            What.TRANSFER: _transfer,
            What.STREAM_OPENED: _stream_opened,
            What.STREAM_REFUSED: _stream_refused,
            What.STREAM_CLOSED: _stream_closed,
            What.STREAM_ERROR: _stream_error,
            What.CLEARED: _cleared,
            What.DIGIT_PRESSED: _digit,
            What.DIGITS_SENT: _digits_sent,
            What.RECORDING_STARTED: _recording_started,
            What.RECORDING_STOPPED: _recording_stopped,
            What.FAULT: _fault,
            What.NOTE: _remark,
        }
    )


def _asked(entry: Entry) -> str:
    """What a webhook is about, and its reply where it was not taken."""
    kind = kind_of(str(entry.facts["url"]))
    text = ASKS[kind] if kind else "sends a webhook"
    if kind in (Kind.STREAM, Kind.LEG):
        text += f" ({entry.facts['kind']})"
    status = entry.facts["status"]
    return (
        text
        if status is not None and 200 <= int(str(status)) < 400
        else f"{text} → {status or 'no reply'}"
    )

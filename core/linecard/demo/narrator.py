"""Tells a simulated carrier's ledger as a story: each entry is a line between two lanes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import parse_qs, urlsplit

from linecard.demo.page.pretty import elements
from linecard.demo.story import Mark, Story, Tone, Who
from linecard.http.webhooks import KIND_OF_ROUTE
from linecard.simulator.ledger import Entry, What
from linecard.webhook import Kind

ASKS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.ANSWER: "what is to be done with the call?",
        Kind.FALLBACK: "your answer failed; what now?",
        Kind.NEXT: "the stream is over; what comes next?",
        Kind.TRANSFER: "what is to be done for the transfer?",
        Kind.GATHERED: "these digits came; what now?",
        Kind.WHISPER: "what is to be played before connecting?",
        Kind.RINGING: "it rings",
        Kind.ENDED: "the call is over",
        Kind.MACHINE: "a machine or a human?",
        Kind.STREAM: "of the stream",
        Kind.RECORDING: "the recording is ready",
        Kind.DIALED: "the dialling is over; what comes next?",
        Kind.LEG: "of the human's leg",
    }
)


def kind_of(url: str) -> Kind | None:
    """What one of our addresses is for; None for one that is not ours."""
    parts = urlsplit(url)
    named = parse_qs(parts.query).get("k", [""])[0]
    if named in Kind:
        return Kind(named)
    ends = (kind for path, kind in KIND_OF_ROUTE.items() if parts.path.endswith(f"/{path}"))
    return next(ends, None)


class Narrator:
    """Watches a ledger and tells a story of it. `names` calls people by more than their number."""

    def __init__(self, story: Story, names: Mapping[str, str]) -> None:
        self.story = story
        self.speed = 1.0
        self._names = names
        self._phones: dict[str, str] = {}

    def __call__(self, entry: Entry) -> None:
        """Tell an entry, if there is something to tell."""
        teller = TELLERS.get(entry.what)
        if teller is not None:
            teller(self, entry)

    def called(self, number: object) -> str:
        """A person's name, or the number."""
        return self._names.get(str(number), str(number))

    def lane(self, entry: Entry) -> Who:
        """Who is at the phone of an entry's leg: the call's own leg is the customer's."""
        return Who.CUSTOMER if entry.facts.get("leg", entry.call) == entry.call else Who.HUMAN

    def phone(self, text: str, entry: Entry, *, toward: bool) -> None:
        """A line between the carrier and a phone."""
        lane = self.lane(entry)
        ends = (Who.CARRIER, lane) if toward else (lane, Who.CARRIER)
        self.story.tell(*ends, text, Tone.PHONE)

    def remember(self, entry: Entry) -> str:
        """The name of whom a leg was dialled to, kept for later entries of that leg."""
        leg = str(entry.facts["leg"])
        if "to" in entry.facts:
            self._phones[leg] = self.called(entry.facts["to"])
        return self._phones.get(leg, "the phone")


def _dialled(narrator: Narrator, entry: Entry) -> None:
    name = narrator.remember(entry)
    narrator.phone(f"dials {name}", entry, toward=True)


def _called_in(narrator: Narrator, entry: Entry) -> None:
    narrator.phone(f"calls {narrator.called(entry.facts['to'])}", entry, toward=False)


def _ringing(narrator: Narrator, entry: Entry) -> None:
    narrator.phone("the phone rings", entry, toward=True)


def _answered(narrator: Narrator, entry: Entry) -> None:
    text = f"{narrator.remember(entry)} answers"
    if narrator.story.moments and _came_in(narrator):
        narrator.phone("the call is answered", entry, toward=True)
    else:
        narrator.phone(text, entry, toward=False)

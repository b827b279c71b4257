"""What a carrier's ledger says of a call, beside what our record of it says: every difference in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from linecard.clock import Clock
from linecard.simulator.ledger import Entry, Ledger, What

SLACK_SECONDS = 2.0
"""Carriers tell whole seconds, and round lengths up."""
TELLS_ITS_ANSWER = {"plivo": True, "twilio": True, "exotel": False}
"""Of a call that lasted less than a second Exotel's details tell no length, and never when it was answered."""
PRICES_IN_DOLLARS = {"plivo": True, "twilio": True, "exotel": False}
PLIVO = {
    4000: "completed",
    4010: "completed",
    3010: "busy",
    6010: "no-answer",
    7011: "failed",
    7012: "failed",
    7014: "failed",
}
"""Ends by Plivo's hang-up codes, as its documentation explains them."""
OURS_BY_STOPPING = "the server is stopping"


@dataclass(frozen=True, slots=True)
class Truth:
    """One call of a carrier, by the id of its first leg."""

    carrier: str
    ledger: Ledger
    clock: Clock
    leg: str

    def entries(self, what: What) -> list[Entry]:
        """What the ledger has of the first leg."""
        return [one for one in self.ledger.all(what, self.leg) if one.facts.get("leg") == self.leg]

    def moment(self, what: What) -> float | None:
        """When that happened, as a Unix time."""
        found = self.entries(what)
        return self._unix(found[0]) if found else None

    def _unix(self, entry: Entry) -> float:
        return self.clock.unix() - self.clock.now() + self.ledger.began + entry.at

    @property
    def status(self) -> str | None:
        """How it ended; None: it goes on."""
        found = self.entries(What.HUNG_UP)
        if not found:
            return None
        facts = found[0].facts
        code = facts.get("code")
        return PLIVO[code] if isinstance(code, int) else str(facts["status"])

    @property
    def reason(self) -> str:
        """Why, in the carrier's words, as far as it tells them to anybody who asks."""
        facts = self.entries(What.HUNG_UP)[0].facts
        told = self.carrier == "plivo" or (self.carrier == "twilio" and self.status != "completed")
        return str(facts["name"] if told else facts["status"]).casefold()

    @property
    def seconds(self) -> float:
        """How long it was answered."""
        answered, ended = self.moment(What.ANSWERED), self.moment(What.HUNG_UP)
        return ended - answered if answered and ended else 0.0

    @property
    def is_bridged(self) -> bool:
        """Whether the caller and a target were ever connected."""
        return bool(self.ledger.all(What.BRIDGED, self.leg))

    @property
    def recordings(self) -> int:
        """How many recordings were made of it."""
        return len(self.ledger.all(What.RECORDING_STARTED, self.leg))


def differences(truth: Truth, call: Mapping[str, Any]) -> list[str]:
    """Everything that is wrong on the record of a call."""
    return [wrong for look in LOOKS for wrong in look(truth, call)]


def _status(truth: Truth, call: Mapping[str, Any]) -> Iterator[str]:
    if truth.status is None:
        if call["status"] != "in-progress" or call["ended_at"]:
            yield f"it lives, and its record says {call['status']}"
    elif call["status"] != truth.status:
        yield f"it ended {truth.status}, and its record says {call['status']}"


def _reason(truth: Truth, call: Mapping[str, Any]) -> Iterator[str]:
    if truth.status is None or call["end_reason"] == OURS_BY_STOPPING:
        return
    if (call["end_reason"] or "").casefold() != truth.reason:
        yield f"it ended for {truth.reason!r}, and its record says {call['end_reason']!r}"


def _times(truth: Truth, call: Mapping[str, Any]) -> Iterator[str]:
    answered = truth.moment(What.ANSWERED)
    is_unknown = call["answered_at"] is None
    may_be_unknown = not TELLS_ITS_ANSWER[truth.carrier] and truth.seconds < 1
    if not (is_unknown and answered and may_be_unknown):
        yield from _moment("answered", answered, call["answered_at"])
    yield from _moment("ended", truth.moment(What.HUNG_UP), call["ended_at"])


def _moment(what: str, true: float | None, said: str | None) -> Iterator[str]:
    shown = datetime.fromisoformat(said).timestamp() if said else None
    if (true is None) is not (shown is None):
        yield f"{what} at {true}, and its record says {shown}"
    elif true is not None and shown is not None and abs(true - shown) > SLACK_SECONDS:
        yield f"{what} {shown - true:+.1f} s from the truth"


def _length(truth: Truth, call: Mapping[str, Any]) -> Iterator[str]:
    said = call["duration"]
    if truth.status is None or truth.seconds < 1:
        if said not in (None, 0, 1):
            yield f"it lasted {truth.seconds:.1f} s, and its record says {said}"
    elif said is None or abs(said - truth.seconds) > SLACK_SECONDS:
        yield f"it lasted {truth.seconds:.1f} s, and its record says {said}"


def _cost(truth: Truth, call: Mapping[str, Any]) -> Iterator[str]:
    """Of the caller's leg and every leg that a Dial has rung for it; one that we have called ourselves, too,
    where its report has come."""
    true = truth.ledger.money(truth.leg)
    others = {str(one.facts["leg"]) for one in truth.ledger.all(What.BRIDGED, truth.leg)}
    beside = sum((truth.ledger.money(other) for other in others), Decimal(0))
    if truth.status is None or not PRICES_IN_DOLLARS[truth.carrier]:
        if call["cost"] is not None:
            yield f"nobody has told a price in dollars, and its record says {call['cost']}"
    elif Decimal(call["cost"] or 0) not in (true, true + beside):
        yield f"it cost {true}, and its record says {call['cost']}"


def _recordings(truth: Truth, call: Mapping[str, Any]) -> Iterator[str]:
    kept = [one for one in call["recordings"] if one["status"] == "completed" and one["bytes"]]
    if len(call["recordings"]) != truth.recordings or len(kept) != truth.recordings:
        yield f"{truth.recordings} recordings were made, and its record has {call['recordings']}"


def _transfers(truth: Truth, call: Mapping[str, Any]) -> Iterator[str]:
    """What is not told may be missing: `bridged` that never was, or another result of who was, may not stand."""
    facts = [one["facts"] for one in call["events"]]
    connected = any(one.get("bridged") for one in facts)
    results = {one["result"] for one in facts if "transfer" in one and "result" in one}
    if (connected or "bridged" in results) and not truth.is_bridged:
        yield "its record says that a target was connected, and none was"
    if truth.is_bridged and results - {"bridged"}:
        yield f"a target was connected, and its record says {results}"


LOOKS = (_status, _reason, _times, _length, _cost, _recordings, _transfers)

"""How a call ended, in words: every reason that the core writes, who ended it, and how that is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from linecard.calls import CallStatus
from linecard.explaining.facts_told import ENDED_BY
from linecard.explaining.record import Record
from linecard.explaining.sentences import Sentence, Topic
from linecard.explaining.words import clean, many, span
from linecard.store.inbox import Entry
from linecard.store.timeline import Line

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "the stream never opened": "no audio stream was ever opened, so the caller had nobody to talk to",
        "longest length reached": "it had reached its longest allowed length",
        "the caller did not agree to be recorded": "its caller did not agree to be recorded",
        "no audio stream": "its audio stream was gone and no other came",
        "no audio arrived": "nothing at all came on its audio stream for a minute",
        "the server is stopping": "our server was being stopped",
        "agent_error": "its agent failed",
        "pod_lost": "the pod that carried it was lost",
        "the carrier did not carry out our answer": "the carrier did not carry out what we asked of it",
        "the carrier knows no such call": "the carrier, asked, does not have such a call",
        "gone at the carrier": "the carrier, asked to end it, knew it no more",
        "the carrier never reported an end and knows the call no more": (
            "the carrier never reported an end, and long after does not know the call any more"
        ),
        "unknown: the carrier never said whether it placed the call": (
            "for a day nobody could say whether the carrier had placed it"
        ),
    }
)
"""What the core writes as the reason of an end."""

CLOSINGS: Mapping[str, str] = MappingProxyType(
    {
        "completed": "its agent was done",
        "hung up by the agent": "its agent hung up",
        "hung up by API": "it was hung up by the API",
    }
)
"""What an end is asked with, beside those reasons."""
SAYS_NOTHING = frozenset({"", *CallStatus})
"""Carriers give as the reason of an end what is its status already."""

OPENINGS: Mapping[str, str] = MappingProxyType(
    {
        "not placed: ": "the dial never reached the carrier: {rest}",
        "refused by the carrier: ": "the carrier refused the dial: {rest}",
        "nobody took the redirect: ": "nobody took the call where it was sent: {rest}",
    }
)
"""Reasons of the core's that go on with what is particular to the call."""

STATUSES: Mapping[CallStatus, str] = MappingProxyType(
    {
        CallStatus.QUEUED: "it is waiting to be dialled",
        CallStatus.DIALING: "it is being dialled",
        CallStatus.RINGING: "it is ringing",
        CallStatus.IN_PROGRESS: "it is going on",
        CallStatus.COMPLETED: "it was completed",
        CallStatus.BUSY: "the line was busy",
        CallStatus.NO_ANSWER: "nobody answered",
        CallStatus.FAILED: "it failed",
        CallStatus.CANCELED: "it was given up before the answer",
        CallStatus.REJECTED: "it was rejected",
        CallStatus.UNKNOWN: "nobody knows whether the carrier placed it",
    }
)

FOUND_BY: Mapping[str, str] = MappingProxyType(
    {
        "refused": "The end is known from the dial itself, which came to nothing.",
        "gone": "The end is known from the carrier's answer to our hang-up: it had no such call any more.",
        "forgotten": "The end was never reported; it was concluded long after the call had to be over.",
        "unconfirmed": "The end was concluded: the carrier, asked several times, has no such call.",
        "given-up": "The end was concluded: for a day nobody could say whether there was a call.",
    }
)
"""By the first word of the fact's key: ends that are known in another way than by a report."""
ASKED = "asked"
"""Marks a fact of the inbox that came by a look-up or from ourselves."""


def why(text: str | None) -> str:
    """The reason of an end in words behind a colon; empty where it says no more than the status."""
    return "" if (text or "") in SAYS_NOTHING else f": {reason(text or '')}"


def asked_because(text: str) -> str:
    """Why our side asked for an end."""
    return CLOSINGS.get(text) or reason(text)


def reason(text: str) -> str:
    """The reason of an end in words; the carrier's own words as they are."""
    for opening, words in OPENINGS.items():
        if text.startswith(opening):
            return words.format(rest=clean(text.removeprefix(opening)))
    return REASONS.get(text) or clean(text)


def status(of: CallStatus) -> str:
    """Where a call stands, in words."""
    return STATUSES.get(of, clean(of))


def who_ended(line: Line | None) -> str | None:
    """Who ended the call, where the carrier says so."""
    return ENDED_BY.get(str(line.facts.get("ended_by", ""))) if line else None


def ending(record: Record) -> Iterator[Sentence]:
    """The end of the call: how, by whom, why, and how that is known."""
    if not record.call.is_over:
        yield from _not_over(record)
        return
    first = next(iter(record.ends), None)
    yield Sentence(Topic.END, _verdict(record, first))
    yield from _whose_wish(record, first)
    found = record.ended_by_entry
    if found is not None:
        yield Sentence(Topic.END, _how_known(found))


def _verdict(record: Record, first: Line | None) -> str:
    call, by = record.call, who_ended(first)
    code = first.facts.get("code") if first else None
    said = f" (the carrier's code {clean(code)})" if code else ""
    length = f", after {span(call.duration)}" if call.duration else ""
    return (
        f"It ended as {call.status}{(by and f' {by}') or ''}{length}{why(call.end_reason)}{said}."
    )


def _whose_wish(record: Record, first: Line | None) -> Iterator[Sentence]:
    """Where the carrier does not say who ended the call, what we had asked for tells."""
    call = record.call
    if call.closing:
        words = f"Our side had asked for the end: {asked_because(call.closing)}."
        yield Sentence(Topic.END, words)
    elif record.has("apologised") or _is_turned_away(record):
        yield Sentence(Topic.END, "Our own answer to the carrier ended it.")
    elif call.answered_at and first is not None and who_ended(first) is None:
        words = "Our side had not asked for the end: the other side ended it, or the carrier."
        yield Sentence(Topic.END, words)


def _is_turned_away(record: Record) -> bool:
    decided = record.named("routed")
    return bool(decided) and decided[-1].facts.get("do") in TURNED_AWAY


TURNED_AWAY = frozenset({"busy", "refuse", "hang-up"})


def _how_known(found: Entry) -> str:
    opening = str(found.payload.get("key", found.key)).partition(":")[0]
    if found.payload.get(ASKED):
        return FOUND_BY.get(
            opening, "The end was found by asking the carrier; nobody had reported it."
        )
    return "The carrier reported the end by itself."


def _not_over(record: Record) -> Iterator[Sentence]:
    call = record.call
    yield Sentence(Topic.END, f"It is not over: {status(call.status)}.")
    if call.closing:
        words = f"Its end was asked for ({asked_because(call.closing)}) and is not confirmed."
        yield Sentence(Topic.END, words)
    if record.at_risk_seconds is not None:
        minutes = many(record.at_risk_seconds // 60 + 1, "minute")
        words = f"It should be over and is not confirmed gone at the carrier: {minutes} at risk."
        yield Sentence(Topic.END, words)

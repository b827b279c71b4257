"""The whole explanation: facts in, sentences out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from linecard.calls import Call, Direction
from linecard.explaining.advising import advice
from linecard.explaining.beginnings import answering, beginning, parties, streams
from linecard.explaining.belongings import notifications, price, recordings, transfers, work
from linecard.explaining.ends import asked_because, ending, status, who_ended, why
from linecard.explaining.kinds import told
from linecard.explaining.oddities import oddities
from linecard.explaining.record import Record
from linecard.explaining.sentences import Explanation, Sentence, Topic
from linecard.explaining.words import clean, span

Rule = Callable[[Record], Iterator[Sentence]]


def _timeline(record: Record) -> Iterator[Sentence]:
    return (told(line) for line in record.lines)


RULES: tuple[Rule, ...] = (
    beginning,
    answering,
    streams,
    recordings,
    transfers,
    _timeline,
    ending,
    oddities,
    work,
    notifications,
    price,
)
"""Who speaks, in the order in which they are heard within a topic and a moment."""


def explain(record: Record) -> Explanation:
    """Why a call went as it did, from what is on record alone."""
    said = [sentence for rule in RULES for sentence in rule(record)]
    return Explanation(
        call=record.call.id,
        summary=_summary(record),
        began=record.call.created_at,
        sentences=_in_order(said),
        advice=advice(record),
    )


def _in_order(said: list[Sentence]) -> tuple[Sentence, ...]:
    """By topic; what sums up before what happened, and that by its time."""
    topics = list(Topic)
    order = sorted(said, key=lambda one: (topics.index(one.topic), _moment(one)))
    return tuple(dict.fromkeys(order))


def _moment(one: Sentence) -> tuple[bool, float]:
    return one.at is not None, one.at.timestamp() if one.at else 0.0


def _summary(record: Record) -> str:
    """The whole call in a sentence or two."""
    call = record.call
    first = next(iter(record.ends), None)
    by = who_ended(first)
    length = f" after {span(call.duration)}" if call.duration and call.is_over else ""
    return f"{parties(record)}{_with(record)}; {status(call.status)}{length}{(by and f', ended {by}') or ''}{_why(call)}."


def _with(record: Record) -> str:
    call = record.call
    if not call.agent:
        return "" if call.direction is Direction.OUTBOUND else " and got no agent"
    whose = " and had the agent" if record.has("agent-started") else " for the agent"
    return f"{whose} {clean(call.agent)}"


def _why(call: Call) -> str:
    if call.closing and not call.is_over:
        return f", and its end was asked for: {asked_because(call.closing)}"
    return why(call.end_reason)

"""What was late, repeated, contradictory, not recognised or dropped: counted, since nothing is lost in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from linecard.explaining.record import STREAM_ENDED, Record, number_of
from linecard.explaining.sentences import Sentence, Topic
from linecard.explaining.words import clean, many, span, times
from linecard.store.inbox import Entry

UNKNOWN = "unknown"
"""In a fact of the inbox: the fields that no table knows."""
PROGRESS = ("answer-requested", "call-ringing", "call-answered", "machine-detected")
"""What cannot happen after an end."""
LATE = timedelta(seconds=60)


def oddities(record: Record) -> Iterator[Sentence]:
    """Everything of that sort."""
    for look in (_repeated, _out_of_order, _contradictory, _late_end, _unknown_fields, _dropped):
        for words in look(record):
            yield Sentence(Topic.ODD, words)


def _repeated(record: Record) -> Iterator[str]:
    if record.repeats:
        yield f"Told again by the carrier, and counted once: {_listed(Counter(record.repeats))}."


def _out_of_order(record: Record) -> Iterator[str]:
    if record.ends:
        end = record.ends[0].at
        late = Counter(line.name for line in record.named(*PROGRESS) if line.at > end)
        if late:
            yield f"Told after the end, and changing nothing: {_listed(late)}."
    answered = record.call.answered_at
    rang = [line for line in record.named("call-ringing") if answered and line.at > answered]
    if rang and not (record.ends and rang[0].at > record.ends[0].at):
        yield "That it rings was told after the answer."


def _contradictory(record: Record) -> Iterator[str]:
    ends = record.ends
    others = {str(line.facts.get("status")) for line in ends} - {str(record.call.status)}
    if others:
        yield (
            f"The end was told differently too ({clean(', '.join(sorted(others)))}); "
            f"what counts is {record.call.status}."
        )
    elif len(ends) > 1:
        yield f"The end was told {times(len(ends))}, each time the same."


def _late_end(record: Record) -> Iterator[str]:
    call = record.call
    if call.closing_at and call.ended_at and call.ended_at - call.closing_at > LATE:
        taken = span(call.ended_at - call.closing_at)
        yield f"The end was confirmed only {taken} after it had been asked for."


def _unknown_fields(record: Record) -> Iterator[str]:
    names = sorted({name for entry in record.inbox for name in _unknown(entry)})
    if names:
        shown = ", ".join(clean(name) for name in names[:MOST_NAMES])
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        yield f"The carrier sent {many(len(names), 'field')} that no table knows: {shown}{more}."


MOST_NAMES = 10


def _unknown(entry: Entry) -> Sequence[str]:
    fields = entry.payload.get(UNKNOWN)
    return tuple(str(name) for name in fields) if isinstance(fields, Mapping) else ()


def _dropped(record: Record) -> Iterator[str]:
    counted: Counter[str] = Counter()
    for line in record.named(STREAM_ENDED):
        dropped = line.facts.get("dropped")
        if isinstance(dropped, Mapping):
            counted.update({str(reason): number_of(count) for reason, count in dropped.items()})
    if counted.total():
        yield f"Of the streams' messages {counted.total()} could not be used: {_listed(counted)}."


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{clean(name)} {times(count)}" for name, count in counted.most_common())

"""Who called whom over what, when it rang and was answered, and how long the caller waited for a sound."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from linecard.calls import Direction, Machine
from linecard.explaining.record import STREAM_ENDED, STREAM_STARTED, Record, seconds_between
from linecard.explaining.sentences import Sentence, Topic
from linecard.explaining.words import clean, many, party, span, times
from linecard.store.timeline import Line


def parties(record: Record) -> str:
    """Who called whom: `+1415***0123 called +1415***0100`."""
    call = record.call
    return f"{party(call.from_)} called {party(call.to)}"


def beginning(record: Record) -> Iterator[Sentence]:
    """The call itself: both ends, the line between them, and how its agent was found."""
    call = record.call
    way = "came in on" if call.direction is Direction.INBOUND else "went out from"
    line = f"{clean(call.provider)}, account {clean(call.account)}, profile {clean(call.profile)}"
    words = f"{parties(record)}: the call {way} the number {party(call.number)} ({line})."
    yield Sentence(Topic.CALL, words)
    yield from _agent(record)
    yield from _wishes(record)


def _agent(record: Record) -> Iterator[Sentence]:
    call, number = record.call, record.number
    if not call.agent:
        yield Sentence(Topic.CALL, "It had no agent.")
    elif number is None:
        yield Sentence(
            Topic.CALL, f"Its agent was {clean(call.agent)}; the number is registered no more."
        )
    else:
        own = "the number's own" if call.agent == number.agent else "not the number's own"
        yield Sentence(Topic.CALL, f"Its agent was {clean(call.agent)}, {own}.")
    if number is not None and (number.provider, number.account) != (call.provider, call.account):
        now = f"{clean(number.provider)}:{clean(number.account)}"
        yield Sentence(Topic.CALL, f"The number is registered with {now} by now.")


def _wishes(record: Record) -> Iterator[Sentence]:
    call = record.call
    if call.machine is not Machine.OFF:
        yield Sentence(Topic.CALL, f"Answering machines were to be told apart ({call.machine}).")
    if call.send_digits:
        yield Sentence(Topic.CALL, "Keys were to be pressed at the answer.")


def answering(record: Record) -> Iterator[Sentence]:
    """How long it rang, and how long it was silent after the answer."""
    call = record.call
    if call.answered_at is None:
        yield Sentence(
            Topic.ANSWER, "Nobody answered it." if call.is_over else "It is not answered."
        )
        return
    since, what = _rang_since(record)
    rang = seconds_between(since, call.answered_at)
    yield Sentence(Topic.ANSWER, f"It was answered {span(rang or 0)} after {what}.")
    yield from _first_sound(record)


def _rang_since(record: Record) -> tuple[datetime, str]:
    ringing = record.first("call-ringing")
    answered = record.call.answered_at
    if ringing is not None and answered is not None and ringing.at <= answered:
        return ringing.at, "it began to ring"
    inbound = record.call.direction is Direction.INBOUND
    return record.call.created_at, "it came in" if inbound else "the dial"


def _first_sound(record: Record) -> Iterator[Sentence]:
    heard = first_sound(record)
    waited = seconds_between(record.call.answered_at, heard)
    if waited is not None:
        words = f"The first sound of the agent went out {span(waited)} after the answer."
        yield Sentence(Topic.ANSWER, words, heard)
    elif record.has(STREAM_ENDED):
        yield Sentence(Topic.ANSWER, "Not one sound of an agent went out in the whole call.")


def first_sound(record: Record) -> datetime | None:
    """When the agent's first audio went to the carrier; a stream tells that at its end."""
    started: Line | None = None
    for line in record.named(STREAM_STARTED, STREAM_ENDED):
        if line.name == STREAM_STARTED:
            started = line
            continue
        after = line.facts.get("first_audio_ms")
        if started is not None and isinstance(after, int):
            return started.at + timedelta(milliseconds=after)
    return None


def streams(record: Record) -> Iterator[Sentence]:
    """How many streams carried the call."""
    count = len(record.named(STREAM_STARTED))
    again = len(record.named("stream-asked-again"))
    if count:
        more = f"; the carrier was asked again {times(again)}" if again else ""
        yield Sentence(Topic.AUDIO, f"The call had {many(count, 'audio stream')}{more}.")
    elif record.call.answered_at is not None and record.call.agent:
        words = f"No audio stream ever opened, though the carrier was asked {times(1 + again)}."
        yield Sentence(Topic.AUDIO, words)

"""Whatever the core can write has its words; what it cannot is shown as it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest
from tests.core.explaining import written_kinds

from linecard.calls import CallStatus
from linecard.exchange import durable, reasons
from linecard.explaining import belongings, ends
from linecard.explaining.advising import BY_END, BY_LINE
from linecard.explaining.kinds import KINDS, told
from linecard.explaining.sentences import Topic
from linecard.store.timeline import Line
from linecard.transfers import TransferState

AT = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
WRITTEN = sorted(written_kinds.kinds())
STRANGE: tuple[Mapping[str, object], ...] = (
    {},
    {"reason": None, "leg": None, "dropped": 3, "unsent_ms": "x", "gaps": "many", "targets": None},
    {"reason": "{call} [x] {0}", "leg": "target:{x}", "dropped": {"{a}": "b", "c": 2}, "do": "{x}"},
    {"reason": "\x1b[31m\r\nfalse line", "name": "+14155550123", "agent": "sip:anna@example.com"},
)


def test_the_core_writes_what_is_known_of() -> None:
    assert {"stream-started", "dial-queued", "arrival-unconfirmed", "leg-ended"} <= set(WRITTEN)
    assert {"lead-raised", "audio-doubtful", "stream-fault", "digits-sent"} <= set(WRITTEN)
    assert {
        "agent-missing",
        "sockets-refused",
        "sockets-unopened",
        "cost-unknown",
        "recording-stop-asked",
    } <= set(WRITTEN)
    assert len(WRITTEN) > 60


@pytest.mark.parametrize("name", WRITTEN)
def test_every_kind_that_the_core_writes_has_a_sentence(name: str) -> None:
    assert name in KINDS


def test_every_sentence_is_of_a_kind_that_the_core_writes() -> None:
    assert set(KINDS) <= set(WRITTEN)
    assert set(BY_LINE) <= set(WRITTEN)


def every_line() -> Iterator[Line]:
    return (Line(AT, name, facts) for name in KINDS for facts in STRANGE)


@pytest.mark.parametrize("line", list(every_line()), ids=lambda line: line.name)
def test_strange_facts_make_a_line_of_plain_text(line: Line) -> None:
    text = told(line).text
    assert text.endswith(".")
    assert text.isprintable()
    assert "+14155550123" not in text
    assert "anna@example.com" not in text


def test_an_unknown_kind_is_shown_as_it_stands() -> None:
    said = told(Line(AT, "coffee-served", {"cups": 2, "to": "+14155550123"}))
    assert said.topic is Topic.ODD
    assert said.text == "coffee-served: cups 2, to +1415***0123."
    assert told(Line(AT, "coffee-served", {})).text == "coffee-served."


REASONS = sorted(written_kinds.reasons() | reasons.TELLING)


def test_the_core_ends_calls_for_reasons_that_are_known_of() -> None:
    assert {"gone at the carrier", "not placed: ", "hung up by API", "no audio stream"} <= set(
        REASONS
    )
    assert {"nobody took the redirect: ", "the stream never opened"} <= {*REASONS, *ends.REASONS}


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_of_an_end_has_words(reason: str) -> None:
    known = {*ends.REASONS, *ends.CLOSINGS, *ends.OPENINGS}
    assert reason in known


def test_reasons_that_are_advised_on_exist() -> None:
    assert set(BY_END) <= set(ends.REASONS)


def test_every_state_has_words() -> None:
    assert set(ends.STATUSES) == set(CallStatus)
    assert set(belongings.STATES) == set(TransferState)
    assert set(belongings.JOBS) == set(durable.KINDS)

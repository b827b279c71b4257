"""Checks of what a provider reads from the carrier's requests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, islice, permutations
from typing import Any

import pytest

from linecard.calls import ENDS, Call, CallStatus
from linecard.errors import RequestRefused
from linecard.events import CALLER, CarrierEvent, LegEnded, Unrecognised
from linecard.exchange.folding import changes
from linecard.testing.bench import Bench
from linecard.testing.case import Case
from linecard.testing.rewriting import (
    another_call,
    every_field,
    hostile_values,
    with_field,
    without_field,
)
from linecard.testing.samples import Sample, Words
from linecard.webhook import Callback, CarrierRequest, Kind

LEG = re.compile(r"caller|media|target:[1-9][0-9]*")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
UNKNOWN_WORD = "xyzzy"
MOST_PERMUTED = 5
RECORD = ("status", "duration", "cost", "end_reason")
UNREADABLE = 400
NO_OBJECTS = (
    b"",
    b"null",
    b"[]",
    b"7",
    b'"x"',
    b"{",
    b"{}",
    b"\xff\xfe",
    b"[" * 50_000,
    b'{"a":NaN}',
)


class Callbacks(Case):
    """Every captured request, every word, and what a careless or hostile sender makes of them."""

    # --- meaning ---

    def test_a_request_means_what_the_sample_says(self, sample: Sample) -> None:
        said = read(self.bench, sample).events
        fits = len(said) == len(sample.meanings) and all(
            meaning.fits(event) for meaning, event in zip(sample.meanings, said, strict=True)
        )
        assert fits, f"expected {sample.meanings}, got {said}"

    def test_a_request_wants_the_document_that_the_sample_says(self, sample: Sample) -> None:
        assert read(self.bench, sample).wants is sample.wanted

    def test_a_request_names_its_call_by_the_carriers_ids(self, sample: Sample) -> None:
        found = read(self.bench, sample).call_ids
        missing = {name: value for name, value in sample.ids.items() if found.get(name) != value}
        assert not missing, f"call_ids {dict(found)} lack {missing}"

    def test_every_event_has_a_key_and_a_leg(self, sample: Sample) -> None:
        for event in read(self.bench, sample).events:
            assert isinstance(event, CarrierEvent)
            assert event.key.strip(), f"{event} has no key"
            assert LEG.fullmatch(event.leg), f"{event.leg!r} is no leg"

    def test_a_repeat_has_the_same_keys(self, sample: Sample) -> None:
        assert keys(read(self.bench, sample)) == keys(read(self.bench, sample))

    def test_another_account_object_reads_the_same(self, sample: Sample) -> None:
        self.bench.needs("parse_callback")
        request = self.bench.request(sample)
        first, second = self.bench.make(), self.bench.make()
        said = self.bench.parse(request, first)
        assert self.bench.parse(request, second) == said
        assert self.bench.parse(request, first) == said, "reading left a trace"

    def test_another_calls_request_has_other_keys(self, sample: Sample) -> None:
        said = read(self.bench, sample)
        other = another_call(sample, said)
        if other is None or not said.events:
            pytest.skip("the sample holds no id of its call")
        same = keys(said) & keys(read(self.bench, other))
        assert not same, f"another call's request has the key {same}"

    def test_different_facts_have_different_keys(self) -> None:
        held: dict[str, tuple[str, str]] = {}
        for name, sample in (self.bench.samples() or _none()).items():
            for event in read(self.bench, sample).events:
                fact = (type(event).__name__, event.leg)
                before = held.setdefault(event.key, fact)
                assert before == fact, f"{name}: {fact} has the key of {before}: {event.key}"

    def test_a_call_id_in_the_body_moves_no_other_call(self, sample: Sample) -> None:
        """Only the address says which of our calls it is: `our_call` is what the dial gave out."""
        assert read(self.bench, sample).our_call in (None, self.bench.call().id)

    # --- order ---

    def test_any_order_and_any_repeats_end_in_the_same_record(self) -> None:
        self.bench.needs("parse_callback")
        told = story(self.bench)
        if len(told) < 2:
            pytest.skip("the samples give fewer than two different events of the caller's leg")
        ends = {record(folded(self.bench, order)) for order in orders(told)}
        assert len(ends) == 1, f"the record depends on the order: {sorted(map(str, ends))}"
        ended = next((event for event in told if isinstance(event, LegEnded)), None)
        if ended is not None:
            ((status, *_),) = ends
            assert status is ended.status, f"after the end {ended.status} the call is {status}"

    # --- words ---

    def test_a_word_moves_the_call_to_our_status(
        self, words: Words, word: str, status: CallStatus
    ) -> None:
        call = after(self.bench, words, word)
        moves = status in ENDS or status in (CallStatus.RINGING, CallStatus.IN_PROGRESS)
        expected = status if moves else CallStatus.DIALING
        assert call.status is expected, f"{word!r} leaves the call {call.status}, not {expected}"

    def test_an_unknown_word_is_kept_and_ends_no_call(self, words: Words) -> None:
        self.bench.needs("parse_callback")
        said = self.bench.parse(
            self.bench.request(with_field(words.sample, words.at, UNKNOWN_WORD))
        )
        if words.unknown is not None:
            assert folded(self.bench, said.events).status is words.unknown
            return
        assert any(isinstance(event, Unrecognised) for event in said.events), (
            f"{words.at}={UNKNOWN_WORD} gave {said.events}: nothing Unrecognised"
        )
        assert folded(self.bench, said.events).status is CallStatus.DIALING

    def test_words_are_compared_whole(self, words: Words) -> None:
        """A known word inside another is another word."""
        self.bench.needs("parse_callback")
        word = next(iter(words.words))
        said = self.bench.parse(
            self.bench.request(with_field(words.sample, words.at, f"{word}{word}"))
        )
        unknown = words.unknown or CallStatus.DIALING
        assert folded(self.bench, said.events).status is unknown, (
            f"{word}{word} was taken for {word}"
        )

    # --- what is not as it should be ---

    def test_a_missing_field_that_is_required_is_refused_with_400(self, sample: Sample) -> None:
        self.bench.needs("parse_callback")
        if not sample.required:
            pytest.skip("the sample names no required field")
        for name in sample.required:
            status = refusal(self.bench, self.bench.request(without_field(sample, name)))
            assert status is not None, f"a request without {name} is taken"
            assert status in (UNREADABLE, 403), f"a request without {name} is refused with {status}"

    def test_any_field_may_be_missing_without_a_fault(self, sample: Sample) -> None:
        self.bench.needs("parse_callback")
        for at in every_field(sample):
            refusal(self.bench, self.bench.request(without_field(sample, at)))

    def test_any_value_of_any_field_is_read_or_refused(self, sample: Sample) -> None:
        self.bench.needs("parse_callback")
        provider = self.bench.make()
        for at in every_field(sample):
            for value in hostile_values(sample):
                refusal(self.bench, self.bench.request(with_field(sample, at, value)), provider)

    def test_a_request_at_any_address_of_ours_is_read_or_refused(self, sample: Sample) -> None:
        self.bench.needs("parse_callback")
        for kind in Kind:
            refusal(self.bench, self.bench.request(replace(sample, kind=kind)))

    def test_an_unknown_field_changes_nothing(self, sample: Sample) -> None:
        self.bench.needs("parse_callback")
        more = with_field(sample, "XyzzyOfTomorrow", "1")
        assert self.bench.parse(self.bench.request(more)).events == read(self.bench, sample).events

    def test_a_repeated_field_is_refused_or_changes_nothing(self, sample: Sample) -> None:
        if not sample.form:
            pytest.skip("the sample is no form")
        events = read(self.bench, sample).events
        request = self.bench.request(sample)
        for name, _ in request.pairs:
            doubled = replace(request, pairs=(*request.pairs, (name, UNKNOWN_WORD)))
            try:
                said = self.bench.parse(doubled).events
            except RequestRefused as refused:
                assert refused.status in (UNREADABLE, 403), refused.status
            else:
                assert said == events, f"the second {name} counts"

    def test_a_body_that_is_no_such_object_is_refused_or_says_nothing(self, sample: Sample) -> None:
        self.bench.needs("parse_callback")
        if sample.json is None:
            pytest.skip("the sample has no JSON body")
        for body in NO_OBJECTS:
            request = self.sign(replace(self.bench.unsigned(sample), body=body))
            try:
                said = self.bench.parse(request)
            except RequestRefused as refused:
                assert refused.status == UNREADABLE, (body[:20], refused.status)
            else:
                told = [event for event in said.events if not isinstance(event, Unrecognised)]
                assert not told, f"the body {body[:20]!r} says {told}"


def read(bench: Bench, sample: Sample) -> Callback:
    """What a sample says."""
    bench.needs("parse_callback")
    return bench.parse(bench.request(sample))


def refusal(bench: Bench, request: CarrierRequest, provider: Any = None) -> int | None:
    """The status with which it is refused; None where it is read. Anything else is a fault."""
    try:
        callback = bench.parse(request, provider)
    except RequestRefused as refused:
        return refused.status
    assert isinstance(callback, Callback)
    return None


def after(bench: Bench, words: Words, word: str) -> Call:
    """The record after a request with this word."""
    bench.needs("parse_callback")
    said = bench.parse(bench.request(with_field(words.sample, words.at, word)))
    return folded(bench, said.events)


def story(bench: Bench) -> tuple[CarrierEvent, ...]:
    """One event of each type, of the caller's leg."""
    events = chain.from_iterable(read(bench, sample).events for sample in bench.samples().values())
    by_type = {type(event): event for event in events if event.leg == CALLER}
    return tuple(by_type.values())[:MOST_PERMUTED]


def folded(bench: Bench, events: Iterable[CarrierEvent]) -> Call:
    """The record after these events, each key once, as the inbox keeps them."""
    call = bench.call(status=CallStatus.DIALING, carrier_ids={})
    seen: set[str] = set()
    for event in events:
        if event.key not in seen:
            seen.add(event.key)
            call = replace(call, **changes(call, event, NOW))
    return call


def keys(callback: Callback) -> frozenset[str]:
    """The keys of a callback's events."""
    return frozenset(event.key for event in callback.events)


def record(call: Call) -> tuple[Any, ...]:
    """What a call's record ends in."""
    return tuple(getattr(call, name) for name in RECORD)


def orders(events: tuple[CarrierEvent, ...]) -> Iterator[tuple[CarrierEvent, ...]]:
    """Every order, and each with every event once more at the end, and doubled."""
    for order in islice(permutations(events), 120):
        yield order
        yield order + order
        yield tuple(chain.from_iterable((event, event) for event in order))


def _none() -> dict[str, Sample]:
    pytest.skip("the test has no samples")

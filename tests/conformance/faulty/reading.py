"""Faults in what is read from callbacks."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from linecard import (
    Answer,
    Callback,
    CallStatus,
    CarrierEvent,
    CarrierRequest,
    LegEnded,
    RequestRefused,
    hookimpl,
)
from tests.conformance.faulty.registry import caught_by
from tests.conformance.tin import STATES, Tin


@caught_by("an_unknown_word_is_kept_and_ends_no_call")
class UnknownWordsFail(Tin):
    def event(self, form: Any, ids: Mapping[str, str]) -> CarrierEvent:
        if form.get("state") in ("asks", "rings", "talks"):
            return super().event(form, ids)
        return self.ended(form, ids, STATES.get(str(form.get("state")), CallStatus.FAILED))


@caught_by("an_unknown_word_is_kept_and_ends_no_call")
class UnknownWordsRaise(Tin):
    def event(self, form: Any, ids: Mapping[str, str]) -> CarrierEvent:
        if form.get("state") in ("asks", "rings", "talks"):
            return super().event(form, ids)
        return self.ended(form, ids, STATES[form["state"]])


@caught_by("an_unknown_word_is_kept_and_ends_no_call")
class UnknownWordsAreLost(Tin):
    @hookimpl
    def parse_callback(self, request: CarrierRequest) -> Callback:
        said = super().parse_callback(request)
        return replace(said, events=tuple(one for one in said.events if "?" not in one.key))


@caught_by("words_are_compared_whole")
class PartsOfWords(Tin):
    def event(self, form: Any, ids: Mapping[str, str]) -> CarrierEvent:
        state = str(form.get("state"))
        known = next((word for word in STATES if state.startswith(word)), state)
        return super().event({**form, "state": known}, ids)


@caught_by("a_word_moves_the_call_to_our_status")
class EngagedIsBroken(Tin):
    states: ClassVar[Mapping[str, CallStatus]] = {**STATES, "engaged": CallStatus.FAILED}


@caught_by("a_request_means_what_the_sample_says")
class CountsMinutes(Tin):
    def ended(self, form: Any, ids: Mapping[str, str], status: CallStatus) -> CarrierEvent:
        event = super().ended(form, ids, status)
        assert isinstance(event, LegEnded)
        return replace(event, duration=(event.duration or 0) // 60)


@caught_by("a_request_wants_the_document_that_the_sample_says")
class WantsNothing(Tin):
    @hookimpl
    def parse_callback(self, request: CarrierRequest) -> Callback:
        return replace(super().parse_callback(request), wants=None)


@caught_by("a_request_names_its_call_by_the_carriers_ids")
class NamesNoCall(Tin):
    @hookimpl
    def parse_callback(self, request: CarrierRequest) -> Callback:
        return replace(super().parse_callback(request), call_ids={})


@caught_by("different_facts_have_different_keys")
class OneKeyForACall(Tin):
    def key(self, form: Any, fact: str) -> str:
        return str(form["call"])


@caught_by("any_order_and_any_repeats_end_in_the_same_record")
class RingingHidesTheEnd(Tin):
    def key(self, form: Any, fact: str) -> str:
        return super().key(form, "end" if fact == "rings" else fact)


@caught_by("a_repeat_has_the_same_keys")
class AnotherKeyEachTime(Tin):
    def key(self, form: Any, fact: str) -> str:
        return f"{fact}:{uuid.uuid4()}"


@caught_by("another_calls_request_has_other_keys")
class KeysWithoutTheCall(Tin):
    def key(self, form: Any, fact: str) -> str:
        return fact


@caught_by("every_event_has_a_key_and_a_leg")
class LegsOfItsOwn(Tin):
    def event(self, form: Any, ids: Mapping[str, str]) -> CarrierEvent:
        return replace(super().event(form, ids), leg="a-leg")


@caught_by("another_account_object_reads_the_same")
class Remembers(Tin):
    def __init__(self, account: str, settings: Any) -> None:
        super().__init__(account, settings)
        self.seen: set[bytes] = set()

    @hookimpl
    def parse_callback(self, request: CarrierRequest) -> Callback:
        said = super().parse_callback(request)
        known = request.body in self.seen
        self.seen.add(request.body)
        return replace(said, events=()) if known else said


@caught_by("a_missing_field_that_is_required_is_refused_with_400")
class TakesCallsWithoutId(Tin):
    def form(self, request: CarrierRequest) -> Any:
        try:
            return super().form(request)
        except RequestRefused:
            return {"call": "", "state": "rings"}


@caught_by("any_field_may_be_missing_without_a_fault")
class ReadsWithoutLooking(Tin):
    def event(self, form: Any, ids: Mapping[str, str]) -> CarrierEvent:
        assert form["state"]
        return super().event(form, ids)


@caught_by("any_value_of_any_field_is_read_or_refused")
class CountsWithoutLooking(Tin):
    def ended(self, form: Any, ids: Mapping[str, str], status: CallStatus) -> CarrierEvent:
        int(form.get("seconds", 0))
        return super().ended(form, ids, status)


@caught_by("a_body_that_is_no_such_object_is_refused_or_says_nothing")
class TrustsTheBody(Tin):
    def form(self, request: CarrierRequest) -> Any:
        import json

        return json.loads(request.body)


@caught_by("an_unknown_field_changes_nothing")
class RefusesTomorrow(Tin):
    def form(self, request: CarrierRequest) -> Any:
        form = super().form(request)
        if not form.keys() <= {"call", "state", "from", "to", "seconds"}:
            raise RequestRefused("an unknown field", status=400)
        return form


@caught_by("parsing_touches_nothing")
class SleepsWhileItReads(Tin):
    def form(self, request: CarrierRequest) -> Any:
        time.sleep(0)
        return super().form(request)


@caught_by("verifying_touches_nothing")
class ReadsTheEnvironment(Tin):
    def mac(self, secret: str, request: CarrierRequest) -> str:
        import os

        return super().mac(os.environ.get("TIN_OVERRIDE", secret), request)


@caught_by("answering_touches_nothing")
class OpensAFile(Tin):
    @hookimpl
    def answer(self, call: Any, verbs: Any, reason: Any) -> Answer:
        Path(__file__).open().close()
        return super().answer(call, verbs, reason)

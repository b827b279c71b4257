"""Checks of whole calls catch what no single request shows: faulty providers made of Plivo."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from linecard import Answer, Call, HangUpResult, PlacedCall, PlaceOrder, StreamProfile, hookimpl
from linecard.testing.parametrising import runs
from linecard_plivo import Plivo
from tests.providers.plivo.test_conformance import TestPlivo as Certification


class PlaysSilence(Plivo):
    @hookimpl
    def open_stream(self, profile: StreamProfile) -> Any:
        stream = super().open_stream(profile)
        play = stream.play
        stream.play = lambda audio: play(bytes(len(audio)))  # type: ignore[method-assign]
        return stream


class DialsTwice(Plivo):
    @hookimpl
    async def place_call(self, order: PlaceOrder) -> PlacedCall:
        await super().place_call(order)
        return await super().place_call(order)


class OpensAnotherSocket(Plivo):
    @hookimpl
    def answer(self, call: Any, verbs: Any, reason: Any) -> Answer:
        made = super().answer(call, verbs, reason)
        body = made.reply.body.replace(b"/ws/plivo/", b"/ws/plivo/x")
        return replace(made, reply=replace(made.reply, body=body))


class SaysThatItEnded(Plivo):
    @hookimpl
    async def cancel_call(self, call: Call) -> HangUpResult:
        return HangUpResult.DONE


FAULTS = {
    SaysThatItEnded: "test_a_hang_up_of_ours_ends_a_call_that_rings",
    PlaysSilence: "test_the_caller_hears_an_echo",
    DialsTwice: "test_a_call_goes_out_is_answered_and_ends",
    OpensAnotherSocket: "test_a_call_goes_out_is_answered_and_ends",
}


@pytest.mark.slow
@pytest.mark.parametrize("provider", list(FAULTS), ids=lambda one: one.__name__)
def test_a_fault_is_caught_by_its_check(provider: type[Plivo]) -> None:
    case = type("Faulty", (Certification,), {"provider": provider, "name": "plivo"})
    (_, run), *_ = runs(case, FAULTS[provider])
    with pytest.raises((AssertionError, TimeoutError)):
        run()

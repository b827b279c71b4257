"""A look-up of a call that is over tells of the legs that were dialled for it: calls whose parent it is."""

from __future__ import annotations

import pytest
from tests.providers.twilio.test_rest import (
    SID,
    TARGET,
    Answer,
    Seen,
    Server,
    page,
    rest,
    server,
    twilio_call,
)

from linecard import CallLookup, CallRated, TransferReported, TransferResult
from linecard_twilio import lookups
from linecard_twilio.rest import Rest

__all__ = ["rest", "server"]
PRICED = "-0.01400"


async def found(server: Server, rest: Rest, *targets: dict[str, object]) -> CallLookup:
    """What is found of an ended, priced call with these legs below it."""
    own = twilio_call(status="completed", duration="66", price=PRICED)

    def decide(seen: Seen) -> Answer:
        if seen.path.endswith("/Recordings.json"):
            return Answer(200, page(key="recordings"))
        if "ParentCallSid" not in seen.query:
            return Answer(200, own)
        assert seen.query["ParentCallSid"] == [SID]
        return Answer(200, page(*(twilio_call(sid=TARGET, **one) for one in targets)))

    server.decide = decide
    return await lookups.find(rest, {"call_sid": SID})


def results(seen: CallLookup) -> list[TransferResult]:
    return [one.result for one in seen.further if isinstance(one, TransferReported)]


@pytest.mark.parametrize(
    ("status", "price", "result"),
    [
        ("completed", "-0.02800", TransferResult.BRIDGED),
        ("busy", None, TransferResult.BUSY),
        ("no-answer", None, TransferResult.NO_ANSWER),
        ("canceled", None, TransferResult.FAILED),
    ],
)
async def test_what_became_of_the_only_target_and_what_it_cost(
    server: Server, rest: Rest, status: str, price: str | None, result: TransferResult
) -> None:
    seen = await found(server, rest, {"status": status, "duration": "9", "price": price})
    assert results(seen) == [result]
    rated = [one for one in seen.further if isinstance(one, CallRated)]
    assert [(one.leg, one.cost) for one in rated] == ([("target:1", "0.02800")] if price else [])
    assert seen.rated is not None


async def test_a_price_is_none_while_that_of_a_leg_is_missing(server: Server, rest: Rest) -> None:
    seen = await found(server, rest, {"status": "completed", "duration": "9", "price": None})
    assert seen.rated is None
    assert seen.ended is not None
    assert (seen.ended.cost, seen.ended.duration) == (None, 66)


async def test_of_several_targets_nobody_knows_whose_dial_each_was(
    server: Server, rest: Rest
) -> None:
    both: list[dict[str, object]] = [{"status": "busy"}, {"status": "completed", "price": "-0.02"}]
    assert results(await found(server, rest, *both)) == []


async def test_a_target_that_still_talks_says_nothing_yet(server: Server, rest: Rest) -> None:
    seen = await found(server, rest, {"status": "in-progress"})
    assert results(seen) == []
    assert seen.rated is not None


async def test_a_price_is_none_while_nobody_says_what_legs_there_were(
    server: Server, rest: Rest
) -> None:
    own = twilio_call(status="completed", duration="66", price=PRICED)

    def decide(seen: Seen) -> Answer:
        if seen.path.endswith("/Recordings.json"):
            return Answer(200, page(key="recordings"))
        return Answer(200, own) if "ParentCallSid" not in seen.query else Answer(403, {})

    server.decide = decide
    seen = await lookups.find(rest, {"call_sid": SID})
    assert seen.rated is None
    assert seen.ended is not None
    assert (seen.ended.cost, seen.ended.duration) == (None, 66)

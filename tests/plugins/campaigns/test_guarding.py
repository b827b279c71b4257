"""When a campaign pauses itself."""

from __future__ import annotations

import random

import pytest

from linecard_campaigns.guarding import Guard, Limits, Seen, calls_to_look_at, paused_because

TALKED, SHORT, UNANSWERED = Seen(True, 60), Seen(True, 6), Seen(False)
CARRIER = Limits(short=0.2, unanswered=0.5)
OURS = "+14155550123"


def calls(short: int = 0, unanswered: int = 0, of: int = 200) -> list[Seen]:
    return [SHORT] * short + [UNANSWERED] * unanswered + [TALKED] * (of - short - unanswered)


def test_at_the_limit_a_campaign_goes_on_and_above_it_pauses() -> None:
    assert paused_because(Guard(), CARRIER, OURS, calls(short=40)) is None
    told = paused_because(Guard(), CARRIER, OURS, calls(short=41))
    assert told == (
        "+14155550123: 41 of the last 200 calls lasted at most 6 seconds, more than 20%"
    )
    assert paused_because(Guard(), CARRIER, OURS, calls(unanswered=100)) is None
    told = paused_because(Guard(), CARRIER, OURS, calls(unanswered=101))
    assert told == "+14155550123: 101 of the last 200 calls were not answered, more than 50%"


def test_unanswered_calls_are_not_short_ones() -> None:
    assert paused_because(Guard(), Limits(short=0.2), OURS, calls(unanswered=200)) is None


def test_few_calls_say_nothing() -> None:
    assert paused_because(Guard(), CARRIER, OURS, calls(short=199, of=199)) is None


def test_only_the_last_calls_count() -> None:
    assert paused_because(Guard(), CARRIER, OURS, [*[SHORT] * 200, *calls()]) is None


def test_the_plan_goes_before_the_carrier() -> None:
    many = calls(short=100)
    assert paused_because(Guard(short=0.5), CARRIER, OURS, many) is None
    assert paused_because(Guard(short=0.4), Limits(), OURS, many) is not None
    assert paused_because(None, CARRIER, OURS, many) is None


@pytest.mark.parametrize(
    ("before", "now", "pauses"),
    [
        (120, 60, True),
        (120, 61, False),
        (40, 6, True),
        (20, 10, False),
        (0, 0, False),
        (4, 0, False),
    ],
)
def test_an_answer_rate_that_halves(before: int, now: int, pauses: bool) -> None:
    older, newer = calls(unanswered=200 - before), calls(unanswered=200 - now)
    told = paused_because(Guard(), Limits(), OURS, [*older, *newer])
    assert (told is not None) == pauses
    if pauses:
        assert (
            told
            == f"+14155550123: {now} of the last 200 calls were answered, {before} of those before"
        )
        assert paused_because(Guard(halved=False), Limits(), OURS, [*older, *newer]) is None


def test_chance_alone_pauses_nothing() -> None:
    chance = random.Random(5)
    seen = [Seen(chance.random() < 0.3, 60) for _ in range(20_000)]
    need = calls_to_look_at(Guard())
    told = [
        paused_because(Guard(), Limits(), OURS, seen[end - need : end])
        for end in range(need, len(seen), 20)
    ]
    assert told.count(None) == len(told)


def test_what_is_switched_off_looks_at_nothing() -> None:
    assert calls_to_look_at(None) == 0

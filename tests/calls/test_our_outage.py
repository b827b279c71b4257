"""A quarter of an hour without us: every record that was open is as the carrier's ledger afterwards.

The server is a process of its own that ends in the middle of calls of every kind, and is started again on
the same database on a machine where it is fifteen minutes later; the carrier lives through those minutes,
and tries and gives up its callbacks by its own rules.

What only callbacks tell is lost with them. Plivo: when it rang, keys, who answered, the price of a leg
that we have called ourselves (a consulted target). Twilio: the same, and why an answered call ended
(its `completed` is all that it tells, also of a document that could not be fetched). Exotel: the same, what
became of a target (its details name no applet's), and when it was answered, which its length tells instead.
There the record says nothing, which is not wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.calls.outage import OUTAGE_SECONDS, Outage, outage
from tests.calls.truths import Truth, differences

PROVIDERS = ("plivo", "twilio", "exotel")
TELLS_OF_TARGETS = frozenset({"plivo", "twilio"})
"""Carriers whose records of a call lead to its targets' legs."""


@pytest.mark.timeout(240)
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_every_record_is_true_after_a_server_was_killed_for_a_quarter_of_an_hour(
    tmp_path: Path, provider: str
) -> None:
    await _settles(tmp_path, provider, kill=True)


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_every_record_is_true_after_a_server_was_stopped_for_a_quarter_of_an_hour(
    tmp_path: Path, provider: str
) -> None:
    await _settles(tmp_path, provider, kill=False)


async def _settles(folder: Path, provider: str, *, kill: bool) -> None:
    async with outage(folder, provider, was_killed=kill) as story:
        async with story.at.serving_later() as server:
            await story.at.set_up()
            await story.under_way(server)
        await story.pass_by()
        _nobody_is_left_alone(story)
        async with story.back():
            shown = await story.settled()
            _are_true(story, shown)
            if kill:
                _targets_are_known(story, shown)
            await _the_others_come_to_an_end(story)


def _nobody_is_left_alone(story: Outage) -> None:
    """Of each call that goes on two legs live: the caller's and the one it talks to."""
    assert len(story.at.carrier.ledger.live_legs()) == 2 * len(story.lasting)


def _are_true(story: Outage, shown: Mapping[str, dict[str, Any]]) -> None:
    carrier = story.at.carrier
    wrong = {}
    for name, call in shown.items():
        if name == "never placed":
            assert (call["status"], call["ended_at"], call["carrier_ids"]) == ("unknown", None, {})
            continue
        (leg,) = set(call["carrier_ids"].values())
        truth = Truth(carrier.name, carrier.ledger, story.clock, leg)
        wrong[name] = differences(truth, call)
    assert not any(wrong.values()), {name: said for name, said in wrong.items() if said}
    assert {one: carrier.ledger.dials(one) for one in story.numbers} == dict.fromkeys(
        story.numbers, 1
    )


def _targets_are_known(story: Outage, shown: Mapping[str, dict[str, Any]]) -> None:
    """What became of a target that was rung as we went, where the carrier tells anybody who asks."""
    told = {name: _results(shown[name]) for name in ("moved", "refused")}
    known = story.at.carrier.name in TELLS_OF_TARGETS
    assert told == ({"moved": ["bridged"], "refused": ["busy"]} if known else _nothing(told))
    if story.consults:
        assert _results(shown["consults"]) == []


def _nothing(told: Mapping[str, object]) -> dict[str, list[str]]:
    return {name: [] for name in told}


def _results(call: Mapping[str, Any]) -> list[str]:
    found = [one["facts"] for one in call["events"] if one["name"] == "transfer-reported"]
    return [one["result"] for one in found]


async def _the_others_come_to_an_end(story: Outage) -> None:
    """Calls that two people have held all the time are ours to end; Exotel ends none, and tells of theirs."""
    for name in story.lasting if story.consults else ():
        await story.at.api.post(f"/api/calls/{story.at.calls[name]}/hangup")
    if not story.consults:
        await story.pass_by(OUTAGE_SECONDS / 2)
    await story.at.until(lambda: story.at.carrier.ledger.live_legs() == ())

    async def are_over() -> bool:
        return await story.live() == {"never placed"}

    await story.at.until(are_over)

"""Whatever order a call's callbacks come in, however often, and whichever are lost: the record is the same.

For each kind of call at each carrier the true, signed requests of one call are delivered to the real
application in every order, with every repeat and every loss, by a walk over all states that our server
can be in (tests/calls/orders/exploring.py). Then the carrier is asked for what was lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import pytest

import linecard.calls
from linecard.calls import ALLOWED, CallStatus
from linecard.simulator.wire import Request
from tests.calls.orders.capturing import Told
from tests.calls.orders.exploring import Scene, cases, explore, settled_apart, told_apart
from tests.calls.orders.office import Office
from tests.calls.orders.records import record_of, told_of
from tests.calls.orders.staging import CANNOT, KINDS, staged
from tests.calls.orders.windows import MOST, windows

CARRIERS = ("plivo", "twilio", "exotel")
ALWAYS = {
    ("plivo", "comes in"),
    ("plivo", "answered"),
    ("twilio", "busy"),
    ("exotel", "recorded"),
    ("exotel", "comes in"),
}
"""The sample of which the quick run takes one carrier's; all others are slow."""
ONCE_SETTLED = {("exotel", "transferred")}
"""Here the applets' requests are questions, to which another order gets other answers, and a target's end
makes us ask the carrier: what is on record is compared once all has been asked for."""
BY_ORDER = {"transferred warm": frozenset({"transfers"})}
"""Nothing but the order of reports says whether a caller who came into the room still met its target."""
TRANSFERRED = frozenset({"transferred", "transferred warm"})
DETECTED = frozenset({"machine", "voicemail"})
UNANSWERED = frozenset({"failed", "no answer", "cancelled"})


@dataclass(frozen=True, slots=True)
class Untold:
    """What callbacks alone tell of these kinds of calls: no look-up does, because ..."""

    fields: frozenset[str]
    because: str
    carriers: frozenset[str] = frozenset(CARRIERS)
    kinds: frozenset[str] = frozenset(KINDS)


UNTOLD = (
    Untold(
        frozenset({"transfers"}),
        "a look-up is asked of the caller's leg, whose record names no target",
        kinds=TRANSFERRED,
    ),
    Untold(
        frozenset({"carrier_ids"}),
        "a call detail record names the call and not the request that placed it",
        carriers=frozenset({"plivo"}),
    ),
    Untold(
        frozenset({"answered_by", "answered_word"}),
        "a call detail record has no field for what detection found",
        carriers=frozenset({"plivo"}),
        kinds=DETECTED,
    ),
    Untold(
        frozenset({"answered_word"}),
        'the Call resource says "either human or machine", where the callback says which machine',
        carriers=frozenset({"twilio"}),
        kinds=DETECTED,
    ),
    Untold(
        frozenset({"end_reason"}),
        "the Call resource has no SIP code; its status is known, and only the reason in words is not",
        carriers=frozenset({"twilio"}),
        kinds=UNANSWERED,
    ),
)


def _untold(provider: str, kind: str) -> frozenset[str]:
    fits = (one for one in UNTOLD if provider in one.carriers and kind in one.kinds)
    return frozenset().union(*(one.fields for one in fits))


def _every(provider: str, kind: str) -> object:
    marks = [] if (provider, kind) in ALWAYS else [pytest.mark.slow, pytest.mark.timeout(900)]
    return pytest.param(provider, kind, marks=marks)


EVERY = [
    _every(provider, kind)
    for provider in CARRIERS
    for kind in KINDS
    if (provider, kind) not in CANNOT
]


@pytest.mark.parametrize(("provider", "kind"), EVERY)
async def test_every_order_repeat_and_loss_ends_in_the_same_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str, kind: str
) -> None:
    async with staged(provider, kind, tmp_path, monkeypatch) as (office, scenes):
        walked = {one.name for scene in scenes for one in scene.part.told}
        assert walked == {one.name for one in (*scenes[0].part.told, *scenes[0].part.lost)}
        for scene in scenes:
            await _walk(office, scene, provider, kind)


async def _walk(office: Office, scene: Scene, provider: str, kind: str) -> None:
    found = await explore(office, scene)
    print(
        f"\n{provider}, {kind}: {scene.part}; {cases(len(scene.requests))} ways to deliver them, "
        f"{len(found.states)} states, {found.deliveries} deliveries"
    )
    assert all(status < 500 for _, status in found.statuses)
    by_order = BY_ORDER.get(kind, frozenset())
    apart = [] if (provider, kind) in ONCE_SETTLED else list(told_apart(found, by_order))
    assert not apart, f"{len(apart)} differ\n" + "\n\n".join(apart[:3])
    lost = await settled_apart(office, found, _untold(provider, kind))
    assert not lost, f"{len(lost)} differ\n" + "\n\n".join(lost[:3])


@pytest.mark.parametrize("first_stays", [True, False])
def test_no_callback_is_left_out_of_every_walk(first_stays: bool) -> None:
    words = ("CallStatus=ringing", "k=leg", "CallStatus=completed")
    requests = [Request("POST", "", words[place % 3].encode()) for place in range(20)]
    told = [Told(one, str(place)) for place, one in enumerate(requests)]
    for many in range(1, len(told) + 1):
        parts = windows(told[:many], first_stays=first_stays)
        assert {one.name for part in parts for one in part.told} == set(map(str, range(many)))
        assert all(len(part.told) + len(part.lost) == many for part in parts)
        assert max(len(part.told) for part in parts) == min(many, MOST)
        assert not first_stays or all(part.told[0] is told[0] for part in parts)


@pytest.mark.parametrize("provider", ["plivo"])
async def test_the_walk_finds_what_every_single_order_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    """Each order by itself, whole, with one callback lost, and with one that comes twice."""
    async with staged(provider, "no answer", tmp_path, monkeypatch) as (office, (scene,)):
        found = await explore(office, scene)
        known = {
            heard: (record_of(rows), told_of(rows)) for (heard, _), rows in found.states.items()
        }
        for order in _orders(len(scene.requests)):
            await office.restore(scene.start)
            for place in order:
                await office.take(scene.requests[place])
            rows = await office.rows()
            assert (record_of(rows), told_of(rows)) == known[frozenset(order)], order


def _orders(many: int) -> set[tuple[int, ...]]:
    whole = tuple(range(many))
    lost = [whole[:place] + whole[place + 1 :] for place in whole]
    twice = [(*whole, place) for place in whole]
    return {order for one in (whole, *lost, *twice) for order in permutations(one)}


async def test_a_late_ringing_that_undoes_an_end_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged("plivo", "no answer", tmp_path, monkeypatch) as (office, (scene,)):
        wrong = {**ALLOWED, CallStatus.NO_ANSWER: frozenset({CallStatus.RINGING})}
        monkeypatch.setattr(linecard.calls, "ALLOWED", wrong)
        assert list(told_apart(await explore(office, scene)))

"""The people at the phones."""

from __future__ import annotations

from itertools import islice

from linecard.demo.cast import Cue, Says
from linecard.demo.story import Who
from linecard.simulator.handset import Handset
from linecard.simulator.phone import Phone


def _handset() -> Handset:
    return Handset("+14155550123", Phone())


def test_a_cue_holds_the_script_until_it_is_given() -> None:
    cue, handset = Cue("to be connected"), _handset()
    acts = cue.acts(handset)
    assert len(list(islice(acts, 100))) == 100
    cue.given = True
    assert list(acts) == []
    assert handset.gave_up == []


def test_a_cue_that_never_comes_is_noted() -> None:
    handset = _handset()
    assert list(Cue("to be connected").acts(handset))
    assert handset.gave_up == ["to be connected"]


def test_a_line_is_told_as_it_begins_and_spoken_whole() -> None:
    told: list[tuple[Who, Who, str]] = []
    line = Says(Who.CUSTOMER, Who.AGENT, "Hello.", lambda *what: told.append(what))
    acts = line.acts(_handset())
    assert told == []
    spoken = b"".join(act.sound for act in acts)
    assert told == [(Who.CUSTOMER, Who.AGENT, "“Hello.”")]
    assert spoken == line.sound

"""Phones described in JSON."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from linecard.errors import InvalidField
from linecard.simulator.handset import Handset
from linecard.simulator.phone import BUSY, SILENT, Outcome, Phone
from linecard.simulator.recipes import phone_from
from linecard.simulator.script import HangUp, Press, Speak, Wait, WaitForSilence, WaitForSound


async def test_a_phone_from_a_recipe() -> None:
    script: Sequence[object] = [{"wait": 1}, {"press": "12"}, {"hang_up": True}]
    phone = await phone_from({"ring_seconds": 2, "outcome": "answer", "script": script})
    assert phone == Phone(ring_seconds=2, script=(Wait(1), Press("12"), HangUp()))
    failing = await phone_from({"outcome": "fail", "code": "3130"})
    assert (failing.outcome, failing.code) == (Outcome.FAIL, "3130")
    with pytest.raises(InvalidField):
        await phone_from({"outcome": "explodes"})
    with pytest.raises(InvalidField):
        await phone_from({"ring_seconds": -1})


async def test_words_and_nothing() -> None:
    assert await phone_from("busy") is BUSY
    assert await phone_from(None) is SILENT


async def test_what_is_said_waits_for_the_other_side() -> None:
    phone = await phone_from("silent", "good morning")
    listen, quiet, say = phone.script
    assert isinstance(listen, WaitForSound)
    assert isinstance(quiet, WaitForSilence)
    assert isinstance(say, Speak)
    assert len(list(say.acts(Handset("+1", phone)))) > 10

"""Whole calls with aic: a licence that is none leaves the noise in, says so once, and ends nothing."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from tests.calls.telephone import CUSTOMER, names, telephone

from linecard.simulator.phone import Phone
from linecard.simulator.script import Speak, Wait
from linecard.simulator.speech import speech

TALKER = Phone(script=(Wait(0.5), Speak(speech("can you hear me")), Wait(1.0)), hangs_up=True)


async def test_a_call_with_a_licence_is_enhanced(
    sdk: ModuleType, model: Path, tmp_path: Path
) -> None:
    async with telephone(tmp_path, "plivo") as world:
        world.carrier.phones[CUSTOMER] = TALKER
        await world.register(enhance="aic")
        call = await world.ended((await world.dial())["id"])
        await world.eventually(lambda: sdk.made[-1].is_terminated)
    (said,) = (event["facts"] for event in call["events"] if event["name"] == "enhanced")
    assert (said["by"], said["delay_ms"]) == ("aic", 35.0)


@pytest.mark.parametrize("key", ["expired", "revoked"])
async def test_a_licence_that_is_none_leaves_the_noise_in(
    sdk: ModuleType, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("AIC_SDK_LICENSE", key)
    async with telephone(tmp_path, "plivo") as world:
        world.carrier.phones[CUSTOMER] = TALKER
        await world.register(enhance="aic")
        call = await world.ended((await world.dial())["id"])
    (said,) = (event["facts"] for event in call["events"] if event["name"] == "enhancer-failed")
    assert said["by"] == "aic"
    assert "AIC_SDK_LICENSE" in said["reason"]
    assert call["status"] == "completed"
    assert ("enhanced" in names(call)) == (key == "revoked")

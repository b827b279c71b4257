"""ai-coustics' SDK behind the hook: its rate and blocks, its delay, and everything that it complains of."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from tests.core.media.test_blockwise import late_by, noise
from tests.plugins.aic.conftest import TOLD

import linecard
from linecard import AudioFormat, Encoding, same_both_ways
from linecard_aic import Aic
from linecard_aic.errors import in_words
from linecard_aic.settings import from_environment


def call(**changes: Any) -> linecard.Call:
    values: dict[str, Any] = {
        "id": "c1",
        "provider": "acme",
        "account": "main",
        "direction": linecard.Direction.INBOUND,
        "from_": None,
        "to": "+14155550100",
        "number": "+14155550100",
        "agent": "echo",
        "profile": "test",
        "status": linecard.CallStatus.IN_PROGRESS,
        "created_at": datetime(2030, 1, 1, tzinfo=UTC),
        "enhance": "aic",
    }
    return linecard.Call(**values | changes)


def opened(rate: int = 8000, plugin: Aic | None = None) -> linecard.Enhancer:
    line = same_both_ways(AudioFormat(Encoding.PCMU, rate))
    enhancer = (plugin or Aic()).enhance(call(), line)
    assert enhancer is not None
    return enhancer


def through(enhancer: linecard.Enhancer, sound: bytes, size: int) -> bytes:
    frames = [sound[place : place + size] for place in range(0, len(sound), size)]
    made = [enhancer.process(frame) for frame in frames]
    assert [len(one) for one in made] == [len(one) for one in frames]
    return b"".join(made)


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("told", [TOLD, TOLD | {"rate": 48_000, "block": 480, "delay": 1440}])
def test_the_delay_told_is_the_delay_measured(
    sdk: ModuleType, model: Path, rate: int, told: dict[str, int]
) -> None:
    model.write_text(json.dumps(told))
    enhancer, sound = opened(rate), noise(rate)
    out = through(enhancer, sound, rate // 50 * 2)
    own = 1000 * told["delay"] / told["rate"]
    assert enhancer.delay_ms == pytest.approx(own + (0 if rate == told["rate"] else 5))
    assert 1000 * late_by(sound, out) / rate == pytest.approx(enhancer.delay_ms, abs=0.2)


def test_messages_of_any_length_become_its_own_blocks(sdk: ModuleType, model: Path) -> None:
    enhancer, sound = opened(16000), noise(16000)
    out = through(enhancer, sound, 2 * 111)
    assert sdk.made[-1].blocks == len(sound) // 320
    assert 1000 * late_by(sound, out) / 16000 == pytest.approx(enhancer.delay_ms, abs=0.2)


def test_telemetry_is_off_whatever_the_environment_says(
    sdk: ModuleType, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIC_SDK_OTEL_ENABLE", "true")
    opened()
    assert sdk.made[-1].otel.enable is False


def test_how_strongly_is_a_setting(
    sdk: ModuleType, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    level = sdk.ProcessorParameter.EnhancementLevel
    opened()
    assert sdk.made[-1].parameters[level] == 0.5
    monkeypatch.setenv("AIC_ENHANCEMENT_LEVEL", "0.75")
    enhancer, sound = opened(16000), noise(16000)
    out = through(enhancer, sound, 640)
    assert sdk.made[-1].parameters[level] == 0.75
    loud, soft = (np.frombuffer(one, "<i2").astype(float).std() for one in (sound, out))
    assert soft / loud == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("given", ["loud", "1.5", "-0.1", "nan"])
def test_a_level_that_is_none_is_a_refusal_to_start(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIC_ENHANCEMENT_LEVEL", given)
    with pytest.raises(linecard.ConfigurationError, match="AIC_ENHANCEMENT_LEVEL"):
        Aic().on_start()


def test_the_licence_prints_as_stars() -> None:
    assert "k3y" not in repr(from_environment({"AIC_SDK_LICENSE": "k3y"}))


def test_the_model_is_loaded_once_and_ahead_of_the_first_stream(
    sdk: ModuleType, model: Path
) -> None:
    plugin = Aic()
    plugin.on_start()
    for thread in threading.enumerate():
        if thread.name == "aic model":
            thread.join(10)
    assert sdk.loaded.count(str(model)) == 1
    opened(plugin=plugin)
    opened(plugin=plugin)
    assert sdk.loaded.count(str(model)) == 1


def test_the_session_ends_with_the_stream(sdk: ModuleType, model: Path) -> None:
    enhancer = opened()
    enhancer.close()
    for thread in threading.enumerate():
        if thread.name == "aic session":
            thread.join(10)
    assert sdk.made[-1].is_terminated
    with pytest.raises(linecard.LinecardError, match="ProcessingNotAllowedError"):
        enhancer.process(bytes(320))


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("malformed", "LicenseFormatInvalidError: .*see AIC_SDK_LICENSE"),
        ("expired", "LicenseExpiredError: .*see AIC_SDK_LICENSE"),
        ("old", "LicenseVersionUnsupportedError: .*see AIC_SDK_LICENSE"),
        ("", "AIC_SDK_LICENSE is not set"),
    ],
)
def test_a_licence_that_is_none_says_so(
    sdk: ModuleType, model: Path, monkeypatch: pytest.MonkeyPatch, key: str, why: str
) -> None:
    monkeypatch.setenv("AIC_SDK_LICENSE", key)
    with pytest.raises(linecard.LinecardError, match=why):
        opened()


def test_a_licence_that_is_refused_while_it_works_says_so(
    sdk: ModuleType, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIC_SDK_LICENSE", "revoked")
    with pytest.raises(linecard.LinecardError, match=r"ProcessingNotAllowedError.*AIC_SDK_LICENSE"):
        through(opened(16000), noise(16000), 640)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (None, "FileSystemError: .*see AIC_MODEL"),
        ("no model", "ModelInvalidError: .*see AIC_MODEL"),
        (json.dumps(TOLD | {"version": 6}), "ModelVersionUnsupportedError: .*installed aic-sdk"),
    ],
)
def test_a_model_that_is_none_says_so(
    sdk: ModuleType, model: Path, written: str | None, why: str
) -> None:
    if written is None:
        model.unlink()
    else:
        model.write_text(written)
    plugin = Aic()
    with pytest.raises(linecard.LinecardError, match=why):
        opened(plugin=plugin)
    model.write_text(json.dumps(TOLD))
    opened(plugin=plugin)


def test_a_rate_that_it_does_not_take_says_so(sdk: ModuleType, model: Path) -> None:
    model.write_text(json.dumps(TOLD | {"rate": 4000}))
    with pytest.raises(linecard.LinecardError, match="AudioConfigUnsupportedError"):
        opened()


def test_without_a_model_it_says_which_setting_names_one(
    sdk: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIC_MODEL", raising=False)
    with pytest.raises(linecard.LinecardError, match="AIC_MODEL is not set"):
        opened()


def test_without_the_package_it_is_offered_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("linecard_aic.plugin.PACKAGE", "no_such_aic_sdk")
    (offer,) = Aic().enhancers()
    assert (offer.name, offer.lacking) == (
        "aic",
        "the package aic-sdk is not installed; pip install 'linecard[aic]'",
    )


def test_calls_that_ask_for_another_are_none_of_its_business() -> None:
    line = same_both_ways(AudioFormat(Encoding.PCMU, 8000))
    assert Aic().enhance(call(enhance="rnnoise"), line) is None


def test_an_error_without_words_is_told_by_its_name() -> None:
    assert in_words(KeyError()) == "KeyError: KeyError"

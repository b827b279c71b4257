"""The fake beside the real SDK, where that is installed; and the real one at work, where it has a key."""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
from tests.core.media.test_blockwise import noise
from tests.plugins.aic.conftest import FAKE
from tests.plugins.aic.test_aic import opened, through

from linecard import LinecardError
from linecard_aic.errors import TO_DO

HERE = importlib.util.find_spec("aic_sdk")
NO_KEY = "needs aic-sdk, a licence in AIC_SDK_LICENSE and a model's file in AIC_MODEL"
has_sdk = pytest.mark.skipif(HERE is None, reason="aic-sdk is not installed: linecard[aic]")
has_key = pytest.mark.skipif(
    HERE is None or not (os.environ.get("AIC_SDK_LICENSE") and os.environ.get("AIC_MODEL")),
    reason=NO_KEY,
)


@pytest.fixture
def fake() -> ModuleType:
    """The fake under a name of its own."""
    spec = importlib.util.spec_from_file_location("fake_aic_sdk", FAKE / "aic_sdk.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["fake_aic_sdk"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def public(of: object) -> dict[str, object]:
    """The names of a module or class, and what stands behind them."""
    return {name: one for name, one in vars(of).items() if not name.startswith("_")}


def parameters(function: object) -> list[str]:
    """The names of what a function takes."""
    return [name for name in inspect.signature(function).parameters if name != "self"]  # type: ignore[arg-type]


@has_sdk
def test_the_fake_has_the_names_and_signatures_of_the_real_one(fake: ModuleType) -> None:
    import aic_sdk

    ours = {name: one for name, one in public(fake).items() if inspect.isclass(one)}
    classes = {name: one for name, one in ours.items() if one.__module__ == "fake_aic_sdk"}
    assert {"Model", "Processor", "ProcessorConfig", "LicenseExpiredError"} <= set(classes)
    for name, one in classes.items():
        real = getattr(aic_sdk, name)
        if issubclass(one, Exception):
            assert real("words").message == str(real("words")) == "words"
            continue
        methods = {of: method for of, method in public(one).items() if callable(method)}
        for of, method in methods.items():
            assert parameters(method) == parameters(getattr(real, of)), (name, of)
    for name in ("Processor", "ProcessorConfig", "OtelConfig"):
        assert parameters(classes[name]) == parameters(getattr(aic_sdk, name)), name
    assert fake.get_compatible_model_version() == aic_sdk.get_compatible_model_version()


@has_sdk
def test_what_is_told_to_do_is_told_of_errors_that_there_are() -> None:
    import aic_sdk

    theirs = [name for name in TO_DO if name not in ("ImportError", "ModuleNotFoundError")]
    assert [name for name in theirs if not hasattr(aic_sdk, name)] == []


@has_sdk
@pytest.mark.parametrize("written", [None, b"no model" * 500, b""])
def test_the_real_one_complains_of_files_in_the_same_words(
    fake: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: bytes | None
) -> None:
    path = tmp_path / "some.aicmodel"
    if written is not None:
        path.write_bytes(written)
    monkeypatch.setenv("AIC_MODEL", str(path))
    monkeypatch.setenv("AIC_SDK_LICENSE", "none")
    with pytest.raises(Exception) as expected:
        fake.Model.from_file(path)
    with pytest.raises(LinecardError) as raised:
        opened()
    name, said = type(expected.value).__name__, str(expected.value)
    assert str(raised.value).startswith(f"{name}: {said} (see AIC_MODEL")


@has_key
@pytest.mark.parametrize("rate", [8000, 16000])
def test_the_real_one_works(rate: int) -> None:
    enhancer = opened(rate)
    through(enhancer, noise(rate), rate // 50 * 2)
    assert 0 < enhancer.delay_ms < 200
    enhancer.close()

"""The fake SDK in the place of the real one, a model's file, and the environment that names both."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

FAKE = Path(__file__).parent / "fake"
TOLD = {"rate": 16000, "block": 160, "delay": 480, "version": 7}


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """`import aic_sdk` brings the fake."""
    former = sys.modules.pop("aic_sdk", None)
    monkeypatch.syspath_prepend(FAKE)
    import aic_sdk

    yield aic_sdk
    sys.modules.pop("aic_sdk")
    if former is not None:
        sys.modules["aic_sdk"] = former


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model's file, and a licence that fits."""
    path = tmp_path / "fake.aicmodel"
    path.write_text(json.dumps(TOLD))
    monkeypatch.setenv("AIC_MODEL", str(path))
    monkeypatch.setenv("AIC_SDK_LICENSE", "good")
    return path

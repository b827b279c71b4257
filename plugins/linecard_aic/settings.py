"""What the environment says: read once, when the server starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from linecard import ConfigurationError, Secret

LICENCE, MODEL, LEVEL = "AIC_SDK_LICENSE", "AIC_MODEL", "AIC_ENHANCEMENT_LEVEL"


@dataclass(frozen=True, slots=True, kw_only=True)
class AicSettings:
    """The licence key, the path of the model's file, and how strongly noise is taken out, 0 to 1.

    None: not set; without a level the model's own is kept.
    """

    licence: Secret | None = None
    model: str | None = None
    level: float | None = None


def from_environment(environment: Mapping[str, str] = os.environ) -> AicSettings:
    """Raises ConfigurationError for a level that is none."""
    licence = environment.get(LICENCE)
    return AicSettings(
        licence=Secret(licence) if licence else None,
        model=environment.get(MODEL) or None,
        level=_level(environment.get(LEVEL)),
    )


def _level(given: str | None) -> float | None:
    if not given:
        return None
    try:
        level = float(given)
    except ValueError:
        level = -1.0
    if not 0 <= level <= 1:
        raise ConfigurationError(f"{LEVEL}: {given!r} is no number from 0 to 1")
    return level

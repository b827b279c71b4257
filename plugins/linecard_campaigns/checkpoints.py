"""The numbered steps of a turn, where a crash makes a difference; a test may stand here and kill us."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum


class Step(IntEnum):
    """What has just happened when a turn passes here."""

    TAKEN = 1
    JUDGED = 2
    CLAIMED = 3
    INTENDED = 4
    OVER = 5
    SETTLING = 6
    SETTLED = 7
    FOLLOWED = 8


def _nobody(_step: Step, _lead: str) -> None:
    """Nobody stands here."""


watcher: Callable[[Step, str], None] = _nobody


def passing(step: Step, lead: str) -> None:
    """Say that a lead has come so far."""
    watcher(step, lead)

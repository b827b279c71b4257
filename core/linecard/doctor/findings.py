"""What a check has found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Outcome(StrEnum):
    """How a check ended. Only `failed` makes the doctor's exit code 1."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "could not check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report. `about` is the account or number; `do` says what to do, where there is something."""

    outcome: Outcome
    says: str
    do: str = ""
    about: str = ""
    check: str = ""

    def of(self, about: str) -> Finding:
        """The same, of this account or number."""
        return replace(self, about=about)


def ok(says: str) -> Finding:
    """All is well."""
    return Finding(outcome=Outcome.OK, says=says)


def warning(says: str, do: str) -> Finding:
    """It works, and may hurt some day."""
    return Finding(outcome=Outcome.WARNING, says=says, do=do)


def failed(says: str, do: str) -> Finding:
    """It does not work."""
    return Finding(outcome=Outcome.FAILED, says=says, do=do)


def unknown(says: str, do: str = "") -> Finding:
    """It could not be seen from here."""
    return Finding(outcome=Outcome.UNKNOWN, says=says, do=do)

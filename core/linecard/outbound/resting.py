"""Accounts whose carrier has asked to be left alone for a while (429 with `Retry-After`)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from linecard.errors import LimitReached

if TYPE_CHECKING:
    from linecard.numbers import AccountKey

LIMIT = "Retry-After"
LONGEST_SECONDS = 600.0
"""A carrier that asks for more is asked again after so long."""


class Resting:
    """What this process was told; another one is told by its own first refusal."""

    def __init__(self) -> None:
        self._until: dict[AccountKey, float] = {}

    def rest(self, account: AccountKey, seconds: float) -> None:
        """Leave an account alone for so long."""
        self._until[account] = time.monotonic() + min(seconds, LONGEST_SECONDS)

    def check(self, account: AccountKey) -> None:
        """Raise LimitReached while an account rests."""
        left = self._until.get(account, 0.0) - time.monotonic()
        if left > 0:
            raise LimitReached(
                LIMIT, f"{':'.join(account)} takes no calls for {left:.0f} s", retry_after=left
            )

"""Sids and credentials of a simulated Twilio account, all from one seed."""

from __future__ import annotations

import hashlib
import random
import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Credentials:
    """The only credentials that this account takes."""

    account_sid: str
    auth_token: str


def credentials(seed: int) -> Credentials:
    """The account's own; they open nothing at the real Twilio."""
    digest = hashlib.sha256(f"simulated twilio {seed}".encode()).hexdigest()
    return Credentials(f"AC{digest[:32]}", digest[32:])


class Ids:
    """Ids in Twilio's forms."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"sids:{seed}")  # noqa: S311 - repeatable on purpose

    def sid(self, prefix: str) -> str:
        """Two letters and 32 hexadecimal digits."""
        return f"{prefix}{self._random.getrandbits(128):032x}"

    def token(self) -> str:
        """An idempotency token."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

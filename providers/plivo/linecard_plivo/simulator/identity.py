"""Ids and credentials of a simulated Plivo account, all from one seed."""

from __future__ import annotations

import hashlib
import random
import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Credentials:
    """The only credentials that this account takes. Plivo's are 20 and 40 characters long."""

    auth_id: str
    auth_token: str


def credentials(seed: int) -> Credentials:
    """The account's own; they open nothing at the real Plivo."""
    digest = hashlib.sha256(f"simulated plivo {seed}".encode()).hexdigest()
    return Credentials(f"MASIMULATED{digest[:9].upper()}", digest[:40])


class Ids:
    """Ids in Plivo's forms."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"ids:{seed}")  # noqa: S311 - repeatable on purpose

    def uuid(self) -> str:
        """A UUID."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def digits(self, length: int) -> str:
        """A number that does not begin with 0."""
        return str(self._random.randrange(10 ** (length - 1), 10**length))

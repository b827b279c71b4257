"""Ids and credentials of a simulated Exotel account, all from one seed."""

from __future__ import annotations

import hashlib
import random
import string
from dataclasses import dataclass

HEX = "0123456789abcdef"
LAST = string.digits + string.ascii_lowercase


@dataclass(frozen=True, slots=True)
class Credentials:
    """The only credentials that this account takes: key and token for Basic, the sid in the path."""

    api_key: str
    api_token: str
    sid: str


def credentials(seed: int) -> Credentials:
    """The account's own; they open nothing at the real Exotel."""
    digest = hashlib.sha256(f"simulated exotel {seed}".encode()).hexdigest()
    return Credentials(digest[:32], digest[32:], f"simulated{digest[:4]}1")


class Ids:
    """Ids in Exotel's forms."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"ids:{seed}")  # noqa: S311 - repeatable on purpose

    def sid(self) -> str:
        """32 characters; the last one need not be hexadecimal, as live ones are."""
        body = "".join(self._random.choice(HEX) for _ in range(31))
        return body + self._random.choice(LAST)

    def boundary(self) -> str:
        """What parts a multipart body, as captured."""
        tail = "".join(self._random.choice(LAST) for _ in range(16))
        return f"form-data-boundary-{tail}"

"""What proves that a request comes from a process of ours: a MAC with LINECARD_SECRET, good for a minute, once."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from hashlib import sha256

from linecard.exchange.remembered import Remembered
from linecard.tokens import Tokens

HEADER = "x-linecard-inside"
GOOD_SECONDS = 60.0
"""Clocks of machines differ; a request that is older is a repeat of somebody else's."""


def seal(tokens: Tokens, method: str, path: str, body: bytes) -> str:
    """The header of a request: when it was made, something that is another each time, and the MAC."""
    stamp = f"{time.time():.3f} {secrets.token_hex(8)}"
    return f"{stamp} {tokens.inside(_text(stamp, method, path, body))}"


@dataclass(slots=True)
class Seals:
    """The seals that one process has seen."""

    _seen: Remembered[bool] = field(default_factory=Remembered[bool])

    def fits(self, tokens: Tokens, header: str, method: str, path: str, body: bytes) -> bool:
        """Whether a request is sealed, now, and for the first time."""
        stamp, _, mac = header.rpartition(" ")
        if not tokens.is_inside(mac, _text(stamp, method, path, body)):
            return False
        at = time.time()
        is_now = abs(at - float(stamp.partition(" ")[0])) <= GOOD_SECONDS
        is_new = not self._seen.get(stamp)
        self._seen.put(stamp, True, at)
        return is_now and is_new


def _text(stamp: str, method: str, path: str, body: bytes) -> str:
    return "\n".join((stamp, method, path, sha256(body).hexdigest()))

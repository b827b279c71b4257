"""Probes: requests of `linecard doctor` that a server answers with what has arrived of them.

A probe carries its pass in a header, so that the server knows it wherever a proxy has brought it. The
pass is signed with LINECARD_SECRET, good for one request within a minute or two, and opens nothing:
the answer holds no more than what was sent, and what is wrong with it.
"""

from __future__ import annotations

import time
from hashlib import sha256

import msgspec

HEADER = "x-linecard-probe"
PASS_SECONDS = 120
"""How long a pass is good for; also how far the clocks of doctor and server may be apart."""


class Misfit(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that a carrier has signed for another address than ours; `at` is a Unix time."""

    fits: str
    provider: str
    count: int
    at: float


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """What a server has seen of a probe, and what it thinks of it.

    `target` is the raw path with the query, without the public URL's own path; `headers` and `body` are
    fingerprints. `scheme` is what the proxy says it was asked by, empty where it says nothing. `proof` is how the
    account's provider believes it (`signature 3`), None where it does not, and then there is a `refusal`;
    `fits` is the public URL that its signature fits instead. `public_url`, `version` and `at` are the
    server's own; `refused` counts the requests it has not believed since its start.
    """

    method: str
    target: str
    host: str
    scheme: str
    body: str
    body_bytes: int
    headers: dict[str, str]
    proof: str | None
    refusal: str
    fits: str | None
    public_url: str
    version: str
    at: float
    refused: int = 0
    misfit: Misfit | None = None


class Passes:
    """The passes that have been here and are still good: each is taken once."""

    def __init__(self) -> None:
        self._spent: dict[str, int] = {}

    def spend(self, name: str, expires: int) -> bool:
        """Whether a pass is of now, and has not been here before. `expires` is a Unix time."""
        now = time.time()
        self._spent = {one: until for one, until in self._spent.items() if until > now}
        if name in self._spent or not now < expires < now + 2 * PASS_SECONDS:
            return False
        self._spent[name] = expires
        return True


def fingerprint(text: bytes) -> str:
    """A short mark by which two values can be compared and neither be read."""
    return sha256(text).hexdigest()[:16]

"""What a carrier would send to one account's server, made from that account's own settings.

A simulated carrier has credentials of its own and stays on loopback. This is for the other case: somebody
wants to know whether requests that are signed as the carrier signs them arrive, and are believed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from linecard.media.formats import StreamProfile
from linecard.simulator.wire import Request


class Impersonation(Protocol):
    """One account's carrier. It makes requests and messages, and sends none."""

    def webhook(self, url: str) -> Request:
        """A request to an address of ours as the carrier makes and signs it, with fields of its own."""
        ...

    def handshake(self, url: str) -> Mapping[str, str]:
        """The headers of a media socket's handshake."""
        ...

    def opening(self, profile: StreamProfile) -> Sequence[str]:
        """The messages that open a stream."""
        ...

    def media(self, audio: bytes) -> str:
        """A message with the caller's sound, in the line's encoding."""
        ...

    def heard(self, message: str | bytes) -> bytes:
        """The sound in a message of ours; empty where it is no sound, or not as the carrier takes it."""
        ...


class Impersonator(Protocol):
    """A simulated carrier's class that can do so; not every one can."""

    @staticmethod
    def impersonate(settings: Any) -> Impersonation:
        """The carrier as an account with these settings meets it."""
        ...


def impersonator(simulator: object) -> Impersonator | None:
    """The simulated carrier's class, if it can make what the carrier would send."""
    return cast(Impersonator, simulator) if hasattr(simulator, "impersonate") else None

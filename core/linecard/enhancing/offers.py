"""Noise enhancement, as plugins offer and do it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class EnhancerOffer:
    """An enhancer that a plugin has, by the name that numbers and calls ask for it.

    `lacking` is why it cannot be used in this installation, and what to do; empty where it can. A missing
    package is such a reason; a licence or a model is not, since only the process that carries audio has them.
    """

    name: str
    lacking: str = ""


class Enhancer(Protocol):
    """Takes the noise out of one stream's incoming audio."""

    @property
    def delay_ms(self) -> float:
        """How much later the sound comes out than it went in."""
        ...

    def process(self, frame: bytes) -> bytes:
        """One message of the line's audio in, so many bytes out: int16 little-endian mono at the line's rate.

        The length varies. What the delay holds back is silence at first. Called on the event loop, so it
        must be quick. Raise whatever went wrong: then it is closed, and the call goes on without it.
        """
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...

"""Carriers' requests that were not believed: how many, and which public address would have fitted."""

from __future__ import annotations

from linecard.probes import Misfit
from linecard.wall import now


class Misfits:
    """What was refused since the start; the last address that fits instead."""

    def __init__(self) -> None:
        self.refused = 0
        self.last: Misfit | None = None

    def note(self, provider: str, fits: str | None) -> None:
        """Count a refused request; `fits` is the public URL that its signature was made for."""
        self.refused += 1
        if fits is None:
            return
        known = (
            self.last
            if self.last and (self.last.fits, self.last.provider) == (fits, provider)
            else None
        )
        count = known.count + 1 if known else 1
        self.last = Misfit(fits=fits, provider=provider, count=count, at=now().timestamp())

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
        last = self.last
        is_same = last is not None and (last.fits, last.provider) == (fits, provider)
        count = last.count + 1 if last and is_same else 1
        self.last = Misfit(fits=fits, provider=provider, count=count, at=now().timestamp())

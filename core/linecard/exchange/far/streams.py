"""Streams that a pod carries, as they are watched from here."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linecard.media.counters import Counters

if TYPE_CHECKING:
    from linecard.exchange.admission import Admitted
    from linecard.pods.link import Link


class FarStream:
    """One stream; `counters` knows no more than when it was last heard."""

    def __init__(self, link: Link, token: str, now: float) -> None:
        self.is_open = True
        self._link = link
        self._token = token
        self._counters = Counters(began=now)

    @property
    def counters(self) -> Counters:
        """When it was last heard."""
        return self._counters

    def heard(self, at: float) -> None:
        """When audio last came, on our clock."""
        self._counters.last_in = at

    def close(self, reason: str) -> None:
        """End it from our side."""
        if self.is_open:
            self.is_open = False
            self._link.tell("close_stream", token=self._token, reason=reason)


@dataclass(slots=True)
class Carried:
    """A stream that was let in; `stream` and its watch once it has opened."""

    admitted: Admitted
    stream: FarStream | None = None
    watch: asyncio.Task[None] | None = None

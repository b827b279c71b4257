"""Events that somebody waits for, call by call."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from linecard.events import CarrierEvent


class Awaited:
    """Who waits for which kind of event of which call."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str, type[CarrierEvent], asyncio.Future[CarrierEvent]]] = []

    @contextmanager
    def expect(
        self, call_id: str, kind: type[CarrierEvent]
    ) -> Iterator[asyncio.Future[CarrierEvent]]:
        """The next event of that kind, also one that comes before anybody has begun to wait."""
        entry = (call_id, kind, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        try:
            yield entry[2]
        finally:
            self._waiting.remove(entry)
            entry[2].cancel()

    def tell(self, call_id: str, event: CarrierEvent) -> None:
        """An event has been applied to a call."""
        for call, kind, found in self._waiting:
            if call == call_id and isinstance(event, kind) and not found.done():
                found.set_result(event)

"""What was refused at addresses of a call, or told again: counted in memory.

Neither costs a write of its own, whoever asks and however often. Refusals, of which only those at addresses with our own
token count, are written with the next thing that is believed; a repeat has no effect, not even a line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from linecard.store import timeline
from linecard.wall import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

REQUESTS = "requests-refused"
SOCKETS = "sockets-refused"
UNOPENED = "sockets-unopened"
"""A handshake that was believed, and no stream came of it."""
REPEATED = "repeated"
"""A fact that was there already; the reason is its name."""
MOST_CALLS = 2000
MOST_REASONS = 8

Refused = tuple[str, str]
"""What it was, and the reason."""


@dataclass(slots=True)
class Refusals:
    """Counts by call, bounded in calls and reasons: the oldest call goes first."""

    _counted: dict[str, Counter[Refused]] = field(default_factory=dict)

    def note(self, call_id: str, what: str, reason: str) -> None:
        """Count one."""
        counted = self._counted.setdefault(call_id, Counter())
        one = (what, reason)
        counted[one if one in counted or len(counted) < MOST_REASONS else (what, "other")] += 1
        if len(self._counted) > MOST_CALLS:
            del self._counted[next(iter(self._counted))]

    def of(self, call_id: str) -> Mapping[Refused, int]:
        """What is counted of a call and not written yet."""
        return self._counted.get(call_id, Counter())

    async def write(self, conn: AsyncConnection, call_id: str) -> None:
        """Move what was refused to the call's record; the call must be there."""
        counted = self._counted.get(call_id, Counter())
        for what, reason in [one for one in counted if one[0] != REPEATED]:
            facts = {"reason": reason, "times": counted.pop((what, reason))}
            await timeline.append(conn, call_id, what, facts, now())

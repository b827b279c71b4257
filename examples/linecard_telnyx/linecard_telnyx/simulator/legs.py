"""One leg of a simulated call: what it was made with, where it stands, what runs on it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from linecard.simulator.handset import Handset
    from linecard.simulator.lines import Line
    from linecard_telnyx.simulator.media import LiveStream
    from linecard_telnyx.simulator.recordings import Recording


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a leg is over: Telnyx's cause, and who ended it."""

    cause: str
    source: str = "unknown"


def _future() -> asyncio.Future[Ending]:
    return asyncio.get_running_loop().create_future()


@dataclass(slots=True, eq=False, kw_only=True)
class Leg:
    """`control` is what commands take; all legs of one call share a `session`. `state` is Telnyx's word."""

    direction: str
    from_: str
    to: str
    webhook_url: str
    webhook_urls: Mapping[str, str] = field(default_factory=dict)
    client_state: str | None = None
    session: str = field(default_factory=lambda: str(uuid4()))
    control: str = field(default_factory=lambda: f"v3:{uuid4().hex}")
    id: str = field(default_factory=lambda: str(uuid4()))
    state: str = "parked"
    begun: float = 0.0
    answered: float | None = None
    over: asyncio.Future[Ending] = field(default_factory=_future)
    handset: Handset | None = None
    line: Line | None = None
    stream: LiveStream | None = None
    recording: Recording | None = None
    caller: Leg | None = None
    target: Leg | None = None
    is_bridged: bool = False
    commands: set[str] = field(default_factory=set)

    @property
    def call(self) -> str:
        """The id of the call that the leg belongs to: its first leg's."""
        return self.caller.control if self.caller else self.control

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.over.done()

    def end(self, ending: Ending) -> None:
        """End it; only the first ending counts."""
        if not self.over.done():
            self.over.set_result(ending)

    def ids(self) -> dict[str, Any]:
        """Its names, as they stand in answers and webhooks."""
        return {
            "call_control_id": self.control,
            "call_leg_id": self.id,
            "call_session_id": self.session,
        }

"""The plugin: its hooks, each a line or two; the work is done in the modules beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import linecard

if TYPE_CHECKING:
    from linecard_campaigns.serving import Campaigning


class Campaigns:
    """One for each application; `running` is there from its start to its stop."""

    def __init__(self) -> None:
        self.running: Campaigning | None = None

    @linecard.hookimpl
    async def on_start(self, app: Any) -> None:
        """Begin where there are leads; a pod has none."""
        if app.state.linecard is None:
            return
        from linecard_campaigns.serving import Campaigning

        self.running = Campaigning(app.state.linecard)
        await self.running.start()

    @linecard.hookimpl
    async def on_stop(self) -> None:
        """Leave the rest for the next start."""
        if self.running is not None:
            await self.running.stop()
            self.running = None

    @linecard.hookimpl
    async def may_dial(self, call: linecard.Call, connection: Any) -> str | None:
        """The last-instant gate, with the claim of the lead."""
        from linecard_campaigns import judging

        return await judging.may_dial(call, connection)

    @linecard.hookimpl
    async def number_blocked(self, number: str, connection: Any) -> None:
        """Its leads are called no more."""
        from linecard_campaigns import blocking

        await blocking.number_blocked(connection, number)

    @linecard.hookimpl
    async def number_forgotten(self, number: str, connection: Any) -> Mapping[str, int]:
        """Its leads are erased."""
        from linecard_campaigns import forgetting

        return await forgetting.number_forgotten(connection, number)

    @linecard.hookimpl
    async def rows_expired(self, before: datetime, connection: Any) -> int:
        """Old leads are erased."""
        from linecard_campaigns import forgetting

        return await forgetting.rows_expired(connection, before)

    @linecard.hookimpl
    def free_text(self) -> Sequence[tuple[object, Sequence[str]]]:
        """Payloads and words."""
        from linecard_campaigns import forgetting

        return forgetting.FREE_TEXT

    @linecard.hookimpl
    def call_event(self, event: linecard.CarrierEvent, call: linecard.Call) -> None:
        """A turn may wait for this end."""
        if self.running is not None and call.is_over:
            self.running.ends.heard(call.id)

    @linecard.hookimpl
    def routes(self) -> Sequence[object]:
        """`/api/leads` and `/api/campaigns`."""
        from linecard_campaigns.campaign_routes import campaigns_router
        from linecard_campaigns.lead_routes import leads_router

        return [leads_router(self._nudge), campaigns_router(self._nudge)]

    def _nudge(self) -> None:
        if self.running is not None:
            self.running.nudge()

    @linecard.hookimpl
    def commands(self) -> Sequence[object]:
        """`linecard campaign`."""
        from linecard_campaigns.commands import campaign

        return [campaign]

    @linecard.hookimpl
    def migrations(self) -> Sequence[str]:
        """The tables' own branch."""
        return [str(Path(__file__).parent / "migrations" / "versions")]

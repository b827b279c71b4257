"""The simulated Telnyx: one account, served on loopback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from starlette.applications import Starlette

from linecard.simulator.console import console_routes
from linecard.simulator.loopback import require_loopback
from linecard_telnyx.simulator.legs import Leg
from linecard_telnyx.simulator.living import incoming, live
from linecard_telnyx.simulator.rest import rest_routes
from linecard_telnyx.simulator.switch import API_KEY, CONNECTION, Switch

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from linecard.clock import Clock
    from linecard.simulator.faults import Faults
    from linecard.simulator.handset import PhoneBook
    from linecard.simulator.ledger import Ledger
    from linecard.simulator.phone import Phone
    from linecard.simulator.playback import Playback


class SimulatedTelnyx:
    """A `linecard.simulator.SimulatedCarrier`; `switch` holds what can be set about its behaviour."""

    name = "telnyx"

    def __init__(self, public_url_of_app: str, *, clock: Clock, seed: int = 0) -> None:
        require_loopback("127.0.0.1", public_url_of_app)
        self.switch = Switch(clock, seed, public_url_of_app.rstrip("/"))
        routes = [*rest_routes(self.switch), *console_routes(self)]
        self.app: ASGIApp = Starlette(routes=routes)

    @property
    def url(self) -> str:
        """Where it is served; links to recordings begin with it."""
        return self.switch.url

    @url.setter
    def url(self, url: str) -> None:
        self.switch.url = url

    @property
    def ledger(self) -> Ledger:
        """The truth of what happened."""
        return self.switch.ledger

    @property
    def phones(self) -> PhoneBook:
        """Which phone is at which number, and what each has heard."""
        return self.switch.phones

    @property
    def faults(self) -> Faults:
        """What may go wrong."""
        return self.switch.faults

    def environment(self, own_url: str) -> Mapping[str, str]:
        """The variables with which a server talks to this carrier."""
        return {
            "TELNYX_API_KEY": API_KEY,
            "TELNYX_PUBLIC_KEY": self.switch.public_key,
            "TELNYX_CONNECTION_ID": CONNECTION,
            "TELNYX_API_URL": own_url,
        }

    async def call_in(self, from_: str, to: str, phone: Phone) -> str:
        """Call a number of the application from a phone; the call's control id, at once."""
        switch = self.switch
        leg = Leg(direction="incoming", from_=from_, to=to, webhook_url=switch.webhook_url)
        leg.handset = switch.phones.lift(from_, phone)
        switch.legs[leg.control] = leg
        switch.tasks.start(live(switch, leg, incoming(switch, leg)), "call")
        return leg.control

    def set_up(self, number: str, pasted: Sequence[str], *, record: bool = False) -> None:
        """Paste the webhook address into the application, which all numbers share."""
        if pasted:
            self.switch.webhook_url = pasted[0]

    def number_options(self) -> Mapping[str, object]:
        """Nothing."""
        return {}

    def playbacks(self, call: str) -> Sequence[Playback]:
        """The buffers of a call's streams in their order."""
        return tuple(self.switch.playbacks.get(call, ()))

    async def close(self) -> None:
        """End everything without telling anybody."""
        await self.switch.close()

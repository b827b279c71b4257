"""The simulated Twilio: one account, served on loopback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from starlette.applications import Starlette

from linecard.simulator.console import console_routes
from linecard.simulator.door import Door
from linecard.simulator.faults import Faults
from linecard.simulator.handset import PhoneBook
from linecard.simulator.ledger import Ledger
from linecard.simulator.loopback import require_loopback
from linecard_twilio.simulator.calls import Address, Call, Next, Order
from linecard_twilio.simulator.impersonation import ImpersonatedTwilio
from linecard_twilio.simulator.legs import begin
from linecard_twilio.simulator.living import inbound
from linecard_twilio.simulator.quirks import Quirks
from linecard_twilio.simulator.rest import refusal, rest_routes, wrong_address
from linecard_twilio.simulator.switch import Switch
from linecard_twilio.simulator.verbs import RUNNERS

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from linecard.clock import Clock
    from linecard.simulator.phone import Phone
    from linecard.simulator.playback import Playback
    from linecard_twilio.settings import TwilioSettings

API = ("/2010-04-01/", "/v2/")
NOWHERE = Order(document=Next(Address(""), "voice url"))


class SimulatedTwilio:
    """A `linecard.simulator.SimulatedCarrier`.

    `numbers`: what the account owns; without any, it owns what calls are made from and come in to.
    A number that nobody has configured points at the application's own addresses.
    """

    name = "twilio"

    def __init__(
        self,
        public_url_of_app: str,
        *,
        clock: Clock,
        seed: int = 0,
        numbers: Sequence[str] = (),
        quirks: Quirks | None = None,
    ) -> None:
        require_loopback("127.0.0.1", public_url_of_app)
        self.switch = Switch(
            clock,
            seed,
            public_url=public_url_of_app.rstrip("/"),
            numbers=numbers,
            quirks=quirks or Quirks(),
            runners=RUNNERS,
        )
        routes = [*rest_routes(self.switch), *console_routes(self)]
        wrong = {404: wrong_address, 405: wrong_address}
        app = Starlette(routes=routes, exception_handlers=wrong)
        app.router.redirect_slashes = False
        self.app: ASGIApp = Door(self.switch, app, API, refusal)

    @property
    def url(self) -> str:
        """Where it is served; recordings' addresses begin with it."""
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

    @property
    def quirks(self) -> Quirks:
        """Switches for what Twilio's pages leave open."""
        return self.switch.quirks

    def environment(self, own_url: str) -> Mapping[str, str]:
        """The variables with which a server talks to this carrier."""
        own = self.switch.credentials
        return {
            "TWILIO_ACCOUNT_SID": own.account_sid,
            "TWILIO_AUTH_TOKEN": own.auth_token,
            "TWILIO_API_URL": own_url,
        }

    async def call_in(self, from_: str, to: str, phone: Phone) -> str:
        """Call a number of the account from a phone; the call's sid, at once."""
        switch = self.switch
        call = Call(
            sid=switch.ids.sid("CA"),
            direction="inbound",
            from_=from_,
            to=to,
            order=switch.directory.rent(to).order() or NOWHERE,
            created_at=switch.clock.unix(),
            handset=switch.phones.lift(from_, phone),
        )
        begin(switch, call, inbound(switch, call))
        return call.sid

    def set_up(self, number: str, pasted: Sequence[str], *, record: bool = False) -> None:
        """Nothing: numbers are pointed by REST, or to the application's own address."""

    def number_options(self) -> Mapping[str, object]:
        """None are needed."""
        return {}

    def playbacks(self, call: str) -> Sequence[Playback]:
        """The buffers of a call's two-way streams in their order."""
        return tuple(self.switch.playbacks.get(call, ()))

    @staticmethod
    def impersonate(settings: TwilioSettings) -> ImpersonatedTwilio:
        """What the carrier itself would send to an account with these settings."""
        return ImpersonatedTwilio(settings)

    async def close(self) -> None:
        """End everything without telling anybody."""
        await self.switch.close()

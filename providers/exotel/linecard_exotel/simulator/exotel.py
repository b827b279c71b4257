"""The simulated Exotel: one account, served on loopback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from starlette.applications import Starlette

from linecard.simulator.console import console_routes
from linecard.simulator.faults import Faults
from linecard.simulator.handset import PhoneBook
from linecard.simulator.ledger import Ledger, What
from linecard.simulator.loopback import require_loopback
from linecard_exotel.simulator.calls import Call, Order
from linecard_exotel.simulator.door import Door
from linecard_exotel.simulator.flows import is_flow_address
from linecard_exotel.simulator.impersonation import ImpersonatedExotel
from linecard_exotel.simulator.living import inbound, live
from linecard_exotel.simulator.numbering import e164
from linecard_exotel.simulator.quirks import Quirks
from linecard_exotel.simulator.rest import rest_routes, wrong_address
from linecard_exotel.simulator.switch import Switch

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from linecard.clock import Clock
    from linecard.simulator.phone import Phone
    from linecard.simulator.playback import Playback
    from linecard_exotel.settings import ExotelSettings


class SimulatedExotel:
    """A `linecard.simulator.SimulatedCarrier`.

    Calls in to a number run the flow that `set_up` has built for it: there is no other way.
    `numbers`: what the account owns; without any, it owns every number that is used.
    """

    name = "exotel"

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
        self.switch = Switch(clock, seed, numbers=numbers, quirks=quirks or Quirks())
        routes = [*rest_routes(self.switch), *console_routes(self)]
        wrong = {404: wrong_address, 405: wrong_address}
        app = Starlette(routes=routes, exception_handlers=wrong)
        app.router.redirect_slashes = False
        self.app: ASGIApp = Door(self.switch, app)

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
        """Switches for what Exotel's pages leave open."""
        return self.switch.quirks

    def environment(self, own_url: str) -> Mapping[str, str]:
        """The variables with which a server talks to this carrier."""
        own = self.switch.credentials
        return {
            "EXOTEL_API_KEY": own.api_key,
            "EXOTEL_API_TOKEN": own.api_token,
            "EXOTEL_SID": own.sid,
            "EXOTEL_API_URL": own_url,
        }

    async def call_in(self, from_: str, to: str, phone: Phone) -> str:
        """Call an ExoPhone from a phone; the CallSid, at once."""
        switch = self.switch
        call = Call(
            sid=switch.ids.sid(),
            direction="inbound",
            customer=e164(from_),
            exophone=e164(to),
            order=Order(),
            created_at=switch.clock.unix(),
            handset=switch.phones.lift(e164(from_), phone),
        )
        switch.calls[call.sid] = call
        switch.tasks.start(live(switch, call, inbound(switch, call)), f"call {call.sid}")
        return call.sid

    def set_up(self, number: str, pasted: Sequence[str], *, record: bool = False) -> None:
        """Build a flow of the pasted addresses by hand, and attach the number to it.

        `k=answer` goes into a Voicebot, `next` into the Passthru behind it, `dial` into the Connect on
        its branch A, `return` into the Voicebot for callers whom nobody answered. `record` ticks
        Record in the Voicebots.
        """
        flow_id = self.switch.exophones.attach(number, pasted)
        self.tick_record(number, records=record)
        self.ledger.write(What.NOTE, text=f"{number} is attached to flow {flow_id}")
        for text in pasted:
            if not is_flow_address(text):
                note = f"{number}: a pasted text is no address of an applet, passed over"
                self.ledger.write(What.NOTE, text=note)

    def number_options(self) -> Mapping[str, object]:
        """The flow that the next number will be attached to: calls that go out run it too."""
        return {"flow_id": self.switch.exophones.next_flow_id}

    def tick_record(self, number: str, *, records: bool = True) -> None:
        """Tick Record in the Voicebot applets of a number's flow, or take it off."""
        self.switch.exophones.tick_record(number, records=records)

    def flow_id(self, number: str) -> str:
        """The id of the flow that a number is attached to; empty without one."""
        return self.switch.exophones.flow_id(number)

    def playbacks(self, call: str) -> Sequence[Playback]:
        """The buffers of a call's streams in their order."""
        return tuple(self.switch.playbacks.get(call, ()))

    @staticmethod
    def impersonate(settings: ExotelSettings) -> ImpersonatedExotel:
        """What the carrier itself would send to an account with these settings."""
        return ImpersonatedExotel(settings)

    async def close(self) -> None:
        """End everything without telling anybody."""
        await self.switch.close()

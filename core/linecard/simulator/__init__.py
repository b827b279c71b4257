"""The shared half of every simulated carrier: phones, lines, playback, faults, ledger, webhooks.

A provider's half adds its REST API, its documents and its media messages, and is a class that fits
`SimulatedCarrier`. Everything here runs on loopback and on one `Clock`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from linecard.clock import Clock
    from linecard.simulator.faults import Faults
    from linecard.simulator.handset import PhoneBook
    from linecard.simulator.ledger import Ledger
    from linecard.simulator.phone import Phone
    from linecard.simulator.playback import Playback


class SimulatedCarrier(Protocol):
    """One simulated carrier with one account.

    `app` serves its REST API; `url` is where that is served, set before the first call. Calls it
    places go to the addresses they came with; calls that come in go to `public_url_of_app`, or to
    whatever the dialled number was pointed at by REST.
    """

    name: str

    def __init__(self, public_url_of_app: str, *, clock: Clock, seed: int = 0) -> None: ...

    @property
    def url(self) -> str:
        """Where it is served."""
        ...

    @url.setter
    def url(self, url: str) -> None: ...

    @property
    def app(self) -> ASGIApp:
        """The REST API, and what `linecard.simulator.console` adds to it."""
        ...

    @property
    def ledger(self) -> Ledger:
        """The truth of what happened."""
        ...

    @property
    def phones(self) -> PhoneBook:
        """Which phone is at which number, and what each has heard."""
        ...

    @property
    def faults(self) -> Faults:
        """What may go wrong."""
        ...

    def environment(self, own_url: str) -> Mapping[str, str]:
        """The variables with which a server talks to this carrier when it is served at `own_url`."""
        ...

    async def call_in(self, from_: str, to: str, phone: Phone) -> str:
        """Call `to`, a number of the application, from a phone; the call's id, at once."""
        ...

    def set_up(self, number: str, pasted: Sequence[str], *, record: bool = False) -> None:
        """What a person does at the carrier's console with the addresses of a number's set-up steps.

        `record`: the steps say to switch recording on there. A carrier that is told everything by API
        has nothing to do here.
        """

    def number_options(self) -> Mapping[str, object]:
        """The options with which a number is registered so that all of this carrier can be used."""
        ...

    def playbacks(self, call: str) -> Sequence[Playback]:
        """The buffers of a call's streams in their order: exactly what was played to the phone."""
        ...

    async def close(self) -> None:
        """End every call without telling anybody, and free everything."""

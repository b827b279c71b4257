"""What all parts of one simulated Plivo share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linecard.clock import Clock
    from linecard.simulator.courier import Courier
    from linecard.simulator.faults import Faults
    from linecard.simulator.handset import PhoneBook
    from linecard.simulator.ledger import Ledger
    from linecard.simulator.lines import Lines
    from linecard.simulator.playback import Playback
    from linecard.simulator.queueing import DialPace, Window
    from linecard.tasks import Tasks
    from linecard_plivo.simulator.calls import Call
    from linecard_plivo.simulator.conferences import Conference
    from linecard_plivo.simulator.directory import Directory
    from linecard_plivo.simulator.identity import Credentials, Ids
    from linecard_plivo.simulator.quirks import Quirks
    from linecard_plivo.simulator.rates import Rates
    from linecard_plivo.simulator.recordings import Recording
    from linecard_plivo.simulator.signing import Signer

AGENT = "Plivo (simulated by linecard)"


@dataclass(slots=True, kw_only=True, eq=False)
class Switch:
    """The machine room: the shared half's parts, the account, and everything that is going on."""

    clock: Clock
    ledger: Ledger
    faults: Faults
    phones: PhoneBook
    lines: Lines
    tasks: Tasks
    courier: Courier
    signer: Signer
    ids: Ids
    credentials: Credentials
    directory: Directory
    rates: Rates
    quirks: Quirks
    pace: DialPace
    window: Window
    url: str = "http://127.0.0.1"
    calls: dict[str, Call] = field(default_factory=dict)
    recordings: dict[str, Recording] = field(default_factory=dict)
    conferences: dict[str, Conference] = field(default_factory=dict)
    playbacks: dict[str, list[Playback]] = field(default_factory=dict)

    @property
    def live_calls(self) -> list[Call]:
        """The calls that are not over."""
        return [call for call in self.calls.values() if not call.is_over]

"""What all parts of one simulated Plivo share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from linecard.simulator.machinery import Machinery
from linecard.simulator.overrides import Policy
from linecard.simulator.queueing import DialPace, Window
from linecard_plivo.simulator.directory import Directory
from linecard_plivo.simulator.identity import Ids, credentials
from linecard_plivo.simulator.rates import Rates
from linecard_plivo.simulator.signing import Signer

if TYPE_CHECKING:
    from linecard.clock import Clock
    from linecard.simulator.playback import Playback
    from linecard_plivo.simulator.calls import Call
    from linecard_plivo.simulator.conferences import Conference
    from linecard_plivo.simulator.quirks import Quirks
    from linecard_plivo.simulator.recordings import Recording
    from linecard_plivo.simulator.targets import Target

AGENT = "Plivo (simulated by linecard)"
REQUESTS_ALLOWED, IN_SECONDS = 300, 5.0


class Switch(Machinery):
    """The machine room: the shared half's parts, the account, and everything that is going on."""

    def __init__(
        self,
        clock: Clock,
        seed: int,
        *,
        public_url: str,
        numbers: Sequence[str],
        quirks: Quirks,
        pulse: int,
    ) -> None:
        self.url = "http://127.0.0.1"
        self.quirks = quirks
        self.ids = Ids(seed)
        self.credentials = credentials(seed)
        self.signer = Signer(self.credentials.auth_token, self.ids)
        super().__init__(clock, seed, sign=self.signer.webhook, policy=Policy(), agent=AGENT)
        self.directory = Directory(public_url, numbers, self.ids)
        self.rates = Rates(pulse)
        self.pace = DialPace(quirks.calls_per_second, clock)
        self.window = Window(REQUESTS_ALLOWED, IN_SECONDS, clock)
        self.calls: dict[str, Call] = {}
        self.targets: list[tuple[Call, Target]] = []
        self.recordings: dict[str, Recording] = {}
        self.conferences: dict[str, Conference] = {}
        self.playbacks: dict[str, list[Playback]] = {}

    @property
    def live_calls(self) -> list[Call]:
        """The calls that are not over."""
        return [call for call in self.calls.values() if not call.is_over]

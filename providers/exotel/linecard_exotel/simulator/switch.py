"""What all parts of one simulated Exotel share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from linecard.simulator.machinery import Machinery
from linecard.simulator.overrides import ONCE
from linecard.simulator.queueing import Window
from linecard_exotel.simulator.exophones import ExoPhones
from linecard_exotel.simulator.identity import Ids, credentials

if TYPE_CHECKING:
    from linecard import Pairs
    from linecard.clock import Clock
    from linecard.simulator.playback import Playback
    from linecard_exotel.simulator.calls import Call
    from linecard_exotel.simulator.quirks import Quirks
    from linecard_exotel.simulator.recordings import Recording

AGENT = "Exotel (simulated by linecard)"
REQUESTS_A_MINUTE = 200
MINUTE = 60.0


class Switch(Machinery):
    """The machine room: the shared half's parts, the account, and everything that is going on."""

    def __init__(self, clock: Clock, seed: int, *, numbers: Sequence[str], quirks: Quirks) -> None:
        self.url = "http://127.0.0.1"
        self.quirks = quirks
        self.ids = Ids(seed)
        self.credentials = credentials(seed)
        super().__init__(clock, seed, sign=unsigned, policy=ONCE, agent=AGENT)
        self.exophones = ExoPhones(numbers)
        self.window = Window(REQUESTS_A_MINUTE, MINUTE, clock)
        self.calls: dict[str, Call] = {}
        self.recordings: dict[str, Recording] = {}
        self.playbacks: dict[str, list[Playback]] = {}

    @property
    def live_calls(self) -> list[Call]:
        """The calls that are not over."""
        return [call for call in self.calls.values() if not call.is_over]

    @property
    def live_streams(self) -> int:
        """How many streams are open."""
        return sum(call.stream is not None for call in self.live_calls)


def unsigned(method: str, url: str, fields: Pairs) -> Mapping[str, str]:
    """No headers: Exotel signs nothing."""
    return {}

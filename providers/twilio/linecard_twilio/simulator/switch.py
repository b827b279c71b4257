"""What all parts of one simulated Twilio share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from linecard.simulator.machinery import Machinery
from linecard.simulator.overrides import Policy
from linecard.simulator.queueing import DialPace
from linecard_twilio.simulator.directory import Directory
from linecard_twilio.simulator.identity import Ids, credentials
from linecard_twilio.simulator.signing import Signer

if TYPE_CHECKING:
    from linecard.clock import Clock
    from linecard.simulator.playback import Playback
    from linecard_twilio.simulator.calls import Call, Next
    from linecard_twilio.simulator.quirks import Quirks
    from linecard_twilio.simulator.reader import Element
    from linecard_twilio.simulator.recordings import Recording
    from linecard_twilio.simulator.rooms import Conference

Runner = Callable[["Switch", "Call", "Element"], Awaitable["Next | None"]]
"""Runs one verb, and says which document takes over, if any."""

AGENT = "TwilioProxy/1.1"
SOCKET_AGENT = "Twilio.TmeWs/1.0"
POLICY = Policy(
    connect=5.0,
    read=15.0,
    total=15.0,
    retries=1,
    retry_on=frozenset({"ct"}),
    most_read=15.0,
    most_total=15.0,
)
"""How a webhook is tried where its address's fragment says nothing."""


class Switch(Machinery):
    """The machine room: the shared half's parts, the account, and everything that is going on.

    `runners` run the verbs of documents.
    """

    def __init__(
        self,
        clock: Clock,
        seed: int,
        *,
        public_url: str,
        numbers: Sequence[str],
        quirks: Quirks,
        runners: Mapping[str, Runner],
    ) -> None:
        self.url = "http://127.0.0.1"
        self.quirks = quirks
        self.runners = runners
        self.ids = Ids(seed)
        self.credentials = credentials(seed)
        self.signer = Signer(self.credentials.auth_token, quirks)
        super().__init__(clock, seed, sign=self.signer.webhook, policy=POLICY, agent=AGENT)
        self.directory = Directory(public_url, numbers, self.ids)
        self.pace = DialPace(quirks.calls_per_second, clock)
        self.calls: dict[str, Call] = {}
        self.recordings: dict[str, Recording] = {}
        self.conferences: dict[str, Conference] = {}
        self.playbacks: dict[str, list[Playback]] = {}
        self.requests = 0

"""The values that hooks take and return: orders to a carrier, its answers, its facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from linecard.calls import Call
from linecard.events import LegEnded, StreamEvent
from linecard.media.formats import StreamProfile
from linecard.numbers import Cleared
from linecard.webhook import Reply


class RecordAt(StrEnum):
    """When a recording is asked for."""

    LIVE = "live"
    DOCUMENT = "document"
    DIAL = "dial"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A carrier's limits and habits. Seconds and calls a second; None where no limit is known."""

    calls_per_second: float
    above_limit: str
    max_call_seconds: int
    max_ring_seconds: int
    record_outbound: RecordAt
    record_inbound: RecordAt
    machine_detection: frozenset[str] = frozenset()
    foreign_caller_id: bool = False
    reports_ringing: bool = True
    tail_runs: bool = True
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder:
    """One dial. `answer_url` and its companions are complete addresses of ours."""

    call: Call
    to: Cleared
    profile: StreamProfile
    answer_url: str
    fallback_url: str
    ringing_url: str
    ended_url: str
    machine_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedCall:
    """The carrier has taken the dial. `queued`: it will start it later."""

    carrier_ids: Mapping[str, str]
    queued: bool = False


class Found(StrEnum):
    """What a look-up says of a call."""

    LIVE = "live"
    ENDED = "ended"
    NOT_FOUND = "not-found"
    CANNOT_TELL = "cannot-tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLookup:
    """The answer to a look-up; `ended` holds the facts of a call that is over."""

    found: Found
    carrier_ids: Mapping[str, str] = field(default_factory=dict)
    answered: bool = False
    ended: LegEnded | None = None


class HangUpResult(StrEnum):
    """How an end was reached. `not_found`: the carrier knows no such call, which proves nothing by itself."""

    DONE = "done"
    VIA_STREAM = "via-stream"
    NOT_FOUND = "not-found"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingOrder:
    """A recording by API; seconds."""

    callback_url: str
    max_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """Where a recording's file is. `authorization` is sent to `hosts` (`host` or
    `host:port`) alone and dropped on a change of host."""

    url: str
    hosts: frozenset[str]
    authorization: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferOrder:
    """A transfer of the caller's leg; the carrier asks `document_url` what to do."""

    reference: str
    document_url: str


class TransferStart(StrEnum):
    """What happens after a transfer is accepted.

    `document_after_stream`: the document is asked for once our stream has ended, so the stream is closed.
    """

    DOCUMENT_AFTER_STREAM = "document-after-stream"
    DOCUMENT_NOW = "document-now"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectOrder:
    """Addresses for inbound calls, and a name for what carries them at the carrier.

    `apply` false: change nothing, only say what the number points at now.
    """

    name: str
    apply: bool
    answer_url: str
    ended_url: str
    fallback_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What a number points at: `target` now, `former` before; `notes` for the person who decides."""

    target: str | None
    former: str | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetupStep:
    """Something a person must do at the carrier; `paste` stands alone, ready to be pasted."""

    do: str
    paste: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLine:
    """One line of a price: US dollars a minute as a decimal, charged in pulses of `pulse_seconds`."""

    what: str
    prefix: str
    usd_per_minute: str
    pulse_seconds: int
    source: str


@dataclass(frozen=True, slots=True)
class Command:
    """An API request that the core runs after a reply: wait for an event, undo on failure."""

    request: object
    wait_for: str | None = None
    within: float = 5.0
    undo: Command | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, and effects where the carrier is commanded and not answered."""

    reply: Reply
    effects: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class PodLease:
    """Where the audio of a call goes; `address` None is this process."""

    pod: str
    call: str
    address: str | None = None


class StreamProtocol(Protocol):
    """One connection's media messages. No method raises on what the peer sent, and none does I/O."""

    def receive(self, message: str | bytes) -> Sequence[StreamEvent]:
        """What the carrier's message means."""
        ...

    def play(self, audio: bytes) -> str | bytes:
        """A message that plays audio in the line's encoding."""
        ...

    def clear(self) -> str | bytes | None:
        """A message that empties the carrier's buffer; None where it has none."""
        ...

    def mark(self, name: str) -> str | bytes | None:
        """A message that asks to be told when all before it has been played."""
        ...

    def send_digits(self, digits: str) -> str | bytes | None:
        """A message that presses keys; None where the socket cannot."""
        ...


class Enhancer(Protocol):
    """Cleans one stream's incoming audio."""

    @property
    def delay_ms(self) -> float:
        """The delay it adds."""
        ...

    def process(self, frame: bytes) -> bytes:
        """One frame in, one frame of the same size out; int16 little-endian."""
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...

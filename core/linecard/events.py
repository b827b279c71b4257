"""What carriers and streams report: frozen, past tense.

Three families. `CarrierEvent`: from webhooks and look-ups, stored in the inbox under `key`.
`StreamEvent`: from the media socket. `AgentEvent`: what an agent's `async for` yields.
Every carrier event names its `leg` (`caller`, `target:N`, `media`); only the caller's leg moves
the call's status.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from linecard.calls import CallStatus, Detection, Direction, MachineKind

CALLER = "caller"
MEDIA = "media"


class TransferResult(StrEnum):
    """How a transfer ended, in the agent's words."""

    BRIDGED = "bridged"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    DECLINED = "declined"
    VOICEMAIL = "voicemail"
    FAILED = "failed"
    UNSUPPORTED = "unsupported"


class RecordingResult(StrEnum):
    """What a request about a recording came to, confirmed by the carrier."""

    STARTED = "started"
    STOPPED = "stopped"
    PAUSED = "paused"
    RESUMED = "resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierEvent:
    """A fact from the carrier. `key` is unique per provider and fact: a repeat has the same key.

    `at` is when it happened by the carrier's clock (aware), None where it does not say.
    """

    key: str
    leg: str = CALLER
    carrier_ids: Mapping[str, str] = field(default_factory=dict)
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRequested(CarrierEvent):
    """The carrier asks what to do with a call; an outbound one has just been answered.

    Numbers are E.164; `from_` is None for a withheld caller. `machine` where detection was synchronous.
    `answers` false: our reply does not answer the call, a command does, and `CallAnswered` will tell.
    """

    direction: Direction
    from_: str | None
    to: str
    machine: MachineKind | None = None
    answers: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRinging(CarrierEvent):
    """The far end rings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered(CarrierEvent):
    """The far end has answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegEnded(CarrierEvent):
    """The leg is over. A call's cost is the sum of its legs': report each sum once.

    `duration` is the real length, `billed` the rounded one, both in seconds; `cost` a decimal in US
    dollars; `code` and `reason` are the carrier's. `ran_out`: our document had nothing left to do.
    `answered_at` is when the leg was answered by the carrier's clock (aware), where its end says so.
    `concluded`: nobody has reported it, core has concluded it; a report goes before it.
    """

    status: CallStatus
    reason: str = ""
    code: str = ""
    ended_by: str = ""
    duration: int | None = None
    billed: int | None = None
    cost: str | None = None
    ran_out: bool = False
    answered_at: datetime | None = None
    concluded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRated(CarrierEvent):
    """The carrier has priced the leg, as some do minutes after its end.

    `cost` is a decimal in US dollars, None where the price stands in another currency and no rate of
    exchange is set; `price` and `currency` are the carrier's own words.
    """

    cost: str | None
    price: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineDetected(CarrierEvent):
    """Answering-machine detection has decided; `raw` is the carrier's word.

    `greeting_over`: the machine has said its greeting (a beep, or silence, was heard) and records.
    The `key` holds the word: another word is another fact, and both are kept.
    """

    kind: MachineKind
    raw: str = ""
    greeting_over: bool = False

    @property
    def detection(self) -> Detection:
        """What it says of who answered."""
        return Detection(self.kind, self.raw, self.greeting_over)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamReported(CarrierEvent):
    """The carrier's own report on its stream; never relied on for clean-up."""

    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStarted(CarrierEvent):
    """A recording runs; `channels` where it is said: 2 keeps caller and agent apart."""

    recording: str
    channels: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingReady(CarrierEvent):
    """A recording's file can be fetched; `duration_ms` and `channels` are None where that is not said."""

    recording: str
    url: str
    duration_ms: int | None = None
    channels: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFailed(CarrierEvent):
    """A recording was asked for and did not start, or its file never came; `recording` where it has an id.

    `absent`: it ran, and there was nothing to make a file of.
    """

    reason: str
    recording: str = ""
    absent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferReported(CarrierEvent):
    """The dialling of a transfer is over. `transfer` is our own reference from the address; empty at
    an address that names none, for the transfer under way.
    """

    transfer: str
    result: TransferResult


@dataclass(frozen=True, slots=True, kw_only=True)
class LegAnswered(CarrierEvent):
    """A dialled leg has answered, or pressed the key that was asked of it; `bridged` once it is connected with the caller.

    `ready` false: it has answered, and is still told who is coming or asked for a key.
    """

    transfer: str
    bridged: bool = False
    ready: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitsGathered(CarrierEvent):
    """Digits collected by a document; of a target that was asked for a key, `transfer` is our reference.

    Empty digits: none were pressed in time.
    """

    digits: str
    transfer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptEnded(CarrierEvent):
    """The caller has heard what was said or played to them; carriers that are commanded report it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrecognised(CarrierEvent):
    """Something the provider's table does not know: kept and counted, never refused."""

    name: str


class StreamEvent:
    """Something that came out of a media message."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class StreamCodec:
    """What an opening message says of one direction: an RTP name and Hz, None where not said."""

    encoding: str | None = None
    rate: int | None = None


@dataclass(frozen=True, slots=True)
class StreamStarted(StreamEvent):
    """The stream's opening message.

    `encoding` (RTP name) and `rate` speak of both directions, None where not said. `inbound` and
    `outbound` speak of one alone and go before them, for carriers that decide each by itself.
    """

    stream: str
    carrier_ids: Mapping[str, str]
    encoding: str | None = None
    rate: int | None = None
    inbound: StreamCodec | None = None
    outbound: StreamCodec | None = None


@dataclass(frozen=True, slots=True, init=False)
class MediaReceived(StreamEvent):
    """Audio of the caller, still in the line's encoding."""

    payload: bytes
    sequence: int | None

    def __init__(self, payload: bytes, sequence: int | None = None) -> None:
        _set_payload(self, payload)
        _set_sequence(self, sequence)


# One is made for each frame of each call: this takes less time than a frozen dataclass' own way.
_set_payload, _set_sequence = (vars(MediaReceived)[n].__set__ for n in ("payload", "sequence"))


@dataclass(frozen=True, slots=True)
class DigitReceived(StreamEvent):
    """A key the caller pressed."""

    digit: str


@dataclass(frozen=True, slots=True)
class MarkPlayed(StreamEvent):
    """The carrier has played everything before this mark."""

    name: str


@dataclass(frozen=True, slots=True)
class BufferCleared(StreamEvent):
    """The carrier has emptied its buffer."""


@dataclass(frozen=True, slots=True)
class PeerFull(StreamEvent):
    """The carrier's buffer is full; sending pauses."""


@dataclass(frozen=True, slots=True)
class PeerReady(StreamEvent):
    """The carrier's buffer has room again."""


@dataclass(frozen=True, slots=True)
class StreamFailed(StreamEvent):
    """The carrier reports a fault on the socket; the socket's close is still the end."""

    reason: str


@dataclass(frozen=True, slots=True)
class StreamStopped(StreamEvent):
    """The carrier announces the end of the stream; not the end of the call."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class MessageDropped(StreamEvent):
    """A message that could not be used: broken, foreign, or out of place. Counted, never fatal."""

    reason: str


class AgentEvent:
    """What an agent's `async for event in call` yields."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class AudioReceived(AgentEvent):
    """The caller's audio: int16 mono little-endian at the agent's rate; `original`: before an enhancer."""

    pcm: bytes
    original: bytes | None = None


@dataclass(frozen=True, slots=True)
class DigitPressed(AgentEvent):
    """A key the caller pressed: `0` to `9`, `*`, `#`, `A` to `D`."""

    digit: str


@dataclass(frozen=True, slots=True)
class MarkReached(AgentEvent):
    """The caller has heard everything up to the agent's mark."""

    name: str


@dataclass(frozen=True, slots=True)
class MachineAnswered(AgentEvent):
    """Answering-machine detection has decided, or knows better than before; `raw` is the carrier's word.

    `greeting_over`: a machine has said its greeting, and records what it hears from now on.
    """

    kind: MachineKind
    raw: str = ""
    greeting_over: bool = False


@dataclass(frozen=True, slots=True)
class OptedOut(AgentEvent):
    """The other side has pressed the key by which it asks not to be called again; its number is blocked."""


@dataclass(frozen=True, slots=True)
class TransferEnded(AgentEvent):
    """A transfer asked for outside the agent has ended."""

    result: TransferResult


@dataclass(frozen=True, slots=True)
class StreamLost(AgentEvent):
    """The audio socket is gone; the carrier is asked to open another."""


@dataclass(frozen=True, slots=True)
class StreamResumed(AgentEvent):
    """A new audio socket carries the call again."""


@dataclass(frozen=True, slots=True)
class StreamSilent(AgentEvent):
    """Nothing at all has arrived on the audio socket for `seconds`: the line or the network is at fault."""

    seconds: int


@dataclass(frozen=True, slots=True)
class CallerSilent(AgentEvent):
    """The caller has been silent for `seconds`, by the level of the audio; told every 5 s while it lasts."""

    seconds: int


@dataclass(frozen=True, slots=True)
class CallEnding(AgentEvent):
    """The call reaches its longest allowed length in `seconds`."""

    seconds: int


@dataclass(frozen=True, slots=True)
class CallEnded(AgentEvent):
    """The call is over; the last event."""

    reason: str

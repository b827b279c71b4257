"""The values that hooks take and return: orders to a carrier, its answers, its facts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from linecard.calls import Call, Direction
from linecard.events import CallRated, CarrierEvent, LegEnded, StreamEvent
from linecard.media.formats import StreamProfile
from linecard.numbers import Cleared
from linecard.verbs import Verb
from linecard.webhook import Reply


class RecordAt(StrEnum):
    """When a recording is asked for."""

    LIVE = "live"
    DOCUMENT = "document"
    DIAL = "dial"
    THEIRS = "theirs"


class AcceptKey(StrEnum):
    """Where a dialled target is asked for the key: by the `dial` itself, by the whisper's `document`."""

    NOWHERE = "nowhere"
    DIAL = "dial"
    DOCUMENT = "document"


class KeysBy(StrEnum):
    """How keys are pressed toward the far end during a call.

    `stream`: a message on the socket; `tones`: sound that we play on it; `api`: a request of the hook
    `send_digits`; `document`: the carrier presses them in a document, for which the stream ends.
    """

    STREAM = "stream"
    TONES = "tones"
    API = "api"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A carrier's limits and habits. Seconds, and calls a second that one account may dial.

    `above_limit`: in a word, what becomes of dials above that (`queued`, `refused`). A recording is `theirs` where we never
    ask for it. `tail_runs`: it goes on with a document behind a stream that has ended. `unsigned`: its requests prove nothing
    by themselves, so addresses that a person pastes there carry a proof of the number's own. `reports_ends`: it tells the end
    of every call by itself. `cost_seconds`: how long after its end a call is priced; 0: at once. `consults`: it can ring the
    target of a warm transfer first, while the caller's stream goes on; `warm`: a transfer's target can be told who is coming
    at all. `accept_key`: where a dialled target is asked for a key; `rings_in_order`: it rings the targets of one Dial one
    after the other. `cuts_stream`: a transfer that it accepts ends our stream at once. `reports_streams`: it reports on the
    streams it opens. `machine_with_digits`: detection works where digits are sent at the answer. `speaks`: its documents can
    say a text and play a sound; `gathers`: they can collect keys. Where they cannot, our own stream does.
    `transfer_ends_recording`: what records the caller's leg ends, or may end, when a transfer gives it another document.
    `advice`: what a person can do about an end with this code of the carrier's, as a sentence; `{public}` and `{wss}` in it
    are our addresses. `cautions`: by prefix of our number (`+91`), a sentence on what no look-up can see and makes calls
    fail. `keys_heard`: a caller's keys are told, on the `stream` or by `document`; none is looked for in the sound.
    `most_short`, `most_unanswered`: the shares (0 to 1) of a number's calls that may be very short, or unanswered, before the
    carrier charges for it or blocks it; not for numbers of ours with a prefix of `uncounted`. `keys_pressed`: how keys can be
    pressed during a call. `most_digits`: how many a dial may press at its answer.
    """

    calls_per_second: float
    above_limit: str
    max_call_seconds: int
    max_ring_seconds: int
    record_outbound: RecordAt = RecordAt.THEIRS
    record_inbound: RecordAt = RecordAt.THEIRS
    machine_detection: frozenset[str] = frozenset()
    foreign_caller_id: bool = False
    reports_ringing: bool = True
    tail_runs: bool = True
    unsigned: bool = False
    reports_ends: bool = True
    cost_seconds: int = 0
    consults: bool = False
    warm: bool = True
    accept_key: AcceptKey = AcceptKey.NOWHERE
    rings_in_order: bool = False
    cuts_stream: bool = False
    reports_streams: bool = True
    machine_with_digits: bool = True
    speaks: bool = True
    gathers: bool = True
    transfer_ends_recording: bool = False
    keys_heard: frozenset[str] = frozenset({"stream", "document"})
    keys_pressed: frozenset[KeysBy] = frozenset({KeysBy.TONES})
    most_digits: int = 64
    most_short: float | None = None
    most_unanswered: float | None = None
    uncounted: frozenset[str] = frozenset()
    regions: tuple[str, ...] = ()
    advice: Mapping[str, str] = field(default_factory=dict)
    cautions: Mapping[str, str] = field(default_factory=dict)

    def record_at(self, direction: Direction) -> RecordAt:
        """When the recording of a call is asked for."""
        return self.record_inbound if direction is Direction.INBOUND else self.record_outbound


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingOrder:
    """A recording by API, or with the dial; seconds."""

    callback_url: str
    max_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder:
    """One dial. `answer_url` and its companions are complete addresses of ours.

    `recording` is there where the call is recorded and the carrier takes that with the dial;
    `verbs` where the stream profile's address goes out with the dial (`at_dial`). `fallback_method` is how
    the document at `fallback_url` is asked for: one that stands elsewhere as a file can only be fetched.
    """

    call: Call
    to: Cleared
    profile: StreamProfile
    answer_url: str
    fallback_url: str
    ringing_url: str
    ended_url: str
    machine_url: str
    fallback_method: str = "POST"
    recording: RecordingOrder | None = None
    verbs: tuple[Verb, ...] = ()


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
    """The answer to a look-up; `ended` holds the facts of a call that is over, `rated` its price once it has one.

    `further` is whatever else it tells, such as a recording that nobody reported.
    """

    found: Found
    carrier_ids: Mapping[str, str] = field(default_factory=dict)
    answered: bool = False
    ended: LegEnded | None = None
    rated: CallRated | None = None
    further: tuple[CarrierEvent, ...] = ()

    @property
    def end(self) -> tuple[LegEnded | CallRated, ...]:
        """What there is to write down of a call that is over."""
        return tuple(fact for fact in (self.ended, self.rated) if fact is not None)


class HangUpResult(StrEnum):
    """How an end was reached. `not_found`: the carrier knows no such call, which proves nothing by itself."""

    DONE = "done"
    VIA_STREAM = "via-stream"
    NOT_FOUND = "not-found"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """Where a recording's file is. `authorization` is sent to `hosts` (`host` or `host:port`) alone and dropped on a change
    of host. `external`: it lies in a storage of the account's own that no setting opens to us, and is not asked for."""

    url: str
    hosts: frozenset[str]
    authorization: str | None = None
    external: bool = False


class TransferStage(StrEnum):
    """What is asked of the carrier. `dial` is the whole of a transfer by one document.

    With consultation: `consult` rings a target into a room of its own, `join` brings the caller there once
    it has answered, `release` ends the targets' legs of a transfer that came to nothing.
    """

    DIAL = "dial"
    CONSULT = "consult"
    JOIN = "join"
    RELEASE = "release"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferOrder:
    """One stage of a transfer of the caller's leg; the carrier asks `document_url` what to do with it.

    `targets`, with their `ring_seconds`, `caller_id` and `max_seconds`, are those that the document will name; `whispers`:
    each is told who is coming before the caller is connected. A carrier that cannot say such a document raises
    UnsupportedByProvider here. For consultation: the name of the `room`, `callback_url` for reports of the targets' legs
    and of the room, and `legs`, the carrier's ids of the targets' legs (`target:1`) as `consult` gave them. There
    `target_urls` are documents of the targets' own, in the order of `targets`, which end in the room; `first` is the place
    of the first target.
    """

    reference: str
    document_url: str
    stage: TransferStage = TransferStage.DIAL
    targets: tuple[Cleared, ...] = ()
    whispers: bool = False
    caller_id: str = ""
    ring_seconds: int = 25
    max_seconds: int = 1800
    room: str = ""
    callback_url: str = ""
    legs: Mapping[str, str] = field(default_factory=dict)
    target_urls: tuple[str, ...] = ()
    first: int = 1


class TransferStart(StrEnum):
    """What happens after a stage is accepted.

    `document_after_stream`: the document is asked for once our stream has ended, so the stream is
    closed. `document_now`: the carrier ends the stream itself. `stream_stays`: nothing happens to the
    caller yet, or any more.
    """

    DOCUMENT_AFTER_STREAM = "document-after-stream"
    DOCUMENT_NOW = "document-now"
    STREAM_STAYS = "stream-stays"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferStarted:
    """A stage that the carrier has accepted; `legs` are its ids of the targets' legs, by leg."""

    start: TransferStart
    legs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectOrder:
    """Addresses for inbound calls, and a name for what carries them at the carrier.

    `apply` false: change nothing, only say what the number points at now. `fallback_method` is how the
    document at `fallback_url` is asked for.
    """

    name: str
    apply: bool
    answer_url: str
    ended_url: str
    fallback_url: str
    fallback_method: str = "POST"


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


class Charge(StrEnum):
    """What a line of a price is for.

    `call` is a call that goes out, `inbound-call` one that comes in on a number with the prefix,
    `second-leg` the target's of a transfer. `conference` is for one participant.
    """

    CALL = "call"
    INBOUND = "inbound-call"
    SECOND_LEG = "second-leg"
    STREAM = "stream"
    RECORDING = "recording"
    DETECTION = "machine-detection"
    CONFERENCE = "conference"


class Per(StrEnum):
    """What a price is counted in."""

    MINUTE = "minute"
    CALL = "call"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLine:
    """One line of a price: US dollars as a decimal, for a minute in pulses of `pulse_seconds`, or for a call.

    `prefix` is the destination's, `+91`, or empty where it costs the same everywhere; `source` says
    where the price stands and, for one written down, since when.
    """

    what: Charge
    prefix: str
    usd: str
    source: str
    per: Per = Per.MINUTE
    pulse_seconds: int = 60


@dataclass(frozen=True, slots=True)
class Command:
    """A request to the carrier that the core makes after its reply, by calling `request`.

    The next command waits until `wait_for` has been reported of the call, at most `within` seconds
    of the call's clock. Where one fails, what went before is undone, the last first.
    """

    name: str
    request: Callable[[], Awaitable[object]]
    wait_for: type[CarrierEvent] | None = None
    within: float = 5.0
    undo: Command | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, and effects where the carrier is commanded and not answered."""

    reply: Reply
    effects: tuple[Command, ...] = ()


HERE = "local"
"""The pod of a call whose audio is carried by this very process."""


@dataclass(frozen=True, slots=True)
class PodLease:
    """Where the audio of a call goes.

    `pod` names the process, in lower-case letters, digits and hyphens, 63 at most. `address` is where it
    listens for media sockets, `HOST:PORT` or `unix:/PATH`; None is this process.
    """

    pod: str
    call: str
    address: str | None = None


class StreamProtocol(Protocol):
    """One connection's media messages. No method raises on what the peer sent, and none does I/O."""

    def receive(self, message: str | bytes) -> Sequence[StreamEvent]:
        """What the carrier's message means. What is of no use is a MessageDropped with its reason."""
        ...

    def play(self, audio: bytes) -> str | bytes:
        """A message that plays audio in the line's encoding: one chunk, as the profile's rule allows."""
        ...

    def clear(self) -> str | bytes | None:
        """A message that empties the carrier's buffer; None where it has none.

        A mark that is reported after it was not heard.
        """
        ...

    def mark(self, name: str) -> str | bytes | None:
        """A message that asks to be told, by MarkPlayed, when all before it has been played.

        None where the carrier has no such message: then the clock decides.
        """
        ...

    def send_digits(self, digits: str) -> str | bytes | None:
        """A message that presses keys; None where the socket cannot: then their tones are played."""
        ...

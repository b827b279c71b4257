"""The call and the table of allowed changes of its status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

FORGOTTEN = "forgotten"
"""In the route of a call whose contents were erased; nothing that comes late is written on it again."""
NO_IDS: Mapping[str, str] = MappingProxyType({})


class CallStatus(StrEnum):
    """Where a call stands. `unknown`: the carrier may or may not have placed it."""

    QUEUED = "queued"
    DIALING = "dialing"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    FAILED = "failed"
    CANCELED = "canceled"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class Direction(StrEnum):
    """Who called whom, seen from the registered number."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Machine(StrEnum):
    """What a dial asks about answering machines."""

    OFF = "off"
    DETECT = "detect"
    WAIT_FOR_BEEP = "wait-for-beep"


class Consented(StrEnum):
    """How far the consent to a recording has come: `announced` and `given` allow it."""

    ASKED = "asked"
    ANNOUNCED = "announced"
    GIVEN = "given"
    REFUSED = "refused"


class MachineKind(StrEnum):
    """Who or what answered."""

    HUMAN = "human"
    MACHINE = "machine"
    FAX = "fax"
    UNKNOWN = "unknown"


CERTAINTY = (MachineKind.UNKNOWN, MachineKind.HUMAN, MachineKind.MACHINE, MachineKind.FAX)
"""What a later or an earlier report cannot take back: a machine that was heard was heard."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What is known of who answered: `word` is the carrier's own.

    `greeting_over`: a machine has said its greeting, and records now.
    """

    kind: MachineKind
    word: str = ""
    greeting_over: bool = False

    @property
    def rank(self) -> tuple[int, bool, str]:
        """By which two reports are compared."""
        return CERTAINTY.index(self.kind), self.greeting_over, self.word

    def outranks(self, other: Detection | None) -> bool:
        """Whether this report stands where both came, in whatever order.

        Reports may contradict each other, and overtake each other: a fax goes before a machine, a machine
        before a human, anything before `unknown`; of two machines the one whose greeting is over.
        """
        return other is None or self.rank > other.rank


ENDS = frozenset(
    {
        CallStatus.COMPLETED,
        CallStatus.BUSY,
        CallStatus.NO_ANSWER,
        CallStatus.FAILED,
        CallStatus.CANCELED,
        CallStatus.REJECTED,
    }
)
_LIVE = frozenset({CallStatus.RINGING, CallStatus.IN_PROGRESS})

ALLOWED: Mapping[CallStatus, frozenset[CallStatus]] = MappingProxyType(
    {
        CallStatus.QUEUED: frozenset({CallStatus.DIALING, CallStatus.UNKNOWN}) | _LIVE | ENDS,
        CallStatus.DIALING: frozenset({CallStatus.UNKNOWN}) | _LIVE | ENDS,
        CallStatus.UNKNOWN: frozenset({CallStatus.DIALING}) | _LIVE | ENDS,
        CallStatus.RINGING: frozenset({CallStatus.IN_PROGRESS}) | ENDS,
        CallStatus.IN_PROGRESS: ENDS,
        **{end: frozenset[CallStatus]() for end in ENDS},
    }
)
"""Forward only; ends are sticky. Whatever the table does not allow is kept as an event and changes nothing."""


def advance(current: CallStatus, reported: CallStatus) -> CallStatus:
    """The status after a report: the reported one where the table allows it, else the current one."""
    return reported if reported in ALLOWED[current] else current


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, as the store keeps it.

    `from_` is None for a withheld caller. `carrier_ids` is the provider's own open dict. `duration`
    is in seconds and comes only from durations the carrier reports; `cost` is a decimal in US dollars.
    `notify` is where its notifications go, None: nowhere.
    `agent` is empty where no agent talks (yet): `route` then says what is done with a call that comes in.
    `consent` is what is asked before it is recorded (see `linecard.consent`), empty for nothing.
    `voicemail` is the message that an answering machine is left, where there is one.
    `enhance` names the enhancer of its incoming audio, where there is one.
    `owner` is the process that holds it, where several share a database; None: whichever is asked.
    """

    id: str
    provider: str
    account: str
    direction: Direction
    from_: str | None
    to: str
    number: str
    agent: str
    profile: str
    status: CallStatus
    created_at: datetime
    carrier_ids: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    record: bool = False
    machine: Machine = Machine.OFF
    ring_seconds: int = 45
    max_seconds: int = 1800
    send_digits: str | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    duration: int | None = None
    cost: str | None = None
    end_reason: str | None = None
    outcome: str | None = None
    closing: str | None = None
    closing_at: datetime | None = None
    notify: str | None = field(default=None, repr=False)
    route: Mapping[str, object] = field(default_factory=dict)
    consent: Mapping[str, object] = field(default_factory=dict)
    consented: Consented | None = None
    record_after_transfer: bool = False
    answered_by: MachineKind | None = None
    answered_word: str = ""
    greeting_over: bool = False
    voicemail: Mapping[str, object] = field(default_factory=dict)
    enhance: str | None = None
    owner: str | None = None

    @property
    def may_be_recorded(self) -> bool:
        """Whether the caller has agreed, where that is asked; false until then."""
        return not self.consent or self.consented in (Consented.ANNOUNCED, Consented.GIVEN)

    @property
    def detection(self) -> Detection | None:
        """Who answered, as far as the carrier has told."""
        if self.answered_by is None:
            return None
        return Detection(self.answered_by, self.answered_word, self.greeting_over)

    @property
    def is_over(self) -> bool:
        """Whether the status is an end."""
        return self.status in ENDS

    @property
    def is_forgotten(self) -> bool:
        """Whether all that it held of a person was erased."""
        return FORGOTTEN in self.route

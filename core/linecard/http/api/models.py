"""What the management API takes and gives."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from linecard.calls import CallStatus, Consented, Direction, Machine, MachineKind
from linecard.carrier import KeysBy
from linecard.consent import Consent
from linecard.events import RecordingResult
from linecard.media.tones import MOST_KEYS
from linecard.numbers import Blocks
from linecard.routing import Message, Routing
from linecard.store.notifications import NotificationState
from linecard.transfers import ACCEPT_KEY, MOST_WHISPER


def _as_json(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse what Python's reader takes and JSON cannot say: NaN, Infinity, half a character."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise ValueError("holds NaN, Infinity or broken text, which JSON cannot carry") from error
    return value


def _blockable(text: str) -> str:
    if not re.fullmatch(BLOCKABLE, text):
        raise ValueError(f"{text!r} is neither a number (+14155550123) nor a prefix (+1415*)")
    return text


BLOCKABLE = r"^\+[1-9][0-9]{0,14}\*?$"
E164 = Annotated[str, Field(examples=["+14155550100"], max_length=32)]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]
Flag = Annotated[bool, Field(strict=True)]
Channels = Annotated[int, Field(strict=True, ge=1, le=10_000)]
RingSeconds = Annotated[int, Field(strict=True, ge=1, le=600)]
CallSeconds = Annotated[int, Field(strict=True, ge=1, le=14_400)]
Keys = Annotated[str, Field(pattern=r"^[0-9A-D*#wW]+$", max_length=64)]
Enhancement = Annotated[
    str, Field(examples=["rnnoise"], pattern=r"^[a-z][a-z0-9_-]*$", max_length=64)
]
Notify = Annotated[
    str, Field(examples=["https://hooks.example.com/calls"], min_length=1, max_length=4000)
]
JsonObject = Annotated[dict[str, Any], AfterValidator(_as_json)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class NumberIn(_Body):
    """A number to register; registering makes no request to the carrier."""

    number: E164
    provider: Name
    account: Name | None = None
    agent: Name
    channels: Channels = 1
    max_seconds: CallSeconds | None = None
    stream: Name | None = None
    options: JsonObject = Field(default_factory=dict)
    record: Flag = False
    enabled: Flag = True
    notify: Notify | None = None
    routing: Routing = Field(default_factory=Routing)
    consent: Consent | None = None
    record_after_transfer: Flag = False
    enhance: Enhancement | None = None


NEVER_NULL = (
    "provider",
    "agent",
    "channels",
    "max_seconds",
    "options",
    "record",
    "enabled",
    "routing",
    "record_after_transfer",
)


class NumberPatch(_Body):
    """Changes of a number. A new provider resets `account`, `stream` and `options` unless given.

    What is left out stays; null stands for the provider's default `account` or `stream`, and switches
    `notify`, `consent` and `enhance` off.
    """

    provider: Name | None = None
    account: Name | None = None
    agent: Name | None = None
    channels: Channels | None = None
    max_seconds: CallSeconds | None = None
    stream: Name | None = None
    options: JsonObject | None = None
    record: Flag | None = None
    enabled: Flag | None = None
    notify: Notify | None = None
    routing: Routing | None = None
    consent: Consent | None = None
    record_after_transfer: Flag | None = None
    enhance: Enhancement | None = None

    @field_validator(*NEVER_NULL, mode="before")
    @classmethod
    def _never_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("cannot be null; leave it out to keep it")
        return value


class SetupOut(BaseModel):
    """Something a person must do at the carrier."""

    do: str
    paste: str | None


class NumberOut(BaseModel):
    """A registered number. `setup` holds the proofs of an unsigned carrier: null but for the scope `admin`."""

    number: str
    provider: str
    account: str
    agent: str
    channels: int
    max_seconds: int
    stream: str | None
    options: dict[str, Any]
    record: bool
    enabled: bool
    notify: str | None
    routing: dict[str, Any]
    consent: dict[str, Any] | None
    record_after_transfer: bool
    enhance: str | None
    setup: list[SetupOut] | None


class BlockIn(_Body):
    """Whom to block: a number, or a prefix with a `*` at its end.

    `direction`: `inbound` calls of theirs are not taken, `outbound` ones to them not placed, or `both`.
    """

    caller: Annotated[
        str,
        AfterValidator(_blockable),
        Field(examples=["+14155550123", "+1415*"], json_schema_extra={"pattern": BLOCKABLE}),
    ]
    direction: Blocks = Blocks.BOTH
    note: Annotated[str, Field(max_length=200)] | None = None


class BlockOut(BaseModel):
    """An entry of the blocklist."""

    caller: str
    direction: Blocks
    note: str | None
    created_at: datetime


class BlockList(BaseModel):
    """A page of the blocklist, the oldest first."""

    items: list[BlockOut]
    next: str | None


class CallIn(_Body):
    """A call to place. Seconds; `agent`, `record`, `notify` and `enhance` default to the number's own.

    `notify` null: nobody is notified of this call; `enhance` null: its noise stays in. `voicemail` is left where a machine answers; then the
    call is over.
    """

    from_: Annotated[E164, Field(alias="from")]
    to: E164
    agent: Name | None = None
    record: Flag | None = None
    machine: Machine = Machine.OFF
    voicemail: Message | None = None
    ring_seconds: RingSeconds = 45
    max_seconds: CallSeconds | None = None
    send_digits: Keys | None = None
    metadata: JsonObject = Field(default_factory=dict)
    notify: Notify | None = None
    enhance: Enhancement | None = None


class TransferIn(_Body):
    """A transfer of the caller; `timeout` is how long each target rings, in seconds.

    Several targets ring `together` or in `sequence`. `whisper` is said to a target before the caller is
    connected, and `accept_key` is a key that it must press for that.
    """

    to: Annotated[list[Annotated[str, Field(max_length=256)]], Field(min_length=1, max_length=10)]
    mode: Literal["cold", "warm"] = "cold"
    timeout: Annotated[int, Field(strict=True, ge=1, le=120)] = 25
    order: Literal["together", "sequence"] = "together"
    whisper: Annotated[str, Field(min_length=1, max_length=MOST_WHISPER)] | None = None
    accept_key: Annotated[str, Field(pattern=ACCEPT_KEY)] | None = None


class DigitsIn(_Body):
    """Keys to press toward the far end; `how` is the carrier's usual way where it is left out."""

    digits: Annotated[str, Field(pattern=r"^[0-9A-Da-d*#]+$", max_length=MOST_KEYS)]
    how: KeysBy | None = None


class RecordingIn(_Body):
    """What to do with the call's recording; a pause may end by itself after `resume_after` seconds."""

    do: Literal["start", "stop", "pause", "resume"]
    resume_after: Annotated[int, Field(strict=True, ge=1, le=3600)] | None = None


class RecordingDone(BaseModel):
    """Done, and what the carrier has confirmed."""

    status: Literal["accepted"] = "accepted"
    result: RecordingResult


class RecordingOut(BaseModel):
    """One recording of a call; `file` is this API's own address of it.

    `bytes`, `sha256` (in hex) and `kept_at` are those of our copy, null while the file is with the
    carrier alone; `copy_ms` is how long it lasts, where the file says it, beside `duration_ms`, which the
    carrier told. `flaw` says why the copy may not be all of the recording, null where nothing speaks
    against it; `reason` says why there is no file, or no copy.
    """

    n: int
    status: str
    duration_ms: int | None
    channels: int | None
    file: str
    bytes: int | None
    sha256: str | None
    kept_at: datetime | None
    copy_ms: int | None
    flaw: str | None
    reason: str | None


class EventOut(BaseModel):
    """One line of the call's record."""

    at: datetime
    name: str
    facts: dict[str, Any]


class CallOut(BaseModel):
    """A call. `cost` is the sum of its legs in US dollars, `duration` in seconds.

    `at_risk_seconds`: for how long it should have been over at the carrier, and is not confirmed gone.
    `consent`: what the caller has said to a recording, null where nobody has asked (yet).
    `silence_ms`: from the answer to the first sound of ours, null until the stream has ended, or without any.
    `answered_by` is what detection has found, null as long as it has not; `answered_word` is the carrier's own word.
    """

    model_config = ConfigDict(populate_by_name=True)

    id: str
    status: CallStatus
    direction: Direction
    from_: Annotated[str | None, Field(alias="from")]
    to: str
    provider: str
    account: str
    agent: str
    carrier_ids: dict[str, str]
    metadata: dict[str, Any]
    created_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    duration: int | None
    cost: str | None
    end_reason: str | None
    outcome: str | None
    answered_by: MachineKind | None
    answered_word: str | None
    at_risk_seconds: int | None
    consent: Consented | None
    enhance: str | None
    silence_ms: int | None
    recordings: list[RecordingOut]
    events: list[EventOut]


class NumberList(BaseModel):
    """A page of numbers."""

    items: list[NumberOut]
    next: str | None


class CallList(BaseModel):
    """A page of calls, the newest first."""

    items: list[CallOut]
    next: str | None


class NotificationOut(BaseModel):
    """A notification: `waiting` to be delivered (again at `next_at`), `delivered`, or `dead`.

    `attempts`, `status` (HTTP) and `error` are of its deliveries.
    """

    id: str
    call: str
    type: str
    at: datetime
    sequence: int
    url: str
    state: NotificationState
    attempts: int
    status: int | None
    error: str | None
    next_at: datetime | None


class NotificationList(BaseModel):
    """A page of notifications, the newest first."""

    items: list[NotificationOut]
    next: str | None


class ForgetIn(_Body):
    """Whom to forget. `dry_run`: only say what would go. `also_blocklist`: take the number off that too."""

    number: E164
    dry_run: Flag = False
    also_blocklist: Flag = False


class ForgetOut(BaseModel):
    """What was erased, or would be, in counts. `blocked`: the number stays on the blocklist.

    `left_at_carrier`: recordings whose carrier cannot be asked to delete them. `named_in`: registered
    numbers whose configuration names the number, and "settings".
    """

    dry_run: bool
    erased: dict[str, int]
    blocked: bool
    left_at_carrier: int
    named_in: list[str]


class Accepted(BaseModel):
    """The command is under way; what comes of it stands on the call's record."""

    status: Literal["accepted"] = "accepted"


class FieldProblem(BaseModel):
    """What is wrong with one field of a request."""

    field: str
    message: str


class Problem(BaseModel):
    """Any error (RFC 9457). `errors` with 422, `limit` with 429, `scope` (the one that is needed) with 403."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []
    limit: str | None = None
    scope: str | None = None

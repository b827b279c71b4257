"""What a provider's test gives the kit: captured requests, words, messages and API answers, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from linecard.calls import CallStatus
from linecard.events import CarrierEvent
from linecard.verbs import Reason
from linecard.webhook import Kind

STREAM = "{stream}"
"""In a media message: where the stream's id stands."""
AUDIO = "{audio}"
"""In a media message: where the audio stands, as base64."""
DIGIT = "{digit}"
"""In a media message: where the key, or the keys, stand."""
MARK = "{mark}"
"""In a media message: where the mark's name stands."""
ANY = "{any}"
"""In a message that the provider writes: a value that does not matter."""


class Means:
    """An event that a sample must give: its type, and the fields that matter here."""

    def __init__(self, event: type[CarrierEvent], **fields: object) -> None:
        self.event = event
        self.fields = fields

    def fits(self, event: CarrierEvent) -> bool:
        """Whether an event is this one."""
        return type(event) is self.event and all(
            getattr(event, name) == value for name, value in self.fields.items()
        )

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in self.fields.items())
        return f"{self.event.__name__}({inside})"


WANTS: Mapping[Kind, Reason] = MappingProxyType(
    {
        Kind.ANSWER: Reason.ANSWER,
        Kind.FALLBACK: Reason.FALLBACK,
        Kind.NEXT: Reason.NEXT,
        Kind.TRANSFER: Reason.TRANSFER,
        Kind.GATHERED: Reason.GATHERED,
        Kind.WHISPER: Reason.TRANSFER,
        Kind.DIALED: Reason.NEXT,
        Kind.DIAL: Reason.TRANSFER,
        Kind.RETURN: Reason.ANSWER,
    }
)
"""The document that a request of a kind waits for, as a rule."""
BY_KIND: Any = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One captured request of the carrier, and what it means.

    `kind` is that of our address which it came to; `query` what the carrier added to it. The body is
    a `form`, or `json` (any JSON value), or `body` as it is. A GET carries its `form` in the query.
    `means`: its event, or its events in their order. `wants`: the document it waits for; by the kind where not
    given. `required`: names of fields (dotted paths in JSON) without which it is refused with 400.
    `ids`: what `Callback.call_ids` must hold. `owned`: ids of what belongs to this call alone (a recording,
    a stream, a target's leg), wherever they stand; another call's request has others. `call`: False for a
    request to an address without call.
    """

    kind: Kind
    form: Mapping[str, str] = field(default_factory=dict)
    json: object = None
    body: bytes | None = None
    content_type: str | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    means: Means | tuple[Means, ...] = ()
    wants: Reason | None = BY_KIND
    required: tuple[str, ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict)
    owned: tuple[str, ...] = ()
    call: bool = True
    reference: str = ""

    @property
    def meanings(self) -> tuple[Means, ...]:
        """What it means, one for each event."""
        return (self.means,) if isinstance(self.means, Means) else self.means

    @property
    def wanted(self) -> Reason | None:
        """The document that it waits for."""
        return WANTS.get(self.kind) if self.wants is BY_KIND else self.wants


@dataclass(frozen=True, slots=True)
class Words:
    """The carrier's words for how a call stands: in this field of this sample, each with our status.

    `at` is a field's name, a dotted path in JSON. `unknown` is the status after a word that no table
    knows; None: the call stands where it stood, and something Unrecognised is reported.
    """

    sample: Sample
    at: str
    words: Mapping[str, CallStatus]
    unknown: CallStatus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """What stands in a media message."""

    stream: str = "stream-1"
    audio: bytes = b""
    digit: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What a message of the provider says: `play`, `clear`, `mark` or `digits`, and audio, name or keys."""

    what: str
    value: bytes | str | None = None


Template = Mapping[str, object] | str | bytes | Callable[[Fill], str | bytes]
"""A JSON object or text with STREAM, AUDIO, DIGIT, MARK in it, or a function where that is not enough."""
ReadBack = Callable[[str | bytes], Written]


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSamples:
    """The media messages of one stream profile.

    `start`, `media`, `dtmf`, `mark` (a mark was played) and `stop` are the carrier's; None where it
    has no such message; `before` are what comes before `start`. `ids` is what `start` says of the call.
    `writes` are what the provider must write, by `play`, `clear`, `mark`, `digits`; or `read_back`
    reads that, independently of the provider. `profile` None: the provider's first.
    """

    start: Template
    media: Template
    dtmf: Template | None = None
    mark: Template | None = None
    stop: Template | None = None
    before: tuple[Template, ...] = ()
    writes: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    read_back: ReadBack | None = None
    profile: str | None = None
    ids: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    rate: int | None = None


@dataclass(frozen=True, slots=True)
class Says:
    """An answer of the carrier's API: status, a JSON value or bytes, headers."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSamples:
    """What the carrier's API answers.

    `placed` to a dial, which then has `ids`; `refused` to one that it will not place. `done` to a
    hang-up, `gone` to that of a call which is over already. `others`: by hook, where the hook needs
    more than `done`. `setting` names the setting with the API's address.
    """

    placed: Says
    ids: Mapping[str, str]
    refused: Says = field(default_factory=lambda: Says(400, {"error": "no such number"}))
    done: Says = field(default_factory=lambda: Says(204))
    gone: Says = field(default_factory=lambda: Says(404, {"error": "no such call"}))
    others: Mapping[str, Says] = field(default_factory=dict)
    setting: str = "api_url"

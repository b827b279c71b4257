"""What a pod may say: each question's facts, of the right kind and no longer than is sensible.

Whoever writes an agent decides what comes here, so that none of it is believed as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from linecard.agents.declared import RATES
from linecard.errors import InvalidField
from linecard.events import StreamStarted
from linecard.live.keys import SENT
from linecard.live.outcomes import VOICEMAIL_CUT_SHORT, VOICEMAIL_LEFT
from linecard.media.counters import MOST_REASONS
from linecard.media.incoming import ENHANCED, ENHANCER_FAILED

LONGEST = 16 * 1024
"""Characters of an outcome, and bytes of a note."""
Short = Annotated[str, Meta(max_length=64)]
Reason = Annotated[str, Meta(max_length=1000)]
MOST_HEADERS = 200
Part = Annotated[str, Meta(max_length=LONGEST, pattern="^[\\x00-\\xff]*$")]
Count = Annotated[int, Meta(ge=0, le=10**9)]
NOTED = frozenset(
    {
        SENT,
        VOICEMAIL_LEFT,
        VOICEMAIL_CUT_SHORT,
        ENHANCED,
        ENHANCER_FAILED,
        "audio-doubtful",
        "lead-raised",
        "stream-fault",
    }
)
"""Lines that a live call writes. All others are the server's own: it goes by what they say, of costs too."""


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Facts of these names and no others."""


class Handshake(Strict, frozen=True):
    """A media socket's request, as it came to the pod; all in Latin-1, as HTTP has it."""

    provider: Short
    token: Part
    path: Part
    query: Part
    headers: Annotated[tuple[tuple[Part, Part], ...], Meta(max_length=MOST_HEADERS)]


class Nothing(Strict, frozen=True):
    """No facts."""


class Ending(Strict, frozen=True):
    """Why something ends."""

    reason: Reason


class Outcome(Strict, frozen=True):
    """The agent's own result."""

    outcome: Annotated[str, Meta(max_length=LONGEST)]


class Keys(Strict, frozen=True):
    """What is pressed."""

    digits: Short


class Recording(Strict, frozen=True):
    """What is done to the recording."""

    action: Short
    resume_after: int | None


class Note(Strict, frozen=True):
    """A line of the record."""

    name: Short
    facts: dict[str, Any]


class Sound(Strict, frozen=True):
    """A message that is to be heard, at a rate that agents may have."""

    message: dict[str, Any]
    rate: Annotated[int, Meta(ge=RATES[0], le=RATES[-1])]


class Chosen(Strict, frozen=True):
    """What a menu has come to."""

    action: dict[str, Any]
    reason: Reason


class Refused(Strict, frozen=True):
    """An error that the pod was told of."""

    fault: dict[str, Any]


class Figures(msgspec.Struct, frozen=True):
    """How a stream fared, as its counters and its socket tell."""

    reason: Reason = ""
    frames_in: Count | None = None
    frames_out: Count | None = None
    underruns: Count | None = None
    gaps: Count | None = None
    starved: Count | None = None
    unsent_ms: Annotated[dict[Short, Count], Meta(max_length=MOST_REASONS)] = {}
    first_audio_ms: Count | None = None
    dropped: Annotated[dict[Short, Count], Meta(max_length=MOST_REASONS)] = {}


MOST_IDS, LONGEST_ID = 20, 256
Kind = TypeVar("Kind")
OF_CONTROL: Mapping[str, type[Strict]] = MappingProxyType(
    {
        "hang_up": Ending,
        "record": Recording,
        "send_digits": Keys,
        "press_by_document": Keys,
        "opt_out": Nothing,
        "note": Note,
        "set_outcome": Outcome,
        "agent_finished": Ending,
    }
)
"""The questions that are methods of the control, with their facts."""


def read(kind: type[Kind], facts: Any) -> Kind:
    """The facts as they must be. Raises InvalidField."""
    try:
        return msgspec.convert(facts, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise InvalidField(kind.__name__, str(error)) from error


def read_started(facts: Any) -> StreamStarted:
    """A stream's opening message. Raises InvalidField, also for more ids than any carrier has."""
    started = read(StreamStarted, facts)
    ids = [started.stream, *started.carrier_ids, *started.carrier_ids.values()]
    if len(ids) > MOST_IDS or any(len(one) > LONGEST_ID for one in ids):
        raise InvalidField("started", "has too many ids, or too long ones")
    return started


def check_note(note: Note) -> None:
    """Raise InvalidField for a line that no live call writes, or one that is too long."""
    if note.name not in NOTED:
        raise InvalidField("name", "is not a line of a live call")
    if len(msgspec.json.encode(note.facts)) > LONGEST:
        raise InvalidField("facts", f"must be at most {LONGEST} bytes")

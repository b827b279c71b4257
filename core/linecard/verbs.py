"""What an answer can say. Providers turn these into their own documents.

Addresses in verbs are complete; numbers are `Cleared` by the gate. A provider raises
UnsupportedByProvider for a verb it cannot express, never leaves one out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from linecard.media.formats import StreamProfile
from linecard.numbers import Cleared


class Reason(StrEnum):
    """Why the carrier asks for a document."""

    ANSWER = "answer"
    NEXT = "next"
    TRANSFER = "transfer"
    GATHERED = "gathered"
    FALLBACK = "fallback"


class Verb:
    """One step of an answer."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream(Verb):
    """Open the two-way audio socket. `options` are the number's own, as the provider validated them."""

    url: str
    status_url: str
    profile: StreamProfile
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Verb):
    """Record the whole call from here on, in the background."""

    callback_url: str
    max_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial(Verb):
    """Ring the targets, all at once, and connect the first that answers.

    `in_order`: one after the other; core asks this of carriers alone that do so (`facts.rings_in_order`).
    `action_url` is asked for the next document when the dialling is over; `callback_url` hears of
    each target's leg. `whisper_url` and `accept_key` play to and are asked of the target before it is
    connected; it has `accept_seconds` for the key.
    """

    targets: tuple[Cleared, ...]
    caller_id: str
    ring_seconds: int
    max_seconds: int
    action_url: str
    callback_url: str
    whisper_url: str | None = None
    accept_key: str | None = None
    accept_seconds: int = 15
    in_order: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Conference(Verb):
    """Put this leg into a named room, in silence and without a beep, where the room ends with any of its two.

    `label` names the leg there (`caller`, `target:1`); `action_url` is asked for the next document
    when the leg has left (None: its document goes on), `callback_url` hears who joins and leaves.
    """

    room: str
    label: str
    max_seconds: int
    action_url: str | None
    callback_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Say(Verb):
    """Speak a text. `language` is a BCP 47 tag; `voice` a provider's own name or None."""

    text: str
    language: str = "en-US"
    voice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Play(Verb):
    """Play a sound file; `loop` 0 is for ever."""

    url: str
    loop: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Gather(Verb):
    """Collect digits while the prompts play; the result is posted to `action_url`."""

    action_url: str
    prompts: tuple[Say | Play, ...] = ()
    digits: int = 1
    seconds: int = 5
    tries: int = 1
    finish_on: str = "#"
    valid: str = "0123456789*#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Press(Verb):
    """Press keys toward the far end."""

    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(Verb):
    """Say nothing for some seconds."""

    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring(Verb):
    """Keep the caller hearing the ringing tone; a provider without it holds its reply."""

    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hangup(Verb):
    """End the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject(Verb):
    """Refuse a call that has not been answered; `busy` gives the busy tone."""

    busy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect(Verb):
    """Ask this address for the next document."""

    url: str

"""Everything the page of a call shows: plain values, ready to be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from linecard.demo.story import Marked, Moment, Phase, Who
from linecard.webhook import Pairs


@dataclass(frozen=True, slots=True)
class Check:
    """Something that had to happen, and what was seen."""

    name: str
    passed: bool
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """A time that was taken, in milliseconds; `note` says between what and what."""

    name: str
    ms: float
    note: str


@dataclass(frozen=True, slots=True)
class Talk:
    """Somebody talks, from second `start` to second `end` of the story."""

    who: Who
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """One request and its reply, as they stood on the wire. `fields` are those of a form."""

    at: float
    source: Who
    target: Who
    title: str
    method: str
    url: str
    status: int | None
    ms: float | None = None
    fields: Pairs = ()
    sent: str = ""
    got: str = ""


@dataclass(frozen=True, slots=True)
class Sound:
    """Both sides of the call: int16 mono PCM of one length at `rate`, from second `at` of the story."""

    at: float
    rate: int
    caller: bytes
    agent: bytes

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.caller) / 2 / self.rate


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the carrier recorded, as its file says: int16 mono PCM at `rate`, from second `at` on."""

    at: float
    rate: int
    pcm: bytes

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.pcm) / 2 / self.rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One call, told whole. `file` names its files; `recorded` is the carrier's own recording."""

    file: str
    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]]
    moments: Sequence[Moment]
    marks: Sequence[Marked] = ()
    phases: Sequence[Phase] = ()
    talk: Sequence[Talk] = ()
    recorded: Recorded | None = None
    sound: Sound | None = None
    measures: Sequence[Measure] = ()
    checks: Sequence[Check] = ()
    exchanges: Sequence[Exchanged] = field(default_factory=tuple)

    @property
    def failed(self) -> Sequence[Check]:
        """The checks that did not pass."""
        return tuple(check for check in self.checks if not check.passed)

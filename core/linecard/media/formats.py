"""Codec declarations: what a stream profile sends and takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from linecard.errors import InvalidField

FRAME_MS = 20


class Encoding(StrEnum):
    """Codecs by their RTP names."""

    PCMU = "PCMU"
    PCMA = "PCMA"
    L16 = "L16"


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """One direction of a line: mono, `rate` in Hz; `byte_order` matters for L16 alone."""

    encoding: Encoding
    rate: int
    byte_order: str = "little"

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample on the line."""
        return 2 if self.encoding is Encoding.L16 else 1

    @property
    def frame_bytes(self) -> int:
        """Bytes of a 20 ms frame on the line."""
        return self.rate * FRAME_MS // 1000 * self.sample_bytes

    def __str__(self) -> str:
        return f"{self.encoding}/{self.rate}"


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """Codec per direction; the stream's opening message may correct it."""

    inbound: AudioFormat
    outbound: AudioFormat


@dataclass(frozen=True, slots=True)
class ChunkRule:
    """What a carrier takes as one message of audio, in bytes of the line's encoding."""

    multiple: int
    smallest: int
    largest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamProfile:
    """One way a provider can carry audio.

    `lacks` names provider hooks that do not work on this profile. `lead_ms` is how far ahead of real
    time audio is sent, `start_seconds` how long the opening message may take. `transport` other than
    `websocket-in` is declared but not built. `at_dial`: the stream's address goes out with the dial,
    and nobody asks for an answer. `inbound` false: calls that come in take another profile.
    `outbound_needs` are options of the number without which it carries no call that goes out.
    `accepts` are encodings that the stream's opening message may well name instead of the declared one.
    """

    name: str
    format: StreamFormat
    chunk: ChunkRule
    lead_ms: int = 400
    start_seconds: float = 10.0
    lacks: frozenset[str] = frozenset()
    transport: str = "websocket-in"
    at_dial: bool = False
    inbound: bool = True
    outbound_needs: tuple[str, ...] = ()
    accepts: frozenset[Encoding] = frozenset()


def same_both_ways(audio: AudioFormat) -> StreamFormat:
    """The stream format of a line that speaks one codec in both directions."""
    return StreamFormat(inbound=audio, outbound=audio)


def pick_profile(profiles: Sequence[StreamProfile], name: str | None) -> StreamProfile:
    """The profile of that name; the first, which is the provider's default, where there is none."""
    return next((profile for profile in profiles if profile.name == name), profiles[0])


def inbound_profile(profiles: Sequence[StreamProfile], name: str | None) -> StreamProfile:
    """The profile of a call that comes in: the number's own where it carries such calls."""
    chosen = pick_profile(profiles, name)
    return chosen if chosen.inbound else next(one for one in profiles if one.inbound)


def outbound_profile(
    profiles: Sequence[StreamProfile], name: str | None, options: Mapping[str, object]
) -> StreamProfile:
    """The profile of a call that goes out: the number's own, or the first whose options are set.

    Raises InvalidField where the number's own profile lacks an option.
    """
    if name is None:
        return next((one for one in profiles if not _missing(one, options)), profiles[0])
    chosen = pick_profile(profiles, name)
    missing = _missing(chosen, options)
    if missing:
        raise InvalidField(
            f"options.{missing[0]}", f"calls that go out on stream profile {chosen.name} need it"
        )
    return chosen


def _missing(profile: StreamProfile, options: Mapping[str, object]) -> list[str]:
    return [name for name in profile.outbound_needs if not options.get(name)]

"""Exotel's limits and habits, and the ways it can carry audio.

The codec belongs to the stream profile, not to Exotel: the Voicebot applet and dials with a stream
address carry 16-bit linear PCM, little-endian; `start_stream` of its Legs API carries mu-law unless
told otherwise.
"""

from __future__ import annotations

from linecard import (
    AudioFormat,
    ChunkRule,
    Encoding,
    Facts,
    InvalidField,
    RecordAt,
    StreamProfile,
    same_both_ways,
)

NAME = "exotel"
MOST_CALL_SECONDS = 3_540
"""A stream ends after 60 minutes (Exotel: stream and Voicebot applets, extension guide)."""
MOST_RING_SECONDS = 120
"""Exotel names no limit of TimeOut; longer than this no network rings."""
CALLS_PER_SECOND = 200 / 60
"""200 requests a minute and account (Exotel: rate limits)."""
CHUNK_MULTIPLE, SMALLEST_CHUNK, LARGEST_CHUNK = 320, 3_200, 99_840
"""Bytes of one message (Exotel: stream and Voicebot applets): at most 100,000, in multiples of 320."""
CHUNKS_AHEAD = 2
COST_SECONDS = 150
"""Duration and price stand in the call's details about two minutes after its end."""

FACTS = Facts(
    calls_per_second=CALLS_PER_SECOND,
    above_limit="refused",
    max_call_seconds=MOST_CALL_SECONDS,
    max_ring_seconds=MOST_RING_SECONDS,
    record_outbound=RecordAt.DIAL,
    record_inbound=RecordAt.THEIRS,
    reports_ringing=False,
    tail_runs=True,
    unsigned=True,
    reports_ends=False,
    reports_streams=False,
    cost_seconds=COST_SECONDS,
    warm=False,
    speaks=False,
    gathers=False,
    keys_heard=frozenset({"stream"}),
    most_digits=0,
    rings_in_order=True,
    regions=("singapore", "mumbai"),
)

_LINEAR = AudioFormat(Encoding.L16, 8000)
_LAW = AudioFormat(Encoding.PCMU, 8000)
_CHUNK = ChunkRule(multiple=CHUNK_MULTIPLE, smallest=SMALLEST_CHUNK, largest=LARGEST_CHUNK)
_NO_CALL_CONTROL = frozenset(
    {"place_call", "hang_up", "cancel_call", "transfer", "find_call", "search_calls"}
)


def _lead_ms(audio: AudioFormat) -> int:
    return CHUNKS_AHEAD * SMALLEST_CHUNK * 1000 // (audio.rate * audio.sample_bytes)


VOICEBOT = StreamProfile(
    name="voicebot",
    format=same_both_ways(_LINEAR),
    chunk=_CHUNK,
    lead_ms=_lead_ms(_LINEAR),
    outbound_needs=("flow_id",),
)
CONNECT = StreamProfile(
    name="connect",
    format=same_both_ways(_LINEAR),
    chunk=_CHUNK,
    lead_ms=_lead_ms(_LINEAR),
    lacks=frozenset({"transfer"}),
    at_dial=True,
    inbound=False,
)
LEGS = StreamProfile(
    name="legs",
    format=same_both_ways(_LAW),
    chunk=_CHUNK,
    lead_ms=_lead_ms(_LAW),
    lacks=_NO_CALL_CONTROL,
)
PROFILES = (VOICEBOT, CONNECT, LEGS)
"""The default first: a flow with a Voicebot applet; the stream's address in the dial; the Legs API."""


def profile(name: str) -> StreamProfile:
    """The stream profile of that name. Raises InvalidField with the names that there are."""
    found = next((profile for profile in PROFILES if profile.name == name), None)
    if found is None:
        raise InvalidField("stream", f"there are: {', '.join(p.name for p in PROFILES)}")
    return found

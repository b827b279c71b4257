"""Telnyx's limits and habits, and the two ways in which it opens a stream."""

from __future__ import annotations

from linecard import (
    AudioFormat,
    ChunkRule,
    Encoding,
    Facts,
    InvalidField,
    KeysBy,
    Machine,
    RecordAt,
    StreamProfile,
    same_both_ways,
)

MOST_RING_SECONDS = 600
START_SECONDS = 10.0
PCMU = AudioFormat(Encoding.PCMU, 8000)

FACTS = Facts(
    gathers=False,
    calls_per_second=1,
    above_limit="refused",
    max_call_seconds=14_400,
    max_ring_seconds=MOST_RING_SECONDS,
    record_outbound=RecordAt.DIAL,
    record_inbound=RecordAt.DOCUMENT,
    machine_detection=frozenset({Machine.DETECT.value}),
    keys_pressed=frozenset({KeysBy.TONES, KeysBy.API}),
    most_digits=0,
    reports_ringing=False,
    warm=False,
)

LINE = same_both_ways(PCMU)
"""What we send is PCMU; what comes in follows the telephone network (PCMA in Europe and India), and `start` says it."""
ACCEPTS = frozenset({Encoding.PCMU, Encoding.PCMA})
CHUNK = ChunkRule(multiple=1, smallest=160, largest=30 * 8000)
"""20 ms to 30 s in one message."""

PROFILES = (
    StreamProfile(
        name="at-answer", format=LINE, chunk=CHUNK, accepts=ACCEPTS, start_seconds=START_SECONDS
    ),
    StreamProfile(
        name="at-dial",
        format=LINE,
        chunk=CHUNK,
        accepts=ACCEPTS,
        # The socket is opened before the far end rings; its `start` comes with the answer.
        start_seconds=MOST_RING_SECONDS + START_SECONDS,
        at_dial=True,
        inbound=False,
    ),
)
"""The default first."""


def profile(name: str) -> StreamProfile:
    """The stream profile of that name. Raises InvalidField with the names that there are."""
    found = next((profile for profile in PROFILES if profile.name == name), None)
    if found is None:
        raise InvalidField("stream", f"there are: {', '.join(p.name for p in PROFILES)}")
    return found

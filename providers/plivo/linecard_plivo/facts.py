"""Plivo's limits and habits, and the ways it can carry audio."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from linecard import (
    AcceptKey,
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
from linecard_plivo.advice import ADVICE

MOST_RING_SECONDS = 120
MOST_CALL_SECONDS = 14_400
LARGEST_PAYLOAD = 16 * 1024
"""Base64 characters in one `playAudio` (Plivo: audio streaming reference)."""
LEAD_MS = 400

FACTS = Facts(
    calls_per_second=2,
    above_limit="queued",
    max_call_seconds=MOST_CALL_SECONDS,
    max_ring_seconds=MOST_RING_SECONDS,
    record_outbound=RecordAt.LIVE,
    record_inbound=RecordAt.DOCUMENT,
    # Plivo's own transfer example has its Record again in the transfer's document.
    transfer_ends_recording=True,
    machine_detection=frozenset({Machine.DETECT.value}),
    foreign_caller_id=False,
    reports_ringing=True,
    tail_runs=True,
    consults=True,
    accept_key=AcceptKey.DIAL,
    # Plivo: calls of 0 seconds, and of at most 6, each at most a fifth of the volume; not in India.
    most_short=0.2,
    most_unanswered=0.2,
    uncounted=frozenset({"+91"}),
    advice=ADVICE,
    cautions={
        "+91": "Plivo keeps the sound of Indian numbers in India: where LINECARD_PUBLIC_URL resolves to an "
        "address outside of it, or a leg is outside, it ends the call with 2070"
    },
    keys_pressed=frozenset({KeysBy.STREAM, KeysBy.TONES, KeysBy.API}),
)


def _profile(name: str, audio: AudioFormat) -> StreamProfile:
    frames = LARGEST_PAYLOAD // 4 * 3 // audio.frame_bytes
    return StreamProfile(
        name=name,
        format=same_both_ways(audio),
        chunk=ChunkRule(
            multiple=audio.sample_bytes,
            smallest=audio.sample_bytes,
            largest=frames * audio.frame_bytes,
        ),
        lead_ms=LEAD_MS,
    )


PROFILES = (
    _profile("l16-8000", AudioFormat(Encoding.L16, 8000)),
    _profile("l16-16000", AudioFormat(Encoding.L16, 16000)),
    _profile("pcmu-8000", AudioFormat(Encoding.PCMU, 8000)),
)
"""The default first. L16 is little-endian here, against the custom of its MIME name."""

CONTENT_TYPES: Mapping[Encoding, str] = MappingProxyType(
    {Encoding.L16: "audio/x-l16", Encoding.PCMU: "audio/x-mulaw"}
)
"""Plivo's names of the codecs; a document adds `;rate=`, a media message does not."""


def profile(name: str) -> StreamProfile:
    """The stream profile of that name. Raises InvalidField with the names that there are."""
    found = next((profile for profile in PROFILES if profile.name == name), None)
    if found is None:
        raise InvalidField("stream", f"there are: {', '.join(p.name for p in PROFILES)}")
    return found

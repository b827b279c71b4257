"""Twilio's limits and habits, and the one way it carries audio."""

from __future__ import annotations

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
from linecard_twilio.advice import ADVICE

MOST_RING_SECONDS = 600
MOST_DIGITS = 32
"""Of SendDigits, pauses included (Twilio: call resource)."""
MOST_CALL_SECONDS = 14_400
LEAD_MS = 400
COST_SECONDS = 300
"""A call is priced some minutes after its end."""
REGIONS = ("us1", "ie1", "au1")

FACTS = Facts(
    calls_per_second=1,
    above_limit="queued",
    max_call_seconds=MOST_CALL_SECONDS,
    max_ring_seconds=MOST_RING_SECONDS,
    record_outbound=RecordAt.DIAL,
    record_inbound=RecordAt.DOCUMENT,
    machine_detection=frozenset({Machine.DETECT.value, Machine.WAIT_FOR_BEEP.value}),
    foreign_caller_id=False,
    reports_ringing=True,
    tail_runs=True,
    cost_seconds=COST_SECONDS,
    consults=True,
    machine_with_digits=False,
    accept_key=AcceptKey.DOCUMENT,
    cuts_stream=True,
    keys_pressed=frozenset({KeysBy.TONES, KeysBy.DOCUMENT}),
    most_digits=MOST_DIGITS,
    regions=REGIONS,
    advice=ADVICE,
)

PCMU = AudioFormat(Encoding.PCMU, 8000)
PROFILES = (
    StreamProfile(
        name="pcmu-8000",
        format=same_both_ways(PCMU),
        # Twilio takes any size; whole frames keep it from sounding choppy.
        chunk=ChunkRule(
            multiple=PCMU.frame_bytes,
            smallest=PCMU.frame_bytes,
            largest=100 * PCMU.frame_bytes,
        ),
        lead_ms=LEAD_MS,
    ),
)
"""Always mu-law at 8 kHz (Twilio: media streams, WebSocket messages)."""


def profile(name: str) -> StreamProfile:
    """The stream profile of that name. Raises InvalidField with the names that there are."""
    found = next((profile for profile in PROFILES if profile.name == name), None)
    if found is None:
        raise InvalidField("stream", f"there are: {', '.join(p.name for p in PROFILES)}")
    return found

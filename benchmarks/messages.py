"""A call's messages as three carriers write them: what both sides of the comparison of frames read.

The standard library alone, so that the peers' environment can run it too.
"""

from __future__ import annotations

import base64
import json
import math
import struct
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

FRAMES = 500
STREAM = "MZ" + "0" * 32
CALL = "CA" + "0" * 32
ACCOUNT = "AC" + "0" * 32
CARRIERS = ("plivo", "twilio", "exotel")
RATES = (8000, 16000)


def pcm(rate: int, number: int) -> bytes:
    """20 ms of a tone that moves, int16 little-endian."""
    size = rate // 50
    angle = 2 * math.pi * (300 + number) / rate
    return struct.pack(f"<{size}h", *(round(8000 * math.sin(angle * i)) for i in range(size)))


def start(carrier: str) -> str:
    """The opening message."""
    inside = {
        "plivo": {
            "callId": CALL,
            "streamId": STREAM,
            "accountId": ACCOUNT,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000},
        },
        "twilio": {
            "accountSid": ACCOUNT,
            "streamSid": STREAM,
            "callSid": CALL,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        },
        "exotel": {
            "stream_sid": STREAM,
            "call_sid": CALL,
            "account_sid": ACCOUNT,
            "media_format": {"encoding": "base64", "sample_rate": "8000", "bit_rate": "128kbps"},
        },
    }[carrier]
    return json.dumps({"event": "start", **_stream(carrier), "start": inside})


def media(carrier: str) -> list[str]:
    """FRAMES messages of 20 ms, all different."""
    return [_media(carrier, number) for number in range(FRAMES)]


def _media(carrier: str, number: int) -> str:
    sound = pcm(8000, number)
    line = sound if carrier == "exotel" else audioop.lin2ulaw(sound, 2)
    inside = {
        "track": "inbound",
        "chunk": number + 1 if carrier == "plivo" else str(number + 1),
        "timestamp": str(20 * number),
        "payload": base64.b64encode(line).decode(),
    }
    return json.dumps({"event": "media", **_stream(carrier), "media": inside})


def _stream(carrier: str) -> dict[str, object]:
    name = {"plivo": "streamId", "twilio": "streamSid", "exotel": "stream_sid"}[carrier]
    return {name: STREAM, "sequenceNumber": "1"}

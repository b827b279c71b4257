"""What Pipecat's serializers cost for a 20 ms frame, in and out, in microseconds; prints JSON."""

from __future__ import annotations

import asyncio
import importlib
import json
import pathlib
import sys
import time
from typing import Any

from loguru import logger

logger.remove()

from pipecat.frames.frames import OutputAudioRawFrame, StartFrame  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

from benchmarks.messages import CALL, CARRIERS, FRAMES, RATES, STREAM, media, pcm  # noqa: E402

ROUNDS = 7
NAMES = {
    "plivo": "PlivoFrameSerializer",
    "twilio": "TwilioFrameSerializer",
    "exotel": "ExotelFrameSerializer",
}


def _serializer(carrier: str) -> Any:
    cls = getattr(importlib.import_module(f"pipecat.serializers.{carrier}"), NAMES[carrier])
    if carrier == "exotel":
        return cls(STREAM, CALL)
    return cls(STREAM, params=cls.InputParams(auto_hang_up=False))


async def _run(carrier: str, rate: int) -> float:
    serializer = _serializer(carrier)
    await serializer.setup(StartFrame(audio_in_sample_rate=rate, audio_out_sample_rate=rate))
    spoken = [
        OutputAudioRawFrame(audio=pcm(rate, number), sample_rate=rate, num_channels=1)
        for number in range(FRAMES)
    ]
    messages = media(carrier)
    began = time.process_time()
    for message, frame in zip(messages, spoken, strict=True):
        await serializer.deserialize(message)
        await serializer.serialize(frame)
    return time.process_time() - began


async def _main() -> None:
    found = {}
    for carrier in CARRIERS:
        for rate in RATES:
            spent = [await _run(carrier, rate) for _ in range(ROUNDS)]
            found[f"{carrier}-{rate}"] = {"codec": round(min(spent) / FRAMES * 1e6, 3)}
    print(json.dumps(found))


asyncio.run(_main())

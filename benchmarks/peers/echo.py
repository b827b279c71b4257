"""The peer: a Pipecat pipeline that echoes, behind its own WebSocket transport. `python echo.py PORT`.

Twilio's protocol at 8 kHz, with Pipecat's defaults; prints `ready` when it listens.
"""

from __future__ import annotations

import json
import sys
import warnings

warnings.simplefilter("ignore")

import uvicorn  # noqa: E402
from fastapi import FastAPI, WebSocket  # noqa: E402
from loguru import logger  # noqa: E402

logger.remove()

from pipecat.frames.frames import Frame, InputAudioRawFrame, OutputAudioRawFrame  # noqa: E402
from pipecat.pipeline.pipeline import Pipeline  # noqa: E402
from pipecat.pipeline.worker import PipelineParams, PipelineWorker  # noqa: E402
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor  # noqa: E402
from pipecat.serializers.twilio import TwilioFrameSerializer  # noqa: E402
from pipecat.transports.websocket.fastapi import (  # noqa: E402
    FastAPIWebsocketParams,
    FastAPIWebsocketTransport,
)
from pipecat.workers.runner import WorkerRunner  # noqa: E402

RATE = 8000
app = FastAPI()


class Echo(FrameProcessor):
    """Sends back what it hears."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Audio in becomes audio out; everything else passes."""
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            frame = OutputAudioRawFrame(
                audio=frame.audio, sample_rate=frame.sample_rate, num_channels=1
            )
        await self.push_frame(frame, direction)


@app.on_event("startup")
async def started() -> None:
    """Say so."""
    print("ready", flush=True)


@app.websocket("/ws/twilio/bench")
async def media(socket: WebSocket) -> None:
    """One call."""
    await socket.accept()
    while (message := json.loads(await socket.receive_text()))["event"] != "start":
        pass
    serializer = TwilioFrameSerializer(
        stream_sid=message["start"]["streamSid"],
        params=TwilioFrameSerializer.InputParams(auto_hang_up=False),
    )
    transport = FastAPIWebsocketTransport(
        websocket=socket,
        params=FastAPIWebsocketParams(
            audio_in_enabled=True, audio_out_enabled=True, serializer=serializer
        ),
    )
    worker = PipelineWorker(
        Pipeline([transport.input(), Echo(), transport.output()]),
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
    )
    runner = WorkerRunner(handle_sigint=False)

    @transport.event_handler("on_client_disconnected")
    async def gone(_transport: object, _client: object) -> None:
        await runner.cancel()

    await runner.add_workers(worker)
    await runner.run()


uvicorn.run(
    app,
    host="127.0.0.1",
    port=int(sys.argv[1]),
    loop="uvloop",
    log_level="error",
    ws_per_message_deflate=False,
    timeout_graceful_shutdown=1,
)

"""A live media stream: frames to the application, its audio into the phone's ear."""

from __future__ import annotations

import asyncio
import base64
from contextlib import suppress
from typing import TYPE_CHECKING

from linecard import AudioFormat, Encoding
from linecard.simulator.ledger import What
from linecard.simulator.linecodec import line_codec
from linecard.simulator.mediasocket import ConnectionClosed, MediaSocket
from linecard_exotel.simulator.messages import (
    BadMessage,
    ClearAudio,
    Command,
    PlayChunk,
    SetMark,
    chunk_fault,
    read_command,
)
from linecard_exotel.simulator.playback import ChunkedPlayback
from linecard_exotel.simulator.shapes import (
    MEDIA_FORMATS,
    custom_parameters,
    sample_rate,
    write_message,
)

if TYPE_CHECKING:
    from linecard_exotel.simulator.calls import Call
    from linecard_exotel.simulator.switch import Switch

MOST_UNSENT = 3000
FRAME_MS = 20
KEY_MS = 100
MULAW = "audio/x-mulaw"
BY_APPLICATION = "closed by the application"
OUT_OF_RULES = 1008
NORMAL = 1000


class LiveStream:
    """One open socket of one call. A source (its playback) and a tap (what the phone says) of the line.

    `ended` is set, with `why`, when the stream is over and the call is not.
    """

    def __init__(self, switch: Switch, call: Call, url: str, socket: MediaSocket) -> None:
        self.sid = switch.ids.sid()
        self.url = url
        self.ended = asyncio.Event()
        self.why = ""
        self.close_code = NORMAL
        self.sent = 0
        self.unsent = 0
        self.errors = 0
        self._switch = switch
        self._call = call
        self._socket = socket
        audio = AudioFormat(
            Encoding.PCMU if switch.quirks.mulaw else Encoding.L16, sample_rate(url)
        )
        self._rate = audio.rate
        self._codec = line_codec(audio)
        per_second = audio.rate * audio.sample_bytes
        capacity = round(switch.quirks.buffer_seconds * per_second)
        self.playback = ChunkedPlayback(self._codec.silence, per_second, capacity)
        self._out: asyncio.Queue[tuple[str, bool]] = asyncio.Queue()
        self._sequence = 0
        self._chunk = 0
        self._frames = switch.quirks.frame_ms // FRAME_MS
        self._said: list[bytes] = []

    @property
    def closed_with(self) -> int | None:
        """The code that the application closed the socket with; 1006 where it just went away."""
        return self._socket.close_code

    def end(self, why: str, close_code: int = NORMAL) -> None:
        """The stream is over; the first reason counts."""
        if not self.ended.is_set():
            self.why, self.close_code = why, close_code
            self.ended.set()

    def open(self) -> None:
        """Send `connected` and `start`."""
        quirks = self._switch.quirks
        more = {"protocol": "Call", "version": "1.0.0"} if quirks.greets_with_protocol else {}
        self._put_text(write_message({"event": "connected", **more}, quirks))
        if self._switch.faults.happens("socket_no_start"):
            return
        if quirks.media_before_start:
            self._send_media(self._codec.silence * self._frames)
        self._put({"event": "start", "stream_sid": self.sid, "start": self._start()})

    def _start(self) -> dict[str, object]:
        quirks = self._switch.quirks
        form = MULAW if quirks.mulaw else quirks.media_format
        return {
            "stream_sid": self.sid,
            "call_sid": self._call.sid,
            "account_sid": self._switch.credentials.sid,
            "from": self._call.customer,
            "to": self._call.exophone,
            "custom_parameters": custom_parameters(self.url, quirks.parameters),
            "media_format": MEDIA_FORMATS[form](self._rate),
        }

    def frame(self) -> bytes:
        """What the phone hears of the stream in the next 20 ms."""
        for name in self.playback.reached():
            self._switch.ledger.write(What.MARK_PLAYED, self._call.sid, name=name)
            self._send_mark(name)
        return self._codec.decode(self.playback.play())

    def take(self, said: bytes, heard: bytes) -> None:
        """Send what the phone said, as soon as it fills a message."""
        self._said.append(self._codec.encode(said))
        if len(self._said) == self._frames:
            self._send_media(b"".join(self._said))
            self._said.clear()

    def press(self, digit: str) -> None:
        """Send a key that the phone pressed."""
        dtmf = {"digit": digit, "duration": KEY_MS}
        self._put({"event": "dtmf", "stream_sid": self.sid, "dtmf": dtmf})

    async def send_stop(self, reason: str) -> None:
        """Send `stop`: `stopped` or `callended`."""
        stop = {
            "call_sid": self._call.sid,
            "account_sid": self._switch.credentials.sid,
            "reason": reason,
        }
        text = self._text({"event": "stop", "stream_sid": self.sid, "stop": stop})
        with suppress(ConnectionClosed):
            await self._socket.send(text)

    async def send_all(self) -> None:
        """Send what is queued until the socket closes."""
        try:
            while True:
                text, is_frame = await self._out.get()
                await (self._socket.send_frame(text) if is_frame else self._socket.send(text))
                self.sent += is_frame
        except ConnectionClosed:
            self.end(BY_APPLICATION)

    async def receive_all(self) -> None:
        """Do what the application asks until the socket closes."""
        async for message in self._socket.messages():
            try:
                self._obey(read_command(message, self.sid))
            except BadMessage as error:
                self._complain(error.reason, str(error))
        self.end(BY_APPLICATION)

    def _obey(self, command: Command) -> None:
        match command:
            case PlayChunk(audio):
                self._play(audio)
            case SetMark(name):
                self.playback.mark(name)
            case ClearAudio():
                self._clear()

    def _play(self, audio: bytes) -> None:
        # The rules are those of linear PCM; none is published for mu-law.
        fault = None if self._switch.quirks.mulaw else chunk_fault(audio)
        if fault is not None:
            self._complain("chunk", fault)
            if self._switch.quirks.strict_chunks:
                self.end(fault, OUT_OF_RULES)
                return
        if not self.playback.push(audio):
            self._complain("overflow", "the playback buffer is full")

    def _clear(self) -> None:
        dropped = self.playback.clear()
        facts = {"bytes": len(dropped.audio), "marks": dropped.marks}
        self._switch.ledger.write(What.CLEARED, self._call.sid, **facts)
        if self._switch.quirks.clear_returns_marks:
            for name in dropped.marks:
                self._send_mark(name)

    def _complain(self, reason: str, detail: str) -> None:
        self.errors += 1
        self._switch.ledger.write(
            What.STREAM_ERROR, self._call.sid, reason=reason, detail=detail, stream=self.sid
        )

    def _send_mark(self, name: str) -> None:
        self._put({"event": "mark", "stream_sid": self.sid, "mark": {"name": name}})

    def _send_media(self, audio: bytes) -> None:
        if self._out.qsize() > MOST_UNSENT:
            self.unsent += 1
            return
        self._chunk += 1
        media = {
            "chunk": self._chunk,
            "timestamp": str(self._chunk * self._frames * FRAME_MS),
            "payload": base64.b64encode(audio).decode(),
        }
        wrong = self._switch.faults.happens("socket_wrong_id")
        stream_sid = self._switch.ids.sid() if wrong else self.sid
        self._put({"event": "media", "stream_sid": stream_sid, "media": media}, is_frame=True)

    def _put(self, message: dict[str, object], *, is_frame: bool = False) -> None:
        self._put_text(self._text(message), is_frame=is_frame)

    def _put_text(self, text: str, *, is_frame: bool = False) -> None:
        self._out.put_nowait((text, is_frame))

    def _text(self, message: dict[str, object]) -> str:
        self._sequence += 1
        whole = {"event": message.pop("event"), "sequence_number": self._sequence, **message}
        return write_message(whole, self._switch.quirks)

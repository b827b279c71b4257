"""A live media stream: 20 ms frames to the application, its audio into the phone's ear."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linecard import AudioFormat, Encoding
from linecard.simulator.ledger import What
from linecard.simulator.linecodec import line_codec
from linecard.simulator.mediasocket import ConnectionClosed, MediaSocket
from linecard.simulator.playback import Playback
from linecard_plivo.simulator.calls import Address
from linecard_plivo.simulator.messages import (
    BadMessage,
    Checkpoint,
    ClearAudio,
    Command,
    MediaType,
    PlayAudio,
    SendDtmf,
    headers_text,
    read_command,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from linecard_plivo.simulator.calls import Call
    from linecard_plivo.simulator.reader import Element
    from linecard_plivo.simulator.switch import Switch

ENCODINGS = {"audio/x-l16": Encoding.L16, "audio/x-mulaw": Encoding.PCMU}
DEFAULT_TYPE = "audio/x-l16;rate=8000"
MOST_UNSENT = 3000
TRACKS = {"inbound": ("inbound",), "outbound": ("outbound",), "both": ("inbound", "outbound")}
FULL_AT = (0.3, 0.6, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOrder:
    """What a <Stream> asks for."""

    url: str
    media: MediaType
    is_two_way: bool
    tracks: tuple[str, ...]
    timeout: float
    keeps_call: bool
    headers: str
    status: Address | None

    @classmethod
    def read(cls, element: Element) -> StreamOrder:
        """From the element."""
        status = element["statusCallbackUrl"]
        return cls(
            url=element.text,
            media=MediaType.parse(element["contentType"] or DEFAULT_TYPE),
            is_two_way=element["bidirectional"],
            tracks=TRACKS[element["audioTrack"]],
            timeout=element["streamTimeout"],
            keeps_call=element["keepCallAlive"],
            headers=element["extraHeaders"],
            status=Address(status, element["statusCallbackMethod"]) if status else None,
        )


class LiveStream:
    """One open socket of one call. A source (its playback) and a tap (what the phone says) of the line.

    `ended` is set, with `why`, when the stream is over and the call is not.
    """

    def __init__(
        self,
        switch: Switch,
        call: Call,
        order: StreamOrder,
        socket: MediaSocket,
        degraded: Callable[[float], None],
    ) -> None:
        self.id = switch.ids.uuid()
        self.order = order
        self.ended = asyncio.Event()
        self.why = ""
        self.sent = 0
        self.unsent = 0
        self.errors = 0
        self._switch = switch
        self._call = call
        self._socket = socket
        self._degraded = degraded
        audio = AudioFormat(ENCODINGS[order.media.encoding], order.media.rate)
        self._codec = line_codec(audio)
        per_second = audio.rate * audio.sample_bytes
        capacity = round(switch.quirks.buffer_seconds * per_second)
        self.playback = Playback(self._codec.silence, per_second, capacity)
        self._thresholds = list(FULL_AT)
        self._out: asyncio.Queue[tuple[str, bool]] = asyncio.Queue()
        self._sequence = 0
        self._chunk = 0
        self._headers = headers_text(order.headers, switch.quirks.extra_headers)

    def end(self, why: str) -> None:
        """The stream is over; the first reason counts."""
        if not self.ended.is_set():
            self.why = why
            self.ended.set()

    def open(self) -> None:
        """Send `start`."""
        if self._switch.faults.happens("socket_no_start"):
            return
        start: dict[str, object] = {
            "callId": self._call.uuid,
            "streamId": self.id,
            "accountId": self._switch.credentials.auth_id,
            "tracks": list(self.order.tracks),
            "mediaFormat": {
                "encoding": self.order.media.encoding,
                "sampleRate": self.order.media.rate,
            },
        }
        if not self._switch.quirks.names_account_in_start:
            del start["accountId"]
        self._put({"event": "start", "start": start})

    def frame(self) -> bytes:
        """What the phone hears of the stream in the next 20 ms."""
        for name in self.playback.reached():
            self._switch.ledger.write(What.MARK_PLAYED, self._call.uuid, name=name)
            self._put({"event": "playedStream", "streamId": self.id, "name": name})
        return self._codec.decode(self.playback.play())

    def take(self, said: bytes, heard: bytes) -> None:
        """Send what the phone said, and on other tracks what it heard."""
        sounds = {"inbound": said, "outbound": heard}
        for track in self.order.tracks:
            self._send_media(track, self._codec.encode(sounds[track]))

    def press(self, digit: str) -> None:
        """Send a key that the phone pressed."""
        dtmf = {"track": "inbound", "digit": digit, "timestamp": self._timestamp()}
        self._put({"event": "dtmf", "streamId": self.id, "dtmf": dtmf})

    async def send_stop(self) -> None:
        """Send the `stop` that one of Plivo's SDKs knows, where this Plivo sends it."""
        if self._switch.quirks.sends_stop:
            stop = self._text({"event": "stop", "streamId": self.id, "reason": "call ended"})
            with suppress(ConnectionClosed):
                await self._socket.send(stop)

    async def send_all(self) -> None:
        """Send what is queued until the socket closes."""
        try:
            while True:
                text, is_frame = await self._out.get()
                await (self._socket.send_frame(text) if is_frame else self._socket.send(text))
                self.sent += is_frame
        except ConnectionClosed:
            self.end("closed by the application")

    async def receive_all(self) -> None:
        """Do what the application asks until the socket closes."""
        async for message in self._socket.messages():
            try:
                command = read_command(message, self.id, self.order.media)
                self._obey(command)
            except BadMessage as error:
                self._complain(error)
        self.end("closed by the application")

    def _obey(self, command: Command) -> None:
        match command:
            case PlayAudio(audio):
                self._play(audio)
            case Checkpoint(name):
                self.playback.mark(name)
            case ClearAudio():
                self._clear()
            case SendDtmf(digits):
                self._send_digits(digits)

    def _play(self, audio: bytes) -> None:
        if not self.order.is_two_way:
            raise BadMessage("invalid_message", "playAudio on a stream that is not bidirectional")
        if not self.playback.push(audio):
            raise BadMessage("buffer_overflow", "the playback buffer is full")
        while self._thresholds and self.playback.fill >= self._thresholds[0]:
            self._degraded(self._thresholds.pop(0))

    def _clear(self) -> None:
        dropped = self.playback.clear()
        self._thresholds = list(FULL_AT)
        facts = {"bytes": len(dropped.audio), "marks": dropped.marks}
        self._switch.ledger.write(What.CLEARED, self._call.uuid, **facts)
        self._put({"event": "clearedAudio", "streamId": self.id})

    def _send_digits(self, digits: str) -> None:
        if self._call.handset is not None:
            self._call.handset.hear_digits(digits)
        self._switch.ledger.write(
            What.DIGITS_SENT, self._call.uuid, digits=digits, leg=self._call.uuid
        )

    def _complain(self, error: BadMessage) -> None:
        self.errors += 1
        self._switch.ledger.write(
            What.STREAM_ERROR, self._call.uuid, reason=error.reason, detail=str(error)
        )
        self._put({"event": "error", "streamId": self.id, "reason": error.reason})

    def _send_media(self, track: str, audio: bytes) -> None:
        if self._out.qsize() > MOST_UNSENT:
            self.unsent += 1
            return
        self._chunk += 1
        chunk: int | str = str(self._chunk) if self._switch.quirks.chunk_is_text else self._chunk
        media = {
            "track": track,
            "timestamp": self._timestamp(),
            "chunk": chunk,
            "payload": base64.b64encode(audio).decode(),
        }
        wrong = self._switch.faults.happens("socket_wrong_id")
        stream_id = self._switch.ids.uuid() if wrong else self.id
        self._put({"event": "media", "streamId": stream_id, "media": media}, is_frame=True)

    def _put(self, message: dict[str, object], *, is_frame: bool = False) -> None:
        self._out.put_nowait((self._text(message), is_frame))

    def _text(self, message: dict[str, object]) -> str:
        self._sequence += 1
        whole: dict[str, object] = {"event": message.pop("event"), "sequenceNumber": self._sequence}
        whole |= message
        if self._switch.quirks.extra_headers != "absent":
            whole["extra_headers"] = self._headers
        return json.dumps(whole, separators=(",", ":"))

    def _timestamp(self) -> str:
        return str(round(self._switch.clock.unix() * 1000))

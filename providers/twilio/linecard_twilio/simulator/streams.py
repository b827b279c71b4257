"""A live media stream: 20 ms frames to the application, its audio into the phone's ear."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linecard import AudioFormat, Encoding
from linecard.simulator.ledger import What
from linecard.simulator.linecodec import line_codec
from linecard.simulator.mediasocket import ConnectionClosed, MediaSocket
from linecard.simulator.playback import Playback
from linecard_twilio.simulator.messages import (
    INVALID,
    BadMessage,
    Clear,
    Command,
    Mark,
    Media,
    read_command,
)

if TYPE_CHECKING:
    from linecard_twilio.simulator.calls import Address, Call
    from linecard_twilio.simulator.switch import Switch

AUDIO = AudioFormat(Encoding.PCMU, 8000)
FORMAT = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
MOST_UNSENT = 3000
TRACKS = {
    "inbound_track": ("inbound",),
    "outbound_track": ("outbound",),
    "both_tracks": ("inbound", "outbound"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOrder:
    """What a <Stream>, or a request for one, asks for."""

    url: str
    name: str
    is_two_way: bool
    tracks: tuple[str, ...]
    parameters: Mapping[str, str]
    status: Address | None


class LiveStream:
    """One open socket of one call. A source (its playback) and a tap (what the phone says) of the line.

    `ended` is set, with `why`, when the stream is over and the call may not be.
    """

    def __init__(
        self, switch: Switch, call: Call, sid: str, order: StreamOrder, socket: MediaSocket
    ) -> None:
        self.sid = sid
        self.order = order
        self.ended = asyncio.Event()
        self.why = ""
        self.sent = 0
        self.unsent = 0
        self.errors = 0
        self._switch = switch
        self._call = call
        self._socket = socket
        self._codec = line_codec(AUDIO)
        capacity = round(switch.quirks.buffer_seconds * AUDIO.rate)
        self.playback = Playback(self._codec.silence, AUDIO.rate, capacity)
        self._out: asyncio.Queue[tuple[str, bool]] = asyncio.Queue()
        self._sequence = 0
        self._chunks = dict.fromkeys(order.tracks, 0)
        self._began = switch.clock.now()
        self._warned: set[int] = set()

    def end(self, why: str) -> None:
        """The stream is over; the first reason counts."""
        if not self.ended.is_set():
            self.why = why
            self.ended.set()

    def open(self) -> None:
        """Send `connected` and `start`."""
        self._out.put_nowait(
            (_text({"event": "connected", "protocol": "Call", "version": "1.0.0"}), False)
        )
        if self._switch.faults.happens("socket_no_start"):
            return
        start = {
            "accountSid": self._switch.credentials.account_sid,
            "streamSid": self.sid,
            "callSid": self._call.sid,
            "tracks": list(self.order.tracks),
            "mediaFormat": FORMAT,
            "customParameters": dict(self.order.parameters),
        }
        self._put("start", start=start)

    def frame(self) -> bytes:
        """What the phone hears of the stream in the next 20 ms."""
        self._return_marks(self.playback.reached())
        return self._codec.decode(self.playback.play())

    def _return_marks(self, names: list[str]) -> None:
        for name in names:
            self._switch.ledger.write(What.MARK_PLAYED, self._call.root, name=name)
            self._put("mark", mark={"name": name})

    def take(self, said: bytes, heard: bytes) -> None:
        """Send what the phone said, and on other tracks what it heard."""
        sounds = {"inbound": said, "outbound": heard}
        for track in self.order.tracks:
            self._send_media(track, self._codec.encode(sounds[track]))

    def press(self, digit: str) -> None:
        """Send a key that the phone pressed; one-way streams have none."""
        self._put("dtmf", dtmf={"track": "inbound_track", "digit": digit})

    async def send_stop(self) -> None:
        """Send `stop`, the last message."""
        stop = {"accountSid": self._switch.credentials.account_sid, "callSid": self._call.sid}
        with suppress(ConnectionClosed):
            while not self._out.empty():
                text, _ = self._out.get_nowait()
                await self._socket.send(text)
            await self._socket.send(self._message("stop", stop=stop))

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
                self._obey(read_command(message, self.sid))
            except BadMessage as error:
                self._complain(error)
        self.end("closed by the application")

    def _obey(self, command: Command) -> None:
        if not self.order.is_two_way:
            raise BadMessage(INVALID, "a message on a one-way stream")
        match command:
            case Media(audio):
                self._play(audio)
            case Mark(name):
                self.playback.mark(name)
            case Clear():
                self._clear()

    def _play(self, audio: bytes) -> None:
        if audio.startswith(b"RIFF"):
            self._note("a WAV header in the payload: it is heard as noise")
        if not self.playback.push(audio):
            self._note("the playback buffer is full")

    def _clear(self) -> None:
        dropped = self.playback.clear()
        facts = {"bytes": len(dropped.audio), "marks": dropped.marks}
        self._switch.ledger.write(What.CLEARED, self._call.root, **facts)
        for name in dropped.marks:
            # At once, though it was never played.
            self._put("mark", mark={"name": name})

    def _complain(self, error: BadMessage) -> None:
        """Counted each time, and written once for each code, as Twilio's debugger has it."""
        self.errors += 1
        if error.code in self._warned:
            return
        self._warned.add(error.code)
        self._switch.ledger.write(
            What.STREAM_ERROR,
            self._call.root,
            code=error.code,
            reason=str(error.code),
            detail=str(error),
        )

    def _note(self, text: str) -> None:
        self._switch.ledger.write(What.NOTE, self._call.root, text=text)

    def _send_media(self, track: str, audio: bytes) -> None:
        if self._out.qsize() > MOST_UNSENT:
            self.unsent += 1
            return
        self._chunks[track] += 1
        media = {
            "track": track,
            "chunk": str(self._chunks[track]),
            "timestamp": str(round((self._switch.clock.now() - self._began) * 1000)),
            "payload": base64.b64encode(audio).decode(),
        }
        wrong = self._switch.faults.happens("socket_wrong_id")
        sid = self._switch.ids.sid("MZ") if wrong else self.sid
        self._out.put_nowait((self._message("media", sid, media=media), True))

    def _put(self, event: str, **body: object) -> None:
        self._out.put_nowait((self._message(event, **body), False))

    def _message(self, event: str, sid: str | None = None, /, **body: object) -> str:
        """Every number in it is text."""
        self._sequence += 1
        head = {"event": event, "sequenceNumber": str(self._sequence)}
        return _text({**head, **body, "streamSid": sid or self.sid})


def _text(message: Mapping[str, object]) -> str:
    return json.dumps(message, separators=(",", ":"))

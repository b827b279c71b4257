"""A media socket: frames in the network's codec to the application, its PCMU into the phone's ear."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from linecard import AudioFormat, Encoding
from linecard.simulator.ledger import What
from linecard.simulator.linecodec import line_codec
from linecard.simulator.mediasocket import ConnectionClosed, MediaSocket, SocketRefused, open_socket
from linecard.simulator.playback import Playback
from linecard_telnyx.simulator.switch import AGENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linecard_telnyx.simulator.legs import Leg
    from linecard_telnyx.simulator.switch import Switch

RATE = 8000
LEAST, MOST = RATE // 50, RATE * 30
BUFFER = RATE * 60


class LiveStream:
    """One socket of one leg. It carries nothing before `begin`, which sends `start`."""

    def __init__(self, switch: Switch, leg: Leg, wish: Mapping[str, Any]) -> None:
        self.id = str(uuid4()).upper()
        self.url = str(wish["stream_url"])
        self.is_two_way = wish.get("stream_bidirectional_mode") == "rtp"
        self._switch = switch
        self._leg = leg
        self._in = line_codec(AudioFormat(switch.encoding, RATE))
        self._out = line_codec(
            AudioFormat(Encoding(wish.get("stream_bidirectional_codec", "PCMU")), RATE)
        )
        self.playback = Playback(self._out.silence, RATE, BUFFER)
        self._marks: list[str] = []
        self._queue: asyncio.Queue[tuple[str, bool]] = asyncio.Queue()
        self._socket: MediaSocket | None = None
        self._sequence = self._chunk = 0
        self._overtaken: str | None = None
        self._workers: list[asyncio.Task[None]] = []
        self.is_closed = False

    async def connect(self) -> bool:
        """Open the socket and say `connected`; false, and told, when the application refuses."""
        switch, leg = self._switch, self._leg
        try:
            self._socket = await open_socket(self.url, {}, switch.faults, switch.clock, AGENT)
        except SocketRefused as error:
            switch.ledger.write(What.STREAM_REFUSED, leg.call, url=self.url, detail=str(error))
            switch.tell(
                leg,
                "streaming.failed",
                failure_reason=str(error),
                stream_params={"stream_url": self.url},
            )
            return False
        self._put({"event": "connected", "version": "1.0.0"}, is_numbered=False)
        self._workers = [
            switch.tasks.start(self._send_all(), "stream sender"),
            switch.tasks.start(self._receive_all(), "stream receiver"),
        ]
        leg.stream = self
        return True

    def begin(self) -> None:
        """The leg has been answered: `start`, and frames from now on."""
        leg, line = self._leg, self._leg.line
        if line is None or self.is_closed:
            return
        line_format = {"encoding": self._switch.encoding.value, "sample_rate": RATE, "channels": 1}
        start = {**leg.ids(), "from": leg.from_, "to": leg.to, "media_format": line_format}
        if not self._switch.faults.happens("socket_no_start"):
            self._put({"event": "start", "start": start, "stream_id": self.id})
        self._switch.playbacks.setdefault(leg.call, []).append(self.playback)
        line.add(self)
        line.taps.append(self)
        line.digit_listeners.append(self.press)
        self._switch.ledger.write(What.STREAM_OPENED, leg.call, stream=self.id, url=self.url)
        self._switch.tell(leg, "streaming.started", stream_url=self.url)

    def frame(self) -> bytes:
        """What the phone hears of the stream in the next 20 ms."""
        for name in self.playback.reached():
            self._marks.remove(name)
            self._switch.ledger.write(What.MARK_PLAYED, self._leg.call, name=name)
            self._put({"event": "mark", "stream_id": self.id, "mark": {"name": name}})
        return self._out.decode(self.playback.play())

    def take(self, said: bytes, heard: bytes) -> None:
        """Send what the phone said; now and then one frame overtakes another."""
        self._chunk += 1
        media = {
            "track": "inbound",
            "chunk": str(self._chunk),
            "timestamp": str(self._chunk * 20),
            "payload": base64.b64encode(self._in.encode(said)).decode(),
        }
        text = self._text({"event": "media", "stream_id": self.id, "media": media})
        if self._switch.shuffled and self._chunk % self._switch.shuffled == 0:
            self._overtaken = text
            return
        self._queue.put_nowait((text, True))
        if self._overtaken is not None:
            self._queue.put_nowait((self._overtaken, True))
            self._overtaken = None

    def press(self, digit: str) -> None:
        """Send a key that the phone pressed."""
        self._put({"event": "dtmf", "stream_id": self.id, "dtmf": {"digit": digit}})

    async def close(self, why: str) -> None:
        """End it, from either side; it is told once."""
        if self.is_closed:
            return
        self.is_closed = True
        self._detach()
        playback = self.playback
        facts = {"taken": playback.taken, "played": len(playback.played)}
        self._switch.ledger.write(
            What.STREAM_CLOSED, self._leg.call, stream=self.id, why=why, **facts
        )
        self._switch.tell(self._leg, "streaming.stopped", stream_url=self.url)
        if self._socket is not None:
            await self._say_stop(self._socket)
            await self._socket.close()
        for worker in self._workers:
            if worker is not asyncio.current_task():
                worker.cancel()

    async def _say_stop(self, socket: MediaSocket) -> None:
        stop = {"event": "stop", "stream_id": self.id, "stop": self._leg.ids()}
        try:
            await socket.send(self._text(stop))
        except ConnectionClosed:
            return

    def _detach(self) -> None:
        line, self._leg.stream = self._leg.line, None
        if line is not None and self.press in line.digit_listeners:
            line.remove(self)
            line.untap(self)
            line.digit_listeners.remove(self.press)

    async def _send_all(self) -> None:
        assert self._socket is not None
        try:
            while True:
                text, is_frame = await self._queue.get()
                await (self._socket.send_frame(text) if is_frame else self._socket.send(text))
        except ConnectionClosed:
            return

    async def _receive_all(self) -> None:
        assert self._socket is not None
        async for message in self._socket.messages():
            self._obey(message)
        await self.close("closed by the application")

    def _obey(self, message: str | bytes) -> None:
        try:
            said = json.loads(message)
            {"media": self._media, "mark": self._mark, "clear": self._clear}[said["event"]](said)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._complain(f"{type(error).__name__}: {error}")

    def _media(self, said: dict[str, Any]) -> None:
        audio = base64.b64decode(said["media"]["payload"], validate=True)
        if not LEAST <= len(audio) <= MOST:
            raise ValueError(f"{len(audio)} bytes are no 20 ms to 30 s")
        if self.is_two_way and not self.playback.push(audio):
            raise ValueError("the buffer is full")

    def _mark(self, said: dict[str, Any]) -> None:
        name = str(said["mark"]["name"])
        self._marks.append(name)
        self.playback.mark(name)

    def _clear(self, _said: dict[str, Any]) -> None:
        """What has not been played goes; its marks come back."""
        dropped = self.playback.clear()
        self._switch.ledger.write(What.CLEARED, self._leg.call, bytes=len(dropped.audio))
        for name in dropped.marks:
            self._marks.remove(name)
            self._put({"event": "mark", "stream_id": self.id, "mark": {"name": name}})

    def _complain(self, detail: str) -> None:
        self._switch.ledger.write(What.STREAM_ERROR, self._leg.call, detail=detail)
        fault = {"code": 100003, "title": "malformed_frame", "detail": detail}
        self._put({"event": "error", "stream_id": self.id, "payload": fault})

    def _put(self, message: dict[str, Any], *, is_numbered: bool = True) -> None:
        text = self._text(message) if is_numbered else json.dumps(message)
        self._queue.put_nowait((text, False))

    def _text(self, message: dict[str, Any]) -> str:
        self._sequence += 1
        return json.dumps({**message, "sequence_number": str(self._sequence)})

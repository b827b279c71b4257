"""A media socket on the lean lane: from the read of the connection to the stream, and back, at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport
from starlette.websockets import WebSocketDisconnect

from linecard.http.carrying import CLOSE_SECONDS, SEND_SECONDS
from linecard.http.lean.assembly import Assembly, Violation, whole_frame

log = structlog.get_logger()

LARGEST_BACKLOG = 1024 * 1024
"""Bytes that may wait for a peer that makes no room."""
LONG_MESSAGE = 2048
"""Characters: in bytes no shorter message is longer than the 8,192 up to which picows copies what it sends."""
PING_SECONDS = 20.0
"""Pings keep the way open; a pong that is missing ends nothing."""
NO_CODE, NO_CLOSE = 1005, 1006
TEXT, BINARY = WSMsgType.TEXT, WSMsgType.BINARY

Take = Callable[[str | bytes], None]


def _ignore(_message: str | bytes) -> None:
    """What comes after a close means nothing."""


class LeanSocket(WSListener):
    """An accepted socket, driven by its protocol. `on_gone` is called once, when it has closed.

    Before `read_all` messages are kept one by one, and no more are read meanwhile.
    """

    __slots__ = (
        "_assembly",
        "_closed_because",
        "_is_between",
        "_is_paused",
        "_is_stalled",
        "_kept",
        "_loop",
        "_on_gone",
        "_over",
        "_take",
        "_timers",
        "_waiter",
        "_wire",
    )

    def __init__(self, on_gone: Callable[[], None]) -> None:
        self._on_gone = on_gone
        self._loop = asyncio.get_running_loop()
        self._kept: list[str | bytes] = []
        self._waiter: asyncio.Future[None] | None = None
        self._over: asyncio.Future[str] = self._loop.create_future()
        self._take: Take = self._keep
        self._assembly = Assembly()
        self._is_between = True
        """No message has come in part."""
        self._is_stalled = False
        self._is_paused = True
        self._closed_because = ""
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._wire: WSTransport

    async def receive(self) -> str | bytes:
        """The next message, before `read_all`. Raises WebSocketDisconnect at the end."""
        while not self._kept:
            if self._over.done():
                raise WebSocketDisconnect(NO_CODE, self._over.result())
            self._waiter = self._loop.create_future()
            self._read_on()
            await self._waiter
        return self._kept.pop(0)

    async def read_all(self, take: Take) -> str:
        """Hand over every message until the socket is gone; why it went."""
        while self._kept:
            take(self._kept.pop(0))
        if not self._over.done():
            self._take = take
            self._read_on()
        return await self._over

    def send(self, message: str | bytes) -> None:
        """Send without waiting; a peer that makes no room for some seconds is cut off."""
        if self._closed_because:
            return
        kind = TEXT if isinstance(message, str) else BINARY
        if len(message) < LONG_MESSAGE:
            self._wire.send(kind, message)
        else:
            self._send_long(kind, message.encode() if isinstance(message, str) else message)
        if self._is_stalled:
            self._bound_the_backlog()

    def _send_long(self, kind: WSMsgType, data: bytes) -> None:
        """As bytes of our own: the head that picows would leave to the transport is overwritten by its next
        one, and `writelines` before Python 3.13.1 tells nobody that a peer makes no room."""
        self._connection().write(whole_frame(kind, data))

    def close(self, reason: str = "") -> None:
        """Close behind what was sent before; the peer has a second to answer."""
        self._close(WSCloseCode.OK, reason or "closed by us")

    def shut_down(self) -> None:
        """The server stops."""
        self._close(WSCloseCode.SERVICE_RESTART, _closed(WSCloseCode.SERVICE_RESTART.value))
        self._wire.disconnect()

    async def finish(self) -> None:
        """Close if nobody has; the connection goes by itself, within a second."""
        self.close()

    def violated(self) -> None:
        """The peer has broken the protocol: picows is about to close, and what comes means nothing."""
        self._take = _ignore
        self._after(CLOSE_SECONDS, "the end", self._abort)

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        self._wire = transport
        self._after(PING_SECONDS, "ping", self._ping)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A frame; nearly all are whole texts, and judged here without a call of ours in between."""
        try:
            if (
                frame.msg_type is TEXT
                and frame.fin
                and self._is_between
                and not (frame.rsv1 or frame.rsv2 or frame.rsv3)
            ):
                self._take(frame.get_payload_as_utf8_text())
            else:
                self._unusual(frame)
        except Exception as error:  # noqa: BLE001 (told to whoever carries the stream)
            self._failed(error)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The connection is gone, by whatever side."""
        sent = getattr(transport.close_handshake, "sent", None)  # there may have been none
        self._end(_closed(NO_CLOSE if sent is None else sent.code.value))
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._on_gone()

    def pause_writing(self) -> None:
        """The peer does not take what is sent."""
        self._is_stalled = True
        self._after(SEND_SECONDS, "room", self._cut_off)

    def resume_writing(self) -> None:
        """It has taken most of it."""
        self._is_stalled = False
        stall = self._timers.pop("room", None)
        if stall is not None:
            stall.cancel()

    def _keep(self, message: str | bytes) -> None:
        self._kept.append(message)
        self._wake()
        if not self._is_paused:
            self._is_paused = True
            self._connection().pause_reading()

    def _read_on(self) -> None:
        if self._is_paused and not self._wire.is_disconnected:
            self._is_paused = False
            self._connection().resume_reading()

    def _connection(self) -> asyncio.Transport:
        return self._wire.underlying_transport

    def _unusual(self, frame: WSFrame) -> None:
        """A frame of control, a piece of a message, or bytes."""
        kind = frame.msg_type
        if kind is WSMsgType.PING:
            self._pong(frame.get_payload_as_bytes())
        elif kind is WSMsgType.CLOSE:
            self._answer_close(frame.get_payload_as_bytes())
        elif kind is not WSMsgType.PONG:
            message = self._assembly.add(frame)
            self._is_between = self._assembly.is_empty
            if message is not None:
                self._take(message)

    def _pong(self, payload: bytes) -> None:
        if not self._closed_because:
            self._wire.send_pong(payload)
            if self._is_stalled:
                self._bound_the_backlog()

    def _answer_close(self, payload: bytes) -> None:
        self._take = _ignore
        self._end(_closed(int.from_bytes(payload[:2], "big") if payload else NO_CODE))
        if not self._wire.is_close_frame_sent:
            self._wire.send(WSMsgType.CLOSE, payload)
        self._after(CLOSE_SECONDS, "the end", self._abort)
        self._wire.disconnect()

    def _failed(self, error: Exception) -> None:
        if isinstance(error, Violation | UnicodeDecodeError):
            code = error.code if isinstance(error, Violation) else WSCloseCode.INVALID_TEXT
            self._close(code, _closed(code.value))
        elif not self._over.done():
            self._over.set_exception(error)

    def _close(self, code: WSCloseCode, reason: str) -> None:
        """The rest is read and forgotten, so that nothing unread cuts our close short."""
        if self._closed_because:
            return
        self._take = _ignore
        self._end(reason)
        self._wire.send_close(code)
        self._after(CLOSE_SECONDS, "the end", self._abort)
        self._read_on()

    def _end(self, reason: str) -> None:
        self._closed_because = self._closed_because or reason
        if not self._over.done():
            self._over.set_result(self._closed_because)
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _bound_the_backlog(self) -> None:
        if self._connection().get_write_buffer_size() > LARGEST_BACKLOG:
            self._cut_off()

    def _cut_off(self) -> None:
        if not self._closed_because:
            log.warning("the carrier takes no messages; its socket is cut off")
        self._end("the carrier reads too slowly")
        self._abort()

    def _abort(self) -> None:
        self._take = _ignore
        self._wire.disconnect(graceful=False)

    def _ping(self) -> None:
        self._timers.pop("ping", None)
        if not self._closed_because:
            self._wire.send_ping()
            self._after(PING_SECONDS, "ping", self._ping)

    def _after(self, seconds: float, what: str, act: Callable[[], None]) -> None:
        """Do something once so much time has passed, unless it is planned already."""
        if what not in self._timers:
            self._timers[what] = self._loop.call_later(seconds, act)


def _closed(code: int) -> str:
    return f"closed by the carrier ({code})"

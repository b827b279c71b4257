"""Messages that come in pieces, what the WebSocket protocol forbids about them, and a long one as a frame."""

from __future__ import annotations

import struct

from picows import WSCloseCode, WSFrame, WSMsgType

from linecard.http.carrying import LARGEST_MESSAGE


class Violation(Exception):
    """The peer broke the protocol; `code` is what its socket is closed with."""

    def __init__(self, code: WSCloseCode) -> None:
        super().__init__(code.name)
        self.code = code


class Assembly:
    """The message whose pieces are arriving; `is_empty` between messages."""

    __slots__ = (
        "_is_text",
        "_pieces",
        "is_empty",
    )

    def __init__(self) -> None:
        self.is_empty = True
        self._pieces = bytearray()
        self._is_text = False

    def add(self, frame: WSFrame) -> str | bytes | None:
        """One frame of data; the message once it is whole. Raises Violation."""
        begins = frame.msg_type is not WSMsgType.CONTINUATION
        if begins is not self.is_empty or is_extended(frame):
            raise Violation(WSCloseCode.PROTOCOL_ERROR)
        if begins:
            self.is_empty, self._is_text = False, frame.msg_type is WSMsgType.TEXT
        if len(self._pieces) + frame.payload_size > LARGEST_MESSAGE:
            raise Violation(WSCloseCode.MESSAGE_TOO_BIG)
        self._pieces += frame.get_payload_as_memoryview()
        return self._whole() if frame.fin else None

    def _whole(self) -> str | bytes:
        message, self._pieces, self.is_empty = bytes(self._pieces), bytearray(), True
        return text(message) if self._is_text else message


def text(message: bytes) -> str:
    """The text of a message. Raises Violation for what is no UTF-8."""
    try:
        return message.decode()
    except UnicodeDecodeError as error:
        raise Violation(WSCloseCode.INVALID_TEXT) from error


def is_extended(frame: WSFrame) -> bool:
    """Whether a frame uses an extension; none was agreed on."""
    return frame.rsv1 or frame.rsv2 or frame.rsv3


def whole_frame(kind: WSMsgType, data: bytes) -> bytes:
    """A message of 126 bytes or more as one frame of a server: no mask, RFC 6455 5.2."""
    size, head = len(data), 0x80 | kind.value
    if size <= 0xFFFF:
        return struct.pack("!BBH", head, 126, size) + data
    return struct.pack("!BBQ", head, 127, size) + data

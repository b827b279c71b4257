"""A file server that answers as it is told, byte by byte: torn, endless, late, redirected."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


def sound(seconds: float = 1.0, channels: int = 1) -> bytes:
    """A WAV file of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(int(seconds * 8000) * 2 * channels))
    return file.getvalue()


MP3_FRAME = b"\xff\xe3\x18\xc4" + bytes(68)
"""72 ms of silence: MPEG 2.5, Layer III, 8 kbit/s, 8 kHz, one channel."""


def mp3(frames: int) -> bytes:
    """An MP3 file of silence."""
    return MP3_FRAME * frames


def said(body: bytes, status: int = 200, length: int | None = None, *more: str) -> bytes:
    """An answer; `length` is what it says of itself, -1 for nothing."""
    told = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status} X", "Content-Type: audio/x-wav", "Connection: close", *more]
    lines += [f"Content-Length: {told}"] if told >= 0 else []
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(slots=True)
class Files:
    """Answers in their order, the last one again and again; `endless` repeats a body for ever,
    `drips` leaves all but the last open, without the rest."""

    answers: list[bytes]
    endless: bool = False
    drips: bool = False
    asked: list[str] = field(default_factory=list)
    url: str = ""

    @property
    def host(self) -> str:
        """Its address, as a provider's settings name hosts."""
        return self.url.removeprefix("http://")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head.decode("ascii"))
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        try:
            writer.write(answer)
            while self.endless:
                writer.write(bytes(65536))
                await writer.drain()
            await writer.drain()
            if self.drips and self.answers[0] is not answer:
                await asyncio.sleep(5)
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving_files(
    *answers: bytes, endless: bool = False, drips: bool = False
) -> AsyncIterator[Files]:
    """The server on loopback."""
    files = Files(list(answers), endless, drips)
    server = await asyncio.start_server(files._serve, "127.0.0.1", 0)
    files.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield files
    finally:
        server.close()

"""What a file is by its first bytes, and whether all of it is there."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from linecard.storage.mpeg import frames

HEAD_BYTES = 64 * 1024
UNKNOWN_LENGTHS = frozenset({0, 0xFFFF_FFFF})
"""What writers put into a header whose file they do not know the end of."""
FORMAT = struct.Struct("<HHIIHH")


class Broken(Exception):
    """The file is no sound, or not all of it came; the message says which."""


@dataclass(frozen=True, slots=True)
class Sound:
    """`ending` of its name; `channels` and `seconds` where the file says it.

    `torn`: it seems to have been cut off, and only its writer knows whether it always ends so.
    """

    ending: str
    channels: int | None = None
    seconds: float | None = None
    torn: bool = False


def inspect(path: Path, media_type: str) -> Sound:
    """What a file holds; `media_type` is what its sender calls it. Raises Broken. Reads, so call it in a thread."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not size:
        raise Broken("the file is empty")
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return _wav(head, size)
    if head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0):
        return _mp3(path)
    if media_type.startswith("audio/"):
        return Sound("bin")
    raise Broken(f"the file is no sound but {media_type or 'of no type'}")


def _wav(head: bytes, size: int) -> Sound:
    """Walk its chunks; none may be longer than what there is."""
    _within(int.from_bytes(head[4:8], "little"), 8, size)
    channels, a_second, at = None, 0, 12
    while at + 8 <= len(head):
        name, length = head[at : at + 4], int.from_bytes(head[at + 4 : at + 8], "little")
        if name == b"fmt " and at + 8 + FORMAT.size <= len(head):
            _, kept, _, a_second, _, _ = FORMAT.unpack_from(head, at + 8)
            channels = kept or None
        if name == b"data":
            _within(length, at + 8, size)
            there = size - at - 8 if length in UNKNOWN_LENGTHS else length
            return Sound("wav", channels, there / a_second if a_second else None)
        at += 8 + length + length % 2
    if at > size:
        raise Broken("the file ends within its header")
    return Sound("wav", channels)


def _mp3(path: Path) -> Sound:
    found = frames(path)
    if found is None:
        raise Broken("the file has no whole frame of MP3")
    return Sound("mp3", found.channels, found.seconds, found.torn)


def _within(length: int, start: int, size: int) -> None:
    if length not in UNKNOWN_LENGTHS and start + length > size:
        raise Broken(f"the file has {size} bytes and its header says {start + length}")

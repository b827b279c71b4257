"""How long an MP3 lasts, by its frames: nothing else in the file says so for certain.

A frame's header tells its length in bytes and in samples (ISO/IEC 11172-3 2.4.2.3, 13818-3 2.4.2.3; MPEG 2.5
is an extension of Fraunhofer's). So each is walked, whatever the bit rate does, and a file that was cut off
is as short as it is. The first may carry no sound but `Xing` or `Info` and how many there should be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

BLOCK_BYTES = 256 * 1024
HEADER_BYTES = 4
LONGEST_FRAME = 1441
"""320 kbit/s at 32 kHz, padded."""
LAYER_3 = 0b01
MONO = 0b11
RATES: Mapping[int, tuple[int, int, int]] = MappingProxyType(
    {0b11: (44100, 48000, 32000), 0b10: (22050, 24000, 16000), 0b00: (11025, 12000, 8000)}
)
"""Samples a second, by the version's bits: MPEG 1, 2, 2.5."""
KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
SIDE_BYTES: Mapping[tuple[bool, bool], int] = MappingProxyType(
    {(True, False): 32, (True, True): 17, (False, False): 17, (False, True): 9}
)
"""Bytes between a frame's header and its sound, by whether it is MPEG 1 and whether it is mono."""
COUNTED = (b"Xing", b"Info")
HAS_COUNT = 0b0001
SPARE_FRAMES = 1
"""Some writers count the frame that has the count."""
ID3, ID3_BYTES, ID3_HAS_FOOTER = b"ID3", 10, 0x10


class Frame(NamedTuple):
    """What one header says; `length` includes the header, and the samples are those of each channel."""

    version: int
    rate: int
    samples: int
    length: int
    channels: int


@dataclass(frozen=True, slots=True)
class Frames:
    """The frames of a file: how long they last, and whether the file ends within one or before its own count."""

    channels: int
    seconds: float
    torn: bool


def frames(path: Path) -> Frames | None:
    """Walk a file; None where it has no whole frame of Layer III. Reads all of it, so call it in a thread."""
    with path.open("rb") as file:
        file.seek(_after_tag(file.read(ID3_BYTES)))
        walk = _Walk()
        while block := file.read(BLOCK_BYTES):
            walk.take(block)
    return walk.end()


def _after_tag(head: bytes) -> int:
    """Where the sound begins: behind a tag of ID3v2, whose length has seven bits in a byte (id3.org, 3.1)."""
    if head[:3] != ID3 or len(head) < ID3_BYTES:
        return 0
    length = 0
    for part in head[6:10]:
        length = length << 7 | part & 0x7F
    return length + ID3_BYTES + (ID3_BYTES if head[5] & ID3_HAS_FOOTER else 0)


def frame(header: bytes) -> Frame | None:
    """Read the four bytes of a header; None where they are none of Layer III, or tell no bit rate."""
    sync, coding, shape = header[1], header[2], header[3]
    version, kbits, rate = sync >> 3 & 3, coding >> 4, coding >> 2 & 3
    if header[0] != 0xFF or sync & 0xE0 != 0xE0 or sync >> 1 & 3 != LAYER_3:
        return None
    if version not in RATES or rate == 3 or kbits in (0, 15):
        return None
    first = version == 0b11
    samples, hertz = 1152 if first else 576, RATES[version][rate]
    bits = (KBITS_1 if first else KBITS_2)[kbits] * 1000
    length = samples // 8 * bits // hertz + (coding >> 1 & 1)
    return Frame(version, hertz, samples, length, 1 if shape >> 6 == MONO else 2)


class _Walk:
    """From header to header, block by block; what stands between frames is stepped over."""

    def __init__(self) -> None:
        self._rest = b""
        self._first: Frame | None = None
        self._count = 0
        self._told = 0
        self._torn = False

    def take(self, block: bytes) -> None:
        """Walk on, as far as whole frames and their followers are here."""
        data = self._rest + block
        self._rest = data[self._steps(data, len(data) - LONGEST_FRAME - HEADER_BYTES) :]

    def end(self) -> Frames | None:
        """What there was, once all of it was taken."""
        left = self._rest
        self._steps(left, len(left) - HEADER_BYTES + 1)
        if self._first is None or not self._count:
            return None
        seconds = self._count * self._first.samples / self._first.rate
        cut = self._torn or self._count + SPARE_FRAMES < self._told
        return Frames(self._first.channels, seconds, cut)

    def _steps(self, data: bytes, until: int) -> int:
        """Walk while the place is before `until`; where it stands then."""
        at = 0
        while at < until:
            found = self._frame_at(data, at)
            if found is None:
                sync = data.find(b"\xff", at + 1)
                at = sync if sync >= 0 else len(data)
            else:
                self._step_over(data, at, found)
                at += found.length
        return at

    def _frame_at(self, data: bytes, at: int) -> Frame | None:
        """A frame like the first; the first itself must be followed by another, or be all there is."""
        found = frame(data[at : at + HEADER_BYTES])
        if found is None or self._first is None:
            return found if found and _is_followed(data, at, found) else None
        return found if found[:2] == self._first[:2] else None

    def _step_over(self, data: bytes, at: int, found: Frame) -> None:
        if at + found.length > len(data):
            self._torn = True
            return
        told = _told(data[at : at + found.length], found) if self._first is None else None
        self._first = self._first or found
        if told is None:
            self._count += 1
        else:
            self._told = told


def _is_followed(data: bytes, at: int, found: Frame) -> bool:
    after = at + found.length
    if after + HEADER_BYTES > len(data):
        return after == len(data)
    follower = frame(data[after : after + HEADER_BYTES])
    return follower is not None and follower[:2] == found[:2]


def _told(body: bytes, found: Frame) -> int | None:
    """How many frames a first one of no sound says that follow; 0 where it does not say."""
    at = HEADER_BYTES + SIDE_BYTES[found.version == 0b11, found.channels == 1]
    if body[at : at + 4] not in COUNTED:
        return None
    has_count = int.from_bytes(body[at + 4 : at + 8], "big") & HAS_COUNT
    return int.from_bytes(body[at + 8 : at + 12], "big") if has_count else 0

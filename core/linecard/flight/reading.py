"""Reading a flight record: its lines in the order of time, frames one by one."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec

from linecard.errors import InvalidField

Line = dict[str, Any]
HEAD = "flight"
IDLE = ("end", "tick")
MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A whole record. `head` says what call it is of, `lines` what happened, `record` what was left of it.

    `timeline` are the lines of the call's own record; `is_cut`: something is missing.
    """

    head: Line
    lines: list[Line]
    record: Line
    timeline: list[Line]
    is_cut: bool

    @property
    def seconds(self) -> float:
        """When the last thing happened."""
        return max((line["t"] for line in self.lines if line["k"] not in IDLE), default=0.0)

    def of(self, kind: str) -> list[Line]:
        """The lines of one kind."""
        return [line for line in self.lines if line["k"] == kind]


def read(file: Path) -> Recorded:
    """A record from its file. Raises InvalidField for what is none, OSError for what cannot be read."""
    lines = list(_lines(file))
    head = next((line for line in lines if line["k"] == HEAD), None)
    if head is None:
        raise InvalidField("file", f"{file} holds no flight record")
    told = sorted((one for line in lines for one in _single(line)), key=lambda line: line["t"])
    return Recorded(
        head=head,
        lines=[line for line in told if line["k"] not in (HEAD, "record", "timeline")],
        record=_latest(lines, "record"),
        timeline=_latest(lines, "timeline").get("lines", []),
        is_cut=any(line["k"] in ("cut", "unwritable") or line.get("missed") for line in lines),
    )


def _lines(file: Path) -> Iterator[Line]:
    """Every whole line; the last one of a process that died may be half a line."""
    for line in _unpacked(file.read_bytes()).splitlines():
        try:
            said = msgspec.json.decode(line)
        except msgspec.DecodeError:
            continue
        if isinstance(said, dict) and isinstance(said.get("k"), str) and "t" in said:
            yield said


def _unpacked(raw: bytes) -> bytes:
    """What a file holds; of a piece that was cut off, what there is."""
    whole = b""
    while raw[:2] == MAGIC:
        piece = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            whole += piece.decompress(raw)
        except zlib.error:
            break
        raw = piece.unused_data
    return whole or raw


def _latest(lines: list[Line], kind: str) -> Line:
    return next((line for line in reversed(lines) if line["k"] == kind), {})


def _seconds(line: Line) -> list[float]:
    return [step / 1e9 for step in line["ns"]]


def _single(line: Line) -> Iterator[Line]:
    if line["k"] == "ticks":
        yield from ({"t": at, "k": "tick"} for at in accumulate([line["t"], *_seconds(line)]))
        return
    if line["k"] != "frames":
        yield line
        return
    for place, at in enumerate(line["at"]):
        size = line["size"]
        frame = {
            "t": at,
            "k": "frame",
            "stream": line["stream"],
            "dir": line["dir"],
            "size": size[place] if isinstance(size, list) else size,
        }
        if "number" in line:
            frame["number"] = line["number"][place]
        if "audio" in line:
            frame["audio"] = line["audio"][place]
        yield frame

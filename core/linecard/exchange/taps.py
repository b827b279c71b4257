"""WAV files of both sides of a call, where somebody asked for them; one per call, whatever its streams do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from linecard.media.formats import StreamFormat
from linecard.media.tap import CallTap, StreamTap


@dataclass(slots=True)
class Taps:
    """The open taps. `folder` None: nobody asked."""

    folder: Path | None = None
    _open: dict[str, tuple[CallTap, BinaryIO]] = field(default_factory=dict)

    def of(self, call_id: str, line: StreamFormat, now: float) -> StreamTap | None:
        """One stream's part of a call's tap, which begins with the first."""
        if self.folder is None:
            return None
        if call_id not in self._open:
            file = (self.folder / f"{call_id}.wav").open("wb")
            self._open[call_id] = CallTap(file, line.outbound.rate, now), file
        return self._open[call_id][0].stream(line)

    def close(self, call_id: str, now: float) -> None:
        """Finish a call's file."""
        tap, file = self._open.pop(call_id, (None, None))
        if tap is not None and file is not None:
            tap.close(now)
            file.close()

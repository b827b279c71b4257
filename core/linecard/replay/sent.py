"""What was sent on the media streams, beside what is sent now.

Our own work takes no time in a replay. So a stream may be closed a little earlier, and before the
carrier does it; a mark that follows on an answer of the carrier may stand a little earlier among the sound.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from linecard.flight.reading import Line, Recorded
from linecard.replay import normal
from linecard.replay.diffing import diff
from linecard.replay.ids import Ids
from linecard.replay.report import Difference

MARK = "mark"


@dataclass(frozen=True, slots=True)
class Side:
    """A record with its ids. `later`: so much later than the other it begins to count.

    `sound`: the sound itself is compared, where it was kept.
    """

    record: Recorded
    ids: Ids
    sound: bool
    later: float = 0.0

    def on(self, stream: int, until: float = math.inf) -> list[Line]:
        """What was sent on a stream; of what was sent from a moment on, all but the sound."""
        lines = [line for line in sent(self.record) if line["stream"] == stream]
        return [line for line in lines if line["t"] < until or not _is_sound(line)]

    def end(self, stream: int) -> Line | None:
        """How the stream ended."""
        over = self.record.of("stream-over")
        return next((line for line in over if line["stream"] == stream), None)

    def texts(self, lines: Sequence[Line]) -> list[str]:
        """The messages as they are compared."""
        return [self.ids.named(normal.message(line, sound=self.sound)) for line in lines]


def sent(side: Recorded) -> list[Line]:
    """Every message that was sent on any stream."""
    return [line for line in side.lines if line["k"] == "out" or line.get("dir") == "out"]


def has_tones(side: Recorded) -> bool:
    """Whether keys may have been sent as tones: a replay does not know which, since they are hidden."""
    return any(line.get("ask") == "send_digits" for line in side.lines)


def later(was: Recorded, now: Recorded) -> float:
    """How much later than the record's the replay's file begins: its call was made a moment later."""
    first, second = (datetime.fromisoformat(side.head["call"]["created_at"]) for side in (was, now))
    return (second - first).total_seconds() * float(was.head["speed"])


def differences(was: Side, now: Side, near: float) -> Iterator[Difference]:
    """What differs, stream by stream."""
    streams = {line["stream"] for line in (*sent(was.record), *sent(now.record))}
    for stream in sorted(streams):
        closed = _closed(was, now, stream, near)
        before, after = was.on(stream, closed or math.inf), now.on(stream)
        if not _is_same(was, before, now, after, near):
            what = f"messages sent on stream {stream}"
            yield diff(what, _runs(was.texts(before)), _runs(now.texts(after)))
        if closed is None:
            ends = [_how_ended(side.end(stream)) for side in (was, now)]
            yield Difference(f"end of stream {stream}", ends[0], ends[1])


def _closed(was: Side, now: Side, stream: int, near: float) -> float | None:
    """When the stream ended in the replay, on the record's clock; None where that is another time."""
    first, second = was.end(stream), now.end(stream)
    if first is None or second is None:
        return math.inf if first is second else None
    moment = float(second["t"]) + now.later
    return moment if abs(first["t"] - moment) < near else None


def _is_same(
    was: Side, before: Sequence[Line], now: Side, after: Sequence[Line], near: float
) -> bool:
    if was.texts(before) == now.texts(after):
        return True
    marks = [[line for line in side if line.get("what") == MARK] for side in (before, after)]
    others = [[line for line in side if line.get("what") != MARK] for side in (before, after)]
    if [was.texts(marks[0]), was.texts(others[0])] != [now.texts(marks[1]), now.texts(others[1])]:
        return False
    pairs = zip(marks[0], marks[1], strict=True)
    return all(abs(one["t"] - other["t"] - now.later) < near for one, other in pairs)


def _is_sound(line: Line) -> bool:
    return bool(line.get("what", "play") == "play")


def _how_ended(line: Line | None) -> list[str]:
    return [] if line is None else [f"{line['t']:.3f} s  {line['reason']}"]


def _runs(messages: Sequence[str]) -> list[str]:
    """Equal messages in a row as one line."""
    counted = [(text, len(list(group))) for text, group in groupby(messages)]
    return [f"{count} x {text}" if count > 1 else text for text, count in counted]

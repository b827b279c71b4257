"""The record beside the replay: replies, requests to the carrier, events, the call's record, messages sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from linecard.flight.reading import Line, Recorded
from linecard.flight.redacting import Redactor
from linecard.replay import normal, sent
from linecard.replay.asgi import Answered
from linecard.replay.diffing import diff
from linecard.replay.ids import Ids, ids_of
from linecard.replay.report import Difference, Report

NEAR_SECONDS = 2.0
"""Things so near to each other in the record may as well come in the other order."""
LOOKS = frozenset({"find_call", "search_calls", "fetch_recording"})
"""Whether the carrier is asked depends on what was known a moment before; what it says shows as events."""
OF_COPIES = frozenset(
    {"recording-kept", "recording-not-kept", "recording-delete-asked", "recording-deleted"}
)
"""Files are not fetched in a replay."""
OF_ENHANCERS = frozenset({"enhanced", "enhancer-failed"})
"""A replay has no plugins but the provider."""
FINAL = ("leg-ended", "recording-ready", "call-rated")
"""Facts that may be told by a callback and again, much later, by a look-up."""
WITHOUT_SOUND = frozenset({"audio-doubtful"})
"""What is found in the sound itself, which a record without it cannot find again."""
LATE = frozenset({"lead-raised"})
"""What a server that is late finds, and a replay, which never is, need not."""
Moment = tuple[float, str]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of a replay: its own flight record, and our replies by the place of the request."""

    record: Recorded
    answers: dict[int, Answered]
    ids: Ids
    skipped: int


def compare(recorded: Recorded, replayed: Replayed) -> Report:
    """Everything that differs."""
    pair = _Pair(recorded, ids_of(recorded), replayed)
    differences = [*pair.replies(), *pair.hooks(), *pair.facts(), *pair.left(), *pair.messages()]
    return Report(_title(recorded), differences, pair.counts(), tuple(_notes(recorded, replayed)))


def _title(recorded: Recorded) -> str:
    call = recorded.head["call"]
    return f"{call['id']}: {call['direction']} by {call['provider']}, {recorded.seconds:.1f} s"


def _notes(recorded: Recorded, replayed: Replayed) -> Iterator[str]:
    if recorded.is_cut:
        yield "the record is cut: what is missing in it may show as a difference"
    if not recorded.record:
        yield "the record has no end: what was left of the call is not compared"
    if _looked(recorded) != _looked(replayed.record):
        looks = f"{_looked(recorded)} then, {_looked(replayed.record)} now"
        yield f"the carrier was asked about the call: {looks}"
    if recorded.head["audio"] and sent.has_tones(recorded):
        yield "keys were sent, which are hidden: sound that was sent is compared by its size"
    if replayed.skipped:
        yield f"{replayed.skipped} requests were not believed then, and are left out"


@dataclass(frozen=True, slots=True)
class _Pair:
    """Both sides."""

    was: Recorded
    ids: Ids
    replayed: Replayed

    @property
    def now(self) -> Recorded:
        return self.replayed.record

    def counts(self) -> dict[str, int]:
        return {
            "replies": len(self.replayed.answers),
            "requests to the carrier": len(self.was.of("hook")),
            "events": len(self.was.of("event")),
            "lines of the call's record": len(self.was.timeline),
            "messages sent": len(sent.sent(self.was)),
        }

    def replies(self) -> Iterator[Difference]:
        for place, line in enumerate(self.was.of("webhook")):
            if line.get("stage") == "proof":
                continue
            what = f"reply to {line['kind']} at {line['t']:.3f} s"
            was, now = self._reply_was(line), self._reply_now(place)
            if was != now:
                yield diff(what, was, now)

    def _reply_was(self, line: Line) -> list[str]:
        if "reply" not in line:
            return [f"status {line['error'].get('status', 'none: ' + line['error']['type'])}"]
        reply = line["reply"]
        return _reply(reply["status"], reply["content_type"], self.ids.named(reply["body"]))

    def _reply_now(self, place: int) -> list[str]:
        answer = self.replayed.answers.get(place)
        if answer is None:
            return []
        line = self.was.of("webhook")[place]
        if "reply" not in line:
            return [f"status {answer.status}"]
        clean = Redactor(public_url=self.was.head["public_url"], numbers=True)
        is_json = "json" in answer.content_type
        body = clean.message(answer.body) if is_json else clean.text(answer.body)
        return _reply(answer.status, answer.content_type, self.replayed.ids.named(body))

    def hooks(self) -> Iterator[Difference]:
        was = _moments(_acting(self.was), self.ids, normal.hook)
        now = _moments(_acting(self.now), self.replayed.ids, normal.hook)
        yield from _sequence("requests to the carrier", was, now, self._near)

    def facts(self) -> Iterator[Difference]:
        was = _moments(self.was.of("event"), self.ids, normal.fact)
        now = _moments(self.now.of("event"), self.replayed.ids, normal.fact)
        yield from _sequence("events", was, now, self._near)
        if self.was.timeline:
            was = _moments(self._timeline(self.was), self.ids, normal.fact)
            now = _moments(self._timeline(self.now), self.replayed.ids, normal.fact)
            yield from _sequence("the call's record, line by line", was, now, self._near)

    def _timeline(self, side: Recorded) -> Sequence[Line]:
        skipped = (
            LATE
            | OF_COPIES
            | OF_ENHANCERS
            | (frozenset() if self.was.head["audio"] else WITHOUT_SOUND)
        )
        return [line for line in side.timeline if line["name"] not in skipped]

    def left(self) -> Iterator[Difference]:
        if not self.was.record:
            return
        was = normal.record(self.was, self.ids)
        now = normal.record(self.now, self.replayed.ids)
        for name in sorted(was.keys() | now.keys()):
            if was.get(name) != now.get(name):
                yield Difference(name, _one(was.get(name)), _one(now.get(name)))

    def messages(self) -> Iterator[Difference]:
        sound, later = not sent.has_tones(self.was), sent.later(self.was, self.now)
        was = sent.Side(self.was, self.ids, sound)
        now = sent.Side(self.now, self.replayed.ids, sound, later)
        yield from sent.differences(was, now, self._near)

    @property
    def _near(self) -> float:
        return NEAR_SECONDS * float(self.was.head["speed"])


def _one(value: str | None) -> list[str]:
    return [] if value is None else [value]


def _reply(status: int, content_type: str, text: str) -> list[str]:
    return [f"status {status}, {content_type}", *normal.body(content_type, text).splitlines()]


def _moments(lines: Sequence[Line], ids: Ids, read: Any) -> list[Moment]:
    return [(line["t"], ids.named(read(line))) for line in lines]


def _sequence(
    what: str, was: Sequence[Moment], now: Sequence[Moment], near: float
) -> Iterator[Difference]:
    """What is missing, what is new, and what has changed places with something that was not near."""
    was, now = _once(was, near), _once(now, near)
    before, after = Counter(text for _, text in was), Counter(text for _, text in now)
    missing, new = before - after, after - before
    if missing or new:
        yield Difference(what, _told(was, missing), _told(now, new))
        return
    moved = list(_moved(was, [text for _, text in now], near))
    if moved:
        yield Difference(f"{what}: the order", moved, [text for _, text in now])


def _acting(side: Recorded) -> list[Line]:
    """The requests to the carrier that do something."""
    return [line for line in side.of("hook") if line["hook"] not in LOOKS]


def _looked(side: Recorded) -> int:
    return len(side.of("hook")) - len(_acting(side))


def _once(moments: Sequence[Moment], near: float) -> list[Moment]:
    """What is said again soon after, said once: a slow server asks again, and is told by two at once."""
    said: dict[str, float] = {}
    kept = []
    for at, text in moments:
        is_news = text not in said or (at - said[text] > near and not text.startswith(FINAL))
        if is_news:
            kept.append((at, text))
        said[text] = at
    return kept


def _told(moments: Sequence[Moment], wanted: Counter[str]) -> list[str]:
    left = Counter(wanted)
    told = []
    for at, text in moments:
        if left[text]:
            left[text] -= 1
            told.append(f"{at:.3f} s  {text}")
    return told


def _moved(was: Sequence[Moment], now: Sequence[str], near: float) -> Iterator[str]:
    """What comes now before something that it was well behind."""
    places: dict[str, list[int]] = {}
    for place, text in enumerate(now):
        places.setdefault(text, []).append(place)
    stands = [(at, text, places[text].pop(0)) for at, text in was]
    for place, (at, text, new_place) in enumerate(stands):
        earlier = stands[:place]
        if any(other > new_place and at - before > near for before, _, other in earlier):
            yield f"{at:.3f} s  {text}"

"""From entries to lines: what was handed over becomes JSON, without what is private.

Runs in the writer's thread. Each kind of entry has its writer in one table.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from linecard.events import DigitReceived, MediaReceived
from linecard.flight.frames import NANOSECONDS, Frames
from linecard.flight.plain import plain
from linecard.flight.recorder import Entry, Flight
from linecard.flight.redacting import Redactor
from linecard.flight.requests import OUR_QUERY, more_query, pressed
from linecard.webhook import Callback, CarrierRequest, Reply

Line = dict[str, Any]
AROUND_SOUND = "timestamp and sequence"
"""What stands around the sound of a media message, as the redactor is told: no telephone numbers."""
GROUPED = frozenset({"frames", "ticks"})
SENT_PCM = frozenset({"send", "send_nowait"})


class Lines:
    """The lines of one flight. `audio`: the sound itself is written too."""

    def __init__(self, flight: Flight, redactor: Redactor) -> None:
        self._origin = flight.origin
        self._redactor = redactor
        self._audio = redactor.audio
        self._frames = Frames()
        self._writers: Mapping[str, Callable[[float, Any], Line | None]] = {
            "came": self._came,
            "played": self._played,
            "sent": self._sent,
            "ask": self._ask,
            "tick": self._tick,
            "webhook": self._webhook,
        }

    def of(self, entry: Entry) -> Iterator[Line]:
        """The lines that an entry brings: its own, behind the frames that came before it."""
        at, kind, facts = entry
        writer = self._writers.get(kind)
        at = round(at - self._origin, NANOSECONDS)
        line = writer(at, facts) if writer else self._line(at, kind, facts)
        if line is None:
            return
        if line["k"] not in GROUPED:
            yield from self._frames.rest()
        yield line

    def rest(self) -> Iterator[Line]:
        """The frames that have not filled a line."""
        return self._frames.rest()

    def _line(self, at: float, kind: str, facts: Mapping[str, Any]) -> Line:
        cleaned: Line = self._redactor.clean(plain(facts))
        return {"t": at, "k": kind} | cleaned

    def _came(self, at: float, facts: tuple[int, str | bytes, Sequence[Any]]) -> Line | None:
        """A message of the carrier; without its sound it is a moment, a size and a number."""
        stream, message, events = facts
        media = events[0] if len(events) == 1 else None
        if isinstance(media, MediaReceived) and not self._audio:
            return self._frames.add((stream, "in"), at, len(media.payload), media.sequence)
        if not self._redactor.digits and any(isinstance(one, DigitReceived) for one in events):
            return None
        names = [type(one).__name__ for one in events]
        sound = media.payload if isinstance(media, MediaReceived) else None
        head = {"t": at, "k": "in", "stream": stream, "events": names}
        return head | self._message(message, sound)

    def _played(self, at: float, facts: tuple[int, str | bytes, bytes]) -> Line | None:
        stream, message, audio = facts
        if not self._audio:
            return self._frames.add((stream, "out"), at, len(audio))
        head = {"t": at, "k": "out", "stream": stream, "what": "play", "size": len(audio)}
        return head | self._message(message, audio)

    def _tick(self, at: float, _nothing: None) -> Line | None:
        return self._frames.tick(at)

    def _sent(self, at: float, facts: tuple[int, str | bytes, str]) -> Line | None:
        stream, message, what = facts
        if what == "digits" and not self._redactor.digits:
            return None
        return {"t": at, "k": "out", "stream": stream, "what": what} | self._message(message)

    def _message(self, message: str | bytes, sound: bytes | None = None) -> Line:
        """A message; of one that carries sound only what stands around it has to be looked at."""
        if isinstance(message, str):
            written = base64.b64encode(sound).decode() if sound else ""
            if not written or written not in message:
                return {"text": self._redactor.message(message)}
            around = message.partition(written)
            head, tail = (self._redactor.text(part, AROUND_SOUND) for part in around[::2])
            return {"text": f"{head}{written}{tail}"}
        if self._audio:
            return {"data": base64.b64encode(message).decode()}
        return {"bytes": len(message)}

    def _ask(self, at: float, facts: Mapping[str, Any]) -> Line | None:
        """What an agent asks; its sound is written like the carrier's."""
        if facts["ask"] not in SENT_PCM:
            return self._line(at, "ask", facts)
        pcm = facts["pcm"]
        audio = base64.b64encode(pcm).decode() if self._audio else None
        return self._frames.add((0, facts["ask"]), at, len(pcm), None, audio)

    def _webhook(self, at: float, facts: Mapping[str, Any]) -> Line:
        request: CarrierRequest = facts["request"]
        callback: Callback | None = facts["callback"]
        took = {name: facts[name] for name in ("ms", "accepted_ms") if facts[name] is not None}
        line = {"t": at, "k": "webhook"} | took | self._request(request, callback)
        if callback is not None:
            line["wants"] = plain(callback.wants)
            line["events"] = [type(event).__name__ for event in callback.events]
        if facts["reply"] is not None:
            line["reply"] = self._reply(facts["reply"])
        if facts["error"]:
            line |= {"error": self._redactor.clean(facts["error"]), "stage": facts["stage"]}
        return line

    def _request(self, request: CarrierRequest, callback: Callback | None) -> Line:
        query = {name: value for name, value in request.query if name in OUR_QUERY}
        kind = request.headers.get("content-type", "").partition(";")[0]
        line: Line = {
            "kind": plain(request.kind),
            "method": request.method,
            "query": self._redactor.clean(query),
            "pairs": self._redactor.pairs(request.pairs, pressed(callback)),
        }
        more = more_query(request)
        if more:
            line["more_query"] = self._redactor.pairs(more, None)
        if request.body and not request.pairs:
            line["body"] = self._redactor.message(request.body.decode("utf-8", "replace"))
        return line | ({"content_type": kind} if kind else {})

    def _reply(self, reply: Reply) -> Line:
        body = reply.body.decode("utf-8", "replace")
        cleaned = self._redactor.message(body) if "json" in reply.content_type else None
        return {
            "status": reply.status,
            "content_type": reply.content_type,
            "body": self._redactor.text(body) if cleaned is None else cleaned,
        }

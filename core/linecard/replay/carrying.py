"""The carrier's part of a replay: its requests and its media messages, each at its moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlencode

from linecard.calls import Call, Direction, Machine
from linecard.exchange import endings, recording_acts
from linecard.flight.reading import Line, Recorded
from linecard.outbound.dialing import DialRequest
from linecard.replay.asgi import Answered, request
from linecard.replay.ids import Ids
from linecard.replay.streams import Streams
from linecard.replay.world import World
from linecard.store import calls
from linecard.webhook import ROUTES, Kind

FORM = "application/x-www-form-urlencoded"
LINGER_SECONDS = 5.0
"""Of the call's clock, after the last thing in the record."""
WISHES = ("agent", "record", "machine", "ring_seconds", "max_seconds", "send_digits")


@dataclass(slots=True)
class Carrier:
    """Plays a record to a server. `answers` are the replies by the place of their request in the record."""

    recorded: Recorded
    world: World
    ids: Ids
    answers: dict[int, Answered] = field(default_factory=dict)
    skipped: int = 0
    streams: Streams = field(init=False)

    def __post_init__(self) -> None:
        self.streams = Streams(self.world, self.ids)

    async def play(self) -> None:
        """Everything, in the order and at the moments of the record."""
        clock, tasks = self.world.exchange.clock, self.world.exchange.tasks
        last = 0.0
        for at, what, work in sorted(self._inputs(), key=lambda one: one[0]):
            await clock.sleep_until(self.world.origin + at)
            tasks.start(work(), what)
            last = at
        end = max(last, self.recorded.seconds) + LINGER_SECONDS
        await clock.sleep_until(self.world.origin + end)

    def _inputs(self) -> Iterator[tuple[float, str, Callable[[], Any]]]:
        if self.recorded.head["call"]["direction"] == Direction.OUTBOUND:
            yield 0.0, "dial", self._dial
        for place, line in enumerate(self.recorded.of("webhook")):
            if line.get("stage") == "proof":
                self.skipped += 1
            else:
                yield _taken_at(line), "webhook", self._webhook(place, line)
        feeds = self._feeds()
        for line in self.recorded.lines:
            feed = feeds.get(str(line.get("ask") or line.get("dir") or line["k"]))
            if feed is not None:
                yield line["t"], line["k"], partial(feed, line)

    async def _dial(self) -> None:
        call = self.recorded.head["call"]
        wish: dict[str, Any] = {name: call[name] for name in WISHES} | {
            "machine": Machine(call["machine"])
        }
        wish["send_digits"] = wish["send_digits"] or None
        await self.world.dialer.place(DialRequest(from_=call["number"], to=call["to"], **wish))

    def _webhook(self, place: int, line: Line) -> Callable[[], Any]:
        async def send() -> None:
            body, content_type = self._body(line)
            url = self._url(line)
            self.answers[place] = await request(
                self.world.app, line["method"], url, body, content_type
            )

        return send

    def _url(self, line: Line) -> str:
        """Our own address for it, with a token that fits; a GET carries its fields there too."""
        query = {name: self._ours(value) for name, value in line["query"].items()}
        if query.keys() - {"a", "k"}:
            if "x" in query and "c" not in query:
                query["x"] = f"{self.world.number.id}.{self.world.number.proofs[0]}"
            query["t"] = self._token(query)
        theirs = line["pairs"] if line["method"] == "GET" else line.get("more_query", [])
        fields = [(name, self._ours(value)) for name, value in theirs]
        route = ROUTES[Kind(line["kind"])]
        head = f"{self.recorded.head['public_url']}/{self.world.number.provider}/{route}"
        return f"{head}?{urlencode([*query.items(), *fields])}"

    def _token(self, query: dict[str, str]) -> str:
        number = self.world.number
        kind, call, reference = Kind(query["k"]), query.get("c", ""), query.get("x", "")
        return self.world.tokens.fitting(number.provider, number.account, call, kind, reference)

    def _body(self, line: Line) -> tuple[bytes, str]:
        if line["method"] == "GET":
            return b"", ""
        if "body" in line:
            return self._ours(line["body"]).encode(), line.get("content_type", "")
        fields = [(name, self._ours(value)) for name, value in line["pairs"]]
        return urlencode(fields).encode(), FORM

    def _ours(self, text: str) -> str:
        return self.ids.translated(text, self.world.tokens.ids)

    def _feeds(self) -> Mapping[str, Callable[[Line], Any]]:
        """What comes from outside beside webhooks, by the kind of line or of ask."""
        return self.streams.feeds() | {
            "hang-up-by-api": self._hang_up,
            "record-by-api": self._record,
            "digits-by-api": self._press,
        }

    async def _hang_up(self, line: Line) -> None:
        await endings.hang_up(self.world.exchange, await self._call(), line["reason"])

    async def _record(self, line: Line) -> None:
        await recording_acts.act(self.world.exchange, await self._call(), line["action"])

    async def _press(self, line: Line) -> None:
        call = await self._call()
        await self.world.exchange.relay(call).hooks.send_digits(call, line.get("digits", "*"))

    async def _call(self) -> Call:
        async with self.world.exchange.database.read() as conn:
            call = await calls.get(conn, self.world.tokens.ids.calls[0])
        assert call is not None
        return call


def _taken_at(line: Line) -> float:
    """When what a request says was applied: in a replay that takes no time, so it is sent only then."""
    return float(line["t"] + line.get("accepted_ms", 0.0) / 1000)

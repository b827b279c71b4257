"""The flight records of the calls in this process: opened with a call's first news, closed when it is quiet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from linecard.calls import Call
from linecard.events import CarrierEvent, RecordingReady, RecordingStarted
from linecard.exchange.chronicle import event_facts, event_name
from linecard.exchange.private import redactor
from linecard.flight import Flight, FlightWriter, RecordedProtocol, WriterOptions
from linecard.flight.keeping import delete_calls
from linecard.flight.plain import plain
from linecard.store import calls, recordings, timeline, transfers
from linecard.wall import now

if TYPE_CHECKING:
    from linecard.carrier import StreamProtocol
    from linecard.clock import Clock
    from linecard.media.ticker import Ticker
    from linecard.settings import Settings
    from linecard.store import Database

log = structlog.get_logger()

VERSION = 1
"""Of the file's form."""
QUIET_SECONDS = 20.0
"""After so long without news the file of a call that is over is closed; later news opens it again."""
LOOK_SECONDS = 2.0
CALL_FACTS = [
    "id",
    "provider",
    "account",
    "direction",
    "from_",
    "to",
    "number",
    "agent",
    "profile",
    "options",
    "record",
    "machine",
    "ring_seconds",
    "max_seconds",
    "send_digits",
    "created_at",
]
END_FACTS = ["status", "duration", "cost", "end_reason", "outcome", "closing", "carrier_ids"]


@dataclass(slots=True)
class Flights:
    """What records, and the calls that are being recorded. `known` finds a call by what carriers name."""

    settings: Settings
    clock: Clock
    ticker: Ticker
    writer: FlightWriter
    _open: dict[str, Flight] = field(default_factory=dict)
    _known: dict[str, Flight] = field(default_factory=dict)
    _streams: dict[str, tuple[Flight, int]] = field(default_factory=dict)

    def of(self, call: Call) -> Flight:
        """The recorder of a call; it begins here, or goes on, where it does not run."""
        flight = self._open.get(call.id)
        if flight is None:
            flight = self._begin(call)
        self.learn(flight, call.provider, call.carrier_ids.values())
        return flight

    def of_id(self, call_id: str | None) -> Flight | None:
        """The recorder of a call that is being recorded."""
        return self._open.get(call_id or "")

    def named(self, provider: str, names: Iterable[str]) -> Flight | None:
        """The recorder of the call of which a carrier knows any of these ids."""
        found = (self._known.get(f"{provider}:{name}") for name in names)
        return next((flight for flight in found if flight is not None), None)

    def learn(self, flight: Flight, provider: str, names: Iterable[str]) -> None:
        """Names by which the carrier may speak of this call or of what belongs to it."""
        for name in names:
            self._known[f"{provider}:{name}"] = flight

    def event(self, call: Call, event: CarrierEvent) -> None:
        """An event has been applied to a call."""
        flight = self.of(call)
        if isinstance(event, RecordingStarted | RecordingReady):
            self.learn(flight, call.provider, (event.recording,))
        facts = {"event": event_name(event), "facts": event_facts(event), "status": call.status}
        flight.put("event", facts)

    def stream(
        self, call: Call, protocol: StreamProtocol, profile: str, claim: str
    ) -> StreamProtocol:
        """A socket was accepted for a call: its messages are recorded from the first on."""
        flight = self.of(call)
        flight.streams += 1
        self._streams[claim] = flight, flight.streams
        self.ticker.add(self._tick)
        flight.put("stream", {"stream": flight.streams, "profile": profile, "id": f"~{claim}"})
        return RecordedProtocol(protocol, flight, flight.streams)

    def stream_over(self, call: Call, claim: str, facts: Mapping[str, object]) -> None:
        """The socket is gone."""
        _, stream = self._streams.pop(claim, (None, 0))
        self.of(call).put("stream-over", {"stream": stream, **facts})
        if not self._streams:
            self.ticker.remove(self._tick)

    def _tick(self, now: float) -> None:
        """The moments at which the streams were asked what is due, so that a replay can ask then."""
        for flight, _ in self._streams.values():
            flight.put_at(now, "tick", None)

    async def run(self, database: Database) -> None:
        """Close the files of calls that are over and quiet, for ever."""
        while True:
            await self.clock.sleep(LOOK_SECONDS)
            try:
                await self._close_quiet(database)
            except Exception:
                log.exception("flight records could not be closed; it is tried again")

    async def close(self, database: Database) -> None:
        """Close every file, and wait until all is written."""
        for call_id in list(self._open):
            await self._close(database, call_id)
        await asyncio.to_thread(self.writer.stop)

    async def forget(self, call_ids: Sequence[str]) -> int:
        """Delete the files of calls, also those that are being written; how many there were. Raises OSError."""
        for flight in (self._open.pop(one, None) for one in call_ids):
            if flight is not None:
                self._let_go(flight)
        await asyncio.to_thread(self.writer.flush)
        return await asyncio.to_thread(delete_calls, Path(self.settings.flight_dir or ""), call_ids)

    def _let_go(self, flight: Flight) -> None:
        self._known = {name: one for name, one in self._known.items() if one is not flight}
        self.writer.close(flight)

    def _begin(self, call: Call) -> Flight:
        """A call's file counts from when the call was made, in whatever process it is written."""
        age = (now() - call.created_at).total_seconds() * self.clock.speed
        flight = Flight(call.id, self.clock.now, self.clock.now() - age)
        self._open[call.id] = flight
        try:
            self.writer.open(flight)
            flight.put_at(flight.origin, "flight", self._head(call))
        except Exception:
            log.exception("a call is not recorded; it goes on without", call=call.id)
        return flight

    def _head(self, call: Call) -> Mapping[str, object]:
        account = next(
            one for one in self.settings.accounts[call.provider] if one.name == call.account
        )
        return {
            "version": VERSION,
            "linecard": version("linecard"),
            "speed": self.clock.speed,
            "public_url": self.settings.public_url,
            "fallback_url": self.settings.fallback_url,
            "audio": self.settings.flight_audio,
            "numbers": "whole" if self.settings.flight_numbers else "masked",
            "keys": "masked" if self.settings.flight_digits else "left out",
            "settings": plain(account.values),
            "call": {name: getattr(call, name) for name in CALL_FACTS},
        }

    async def _close_quiet(self, database: Database) -> None:
        before = self.clock.now() - QUIET_SECONDS
        quiet = [flight.call_id for flight in self._open.values() if flight.last_at < before]
        for call_id in quiet:
            async with database.read() as conn:
                call = await calls.get(conn, call_id)
            if call is None or call.is_over:
                await self._close(database, call_id)

    async def _close(self, database: Database, call_id: str) -> None:
        """Write what the call's record says by now, and let go of its file."""
        left = await _left_behind(database, call_id, self.clock.speed)
        flight = self._open.pop(call_id, None)
        if flight is None:  # it was forgotten meanwhile
            return
        for kind, facts in left:
            flight.put(kind, facts)
        self._let_go(flight)


def open_flights(settings: Settings, clock: Clock, ticker: Ticker) -> Flights | None:
    """The flight recorder, where LINECARD_FLIGHT_DIR asks for one. It begins when the exchange does."""
    if settings.flight_dir is None:
        return None
    options = WriterOptions(
        folder=Path(settings.flight_dir),
        packed=settings.flight_gzip,
        most_bytes=settings.flight_megabytes << 20,
    )
    return Flights(settings, clock, ticker, FlightWriter(options, redactor(settings)))


async def _left_behind(
    database: Database, call_id: str, speed: float
) -> Sequence[tuple[str, dict[str, Any]]]:
    """The call's record with all that belongs to it, and its timeline. Moments are the file's own."""
    async with database.read() as conn:
        call = await calls.get(conn, call_id)
        if call is None:
            return ()
        known = [plain(one) for one in await recordings.of_call(conn, call_id)]
        moved = [plain(one) for one in await transfers.of_call(conn, call_id)]
        written = await timeline.of_call(conn, call_id)
    record = {name: getattr(call, name) for name in END_FACTS}
    record |= {"answered": call.answered_at is not None, "ended": call.ended_at is not None}
    lines = [
        {
            "t": round((line.at - call.created_at).total_seconds() * speed, 6),
            "name": line.name,
            "facts": dict(line.facts),
        }
        for line in written
    ]
    whole = {"call": record, "recordings": known, "transfers": moved}
    return (("record", whole), ("timeline", {"lines": lines}))

"""Media streams: which call one carries, and what happens when it goes.

The token in the address is spent by the first opening message whose call fits, not by the handshake,
since carriers retry handshakes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog

from linecard.calls import CallStatus
from linecard.carrier import StreamProtocol
from linecard.enhancing import enhancers
from linecard.errors import RequestRefused
from linecard.events import CallAnswered, MessageDropped, StreamEvent, StreamStarted
from linecard.exchange import endings, inbox, running, silences
from linecard.exchange.admission import Admitted, open_to_streams
from linecard.exchange.context import Exchange, ids_fit
from linecard.exchange.notifying import writing as notifying
from linecard.exchange.notifying.facts import Told
from linecard.exchange.patience import or_later
from linecard.exchange.refusals import UNOPENED
from linecard.media.codec import Codec, corrected
from linecard.media.formats import StreamFormat, StreamProfile
from linecard.media.session import StreamSession
from linecard.store import calls, claims, timeline
from linecard.wall import now

log = structlog.get_logger()


def protocol_of(exchange: Exchange, admitted: Admitted) -> StreamProtocol:
    """A fresh reader and writer of the carrier's messages; a recorded one, where calls are."""
    protocol = admitted.relay.hooks.open_stream(admitted.profile)
    if exchange.flights is None:
        return protocol
    return exchange.flights.stream(
        admitted.call, protocol, admitted.profile.name, admitted.claims.id
    )


async def opening(
    protocol: StreamProtocol, receive: Callable[[], Awaitable[str | bytes]], dropped: Counter[str]
) -> tuple[StreamStarted, Sequence[StreamEvent]]:
    """Read until the opening message; what stands before it is of no use and is counted."""
    while True:
        events = protocol.receive(await receive())
        for position, event in enumerate(events):
            if isinstance(event, StreamStarted):
                return event, events[position + 1 :]
            dropped[_what(event)] += 1


def _what(event: StreamEvent) -> str:
    return event.reason if isinstance(event, MessageDropped) else f"{type(event).__name__} too soon"


def line_of(profile: StreamProfile, call_id: str, started: StreamStarted) -> StreamFormat:
    """The codec of the stream: declared by its profile, corrected by its opening message.

    Raises RequestRefused for one that is none of ours: what it carries would be noise.
    """
    declared = profile.format
    try:
        line = corrected(declared, started)
    except ValueError as error:
        raise RequestRefused(f"the codec is not known: {error}") from error
    if line != declared and line.inbound.encoding not in profile.accepts:
        log.warning(
            "the stream has another codec than the document asked for; it is believed",
            call=call_id,
            asked=str(declared.inbound),
            got=str(line.inbound),
        )
    return line


async def claim(
    exchange: Exchange, admitted: Admitted, started: StreamStarted, line: StreamFormat
) -> None:
    """Spend the token on this stream; a call whose answer nobody has told was answered by then.

    Raises RequestRefused, and then the token is not spent.
    """
    async with exchange.database.write() as conn:
        call = await open_to_streams(conn, exchange, admitted.call.id)
        if call is None:
            raise RequestRefused("the call is over")
        if not ids_fit(call, started.carrier_ids):
            raise RequestRefused("the stream is of another call")
        if not await claims.claim(conn, admitted.claims.id, call.id, started.stream, now()):
            raise RequestRefused("the stream token is spent")
        if call.owner != exchange.instances.name:
            await calls.change(conn, call.id, owner=exchange.instances.name)
        facts: dict[str, object] = {"profile": admitted.profile.name, "format": str(line.inbound)}
        kept = facts | corrections(admitted.profile.format, line)
        kept |= silences.after_answer(call, exchange.clock.speed)
        await timeline.append(conn, call.id, "stream-started", kept, now())
        await notifying.tell(exchange, conn, call, Told("stream.started", facts))
    exchange.work_is_due.set()
    if call.status is not CallStatus.IN_PROGRESS:
        event = CallAnswered(key=f"answered-by-stream:{call.id}", carrier_ids=started.carrier_ids)
        await inbox.apply(exchange, call, [event])


def corrections(declared: StreamFormat, line: StreamFormat) -> dict[str, str]:
    """For the record: what had been asked for, where the stream's opening message says otherwise."""
    if line == declared:
        return {}
    one = declared.inbound == declared.outbound
    both = f"{declared.inbound} in and {declared.outbound} out"
    return {"asked": str(declared.inbound) if one else both}


async def attach(
    exchange: Exchange,
    admitted: Admitted,
    line: StreamFormat,
    protocol: StreamProtocol,
    send: Callable[[str | bytes], None],
    close_socket: Callable[[str], None],
) -> StreamSession:
    """Put a claimed stream under its call; the first one starts the agent."""
    session = StreamSession(
        profile=admitted.profile,
        protocol=protocol,
        codec=Codec(line, exchange.agents.rate(admitted.call.agent)),
        send=send,
        shut=close_socket,
        clock=exchange.clock,
        tap=exchange.taps.of(admitted.call.id, line, exchange.clock.now()),
        rouse=exchange.ticker.add,
    )
    live = await running.live_call(exchange, admitted.call, running.HERE)
    live.attach(session)
    if admitted.call.enhance is not None:
        opening = enhancers.enhance(exchange.plugins, admitted.call, line, session)
        exchange.tasks.start(opening, "noise enhancement")
    return session


async def detach(
    exchange: Exchange, admitted: Admitted, session: StreamSession, reason: str
) -> None:
    """The stream is gone; for a short while its token may be claimed again."""
    exchange.ticker.remove(session.tick)
    session.lost(reason)
    await gone(exchange, admitted, {"reason": reason, **session.counters.figures()})


async def gone(exchange: Exchange, admitted: Admitted, facts: dict[str, Any]) -> None:
    """A stream is gone, with its figures: they stand on the record, and the call is watched."""
    count_dropped(exchange, admitted, facts.get("dropped", {}))
    if admitted.call.id in exchange.lives:
        exchange.tasks.start(endings.watch_lost_stream(exchange, admitted.call), "lost stream")
    over(exchange, admitted, facts)
    await _let_go(exchange, admitted, facts)


def unopened(
    exchange: Exchange, admitted: Admitted, reason: str, dropped: Mapping[str, int]
) -> None:
    """A socket that was let in is gone, and has opened no stream."""
    count_dropped(exchange, admitted, dropped)
    over(exchange, admitted, {"reason": reason, "dropped": dict(dropped)})
    exchange.refusals.note(admitted.call.id, UNOPENED, reason)
    log.warning("a media socket opened no stream", call=admitted.call.id, reason=reason)


def over(exchange: Exchange, admitted: Admitted, facts: dict[str, object]) -> None:
    """A socket is gone, for the flight record."""
    if exchange.flights is not None:
        exchange.flights.stream_over(admitted.call, admitted.claims.id, facts)


async def abandon(exchange: Exchange, admitted: Admitted, reason: str) -> None:
    """A claimed stream could not be put under its call."""
    await _let_go(exchange, admitted, {"reason": reason})


async def _let_go(exchange: Exchange, admitted: Admitted, facts: dict[str, object]) -> None:
    at = now()

    async def write() -> None:
        async with exchange.database.write() as conn:
            call = await calls.get(conn, admitted.call.id)  # locked first, as `claim` does
            await claims.release(conn, admitted.claims.id, at)
            lines = await timeline.of_call(conn, admitted.call.id)
            kept = facts | silences.silence(lines, facts)
            await timeline.append(conn, admitted.call.id, "stream-ended", kept, at)
            await notifying.stream_ended(exchange, conn, call, facts)
        exchange.work_is_due.set()

    await or_later(exchange, write, "let a stream go")


def count_dropped(exchange: Exchange, admitted: Admitted, dropped: Mapping[str, int]) -> None:
    """Messages that could not be used, into the metrics."""
    for reason, times in dropped.items():
        exchange.metrics.drop(admitted.call.provider, reason, times)

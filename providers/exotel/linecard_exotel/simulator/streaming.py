"""Opens the socket of a stream, carries it, and says what became of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard.simulator.mediasocket import MediaSocket, SocketRefused, open_socket
from linecard_exotel.simulator.answering import live_line
from linecard_exotel.simulator.calls import StreamFacts
from linecard_exotel.simulator.recordings import (
    Recording,
    RecordingOrder,
    start_recording,
    stop_recording,
    told_url,
)
from linecard_exotel.simulator.shapes import check_parameters, sample_rate
from linecard_exotel.simulator.streams import BY_APPLICATION, NORMAL, LiveStream
from linecard_exotel.simulator.switch import AGENT

if TYPE_CHECKING:
    from linecard_exotel.simulator.addresses import Address
    from linecard_exotel.simulator.calls import Call
    from linecard_exotel.simulator.switch import Switch

TRIES = 2
TRY_AGAIN_SECONDS = 0.5
PROPER = frozenset({1000, 1001, 1005})
FULL_STREAM = "stream limit of 60 minutes"


async def run_stream(switch: Switch, call: Call, address: Address, *, records: bool) -> StreamFacts:
    """The whole life of a stream; what became of it is also left at the call."""
    call.last_stream = StreamFacts(status="failed", url=address.url)
    try:
        _check(switch, address.url)
        socket = await _connect(switch, call, address)
    except (SocketRefused, ValueError) as error:
        call.last_stream = StreamFacts(status="failed", url=address.url, error=str(error))
        return call.last_stream
    stream = LiveStream(switch, call, address.url, socket)
    switch.playbacks.setdefault(call.sid, []).append(stream.playback)
    await _carry(switch, call, stream, socket, records=records)
    return call.last_stream


def _check(switch: Switch, url: str) -> None:
    """Raise ValueError for an address, or at a moment, with which no stream can be."""
    check_parameters(url)
    sample_rate(url)
    if switch.live_streams >= switch.quirks.throttle_limit:
        raise ValueError(f"all {switch.quirks.throttle_limit} streams of the account are in use")


async def _connect(switch: Switch, call: Call, address: Address) -> MediaSocket:
    """The socket, at the second try at the latest. Raises SocketRefused."""
    for attempt in range(1, TRIES + 1):
        try:
            return await open_socket(
                address.url, address.headers, switch.faults, switch.clock, AGENT
            )
        except SocketRefused as error:
            facts = {"attempt": attempt, "url": address.url, "detail": str(error)}
            switch.ledger.write(What.STREAM_REFUSED, call.sid, **facts)
            if attempt == TRIES:
                raise
        await switch.clock.sleep(TRY_AGAIN_SECONDS)
    raise SocketRefused("never tried")


async def _carry(
    switch: Switch, call: Call, stream: LiveStream, socket: MediaSocket, *, records: bool
) -> None:
    """Move audio until the stream, or the call, is over."""
    started = switch.clock.unix()
    recording = _attach(switch, call, stream, records=records)
    workers = [
        switch.tasks.start(stream.send_all(), "stream sender"),
        switch.tasks.start(stream.receive_all(), "stream receiver"),
    ]
    try:
        async with switch.clock.timeout(switch.quirks.stream_limit):
            await stream.ended.wait()
    except TimeoutError:
        stream.end(FULL_STREAM)
    finally:
        stream.end("the call is over")
        _detach(switch, call, stream, recording)
        seconds = switch.clock.unix() - started
        call.last_stream = _facts(switch, call, stream, seconds, recording)
        reason = "callended" if call.is_over else "stopped"
        switch.tasks.start(_close(stream, socket, workers, reason), "closing a socket")


def _attach(switch: Switch, call: Call, stream: LiveStream, *, records: bool) -> Recording | None:
    line = live_line(call)
    call.stream = stream
    stream.open()
    line.add(stream)
    line.taps.append(stream)
    line.digit_listeners.append(stream.press)
    switch.ledger.write(
        What.STREAM_OPENED,
        call.sid,
        stream=stream.sid,
        url=stream.url,
        at=line.handset.position,
    )
    return start_recording(switch, call, RecordingOrder()) if records else None


def _detach(switch: Switch, call: Call, stream: LiveStream, recording: Recording | None) -> None:
    line = live_line(call)
    call.stream = None
    line.remove(stream)
    line.untap(stream)
    line.digit_listeners.remove(stream.press)
    if recording is not None:
        stop_recording(switch, recording, "the stream is over")
    playback = stream.playback
    switch.ledger.write(
        What.STREAM_CLOSED,
        call.sid,
        stream=stream.sid,
        why=stream.why,
        frames=stream.sent,
        unsent=stream.unsent,
        errors=stream.errors,
        taken=playback.taken,
        played=len(playback.played),
        unplayed=playback.waiting,
        overflowed=playback.overflowed,
        underruns=playback.underruns,
    )


def _facts(
    switch: Switch, call: Call, stream: LiveStream, seconds: float, recording: Recording | None
) -> StreamFacts:
    error = _error(stream)
    by_bot = stream.why == BY_APPLICATION and not error
    return StreamFacts(
        sid=stream.sid,
        status="failed" if error else "completed",
        seconds=seconds,
        url=stream.url,
        by="bot" if by_bot else "user" if call.was_hung_up else "NA",
        error=error,
        recording=told_url(switch, recording),
    )


def _error(stream: LiveStream) -> str:
    """What was wrong with the end of a stream; empty for a proper one."""
    if stream.close_code != NORMAL:
        return stream.why
    if stream.why == BY_APPLICATION and stream.closed_with not in PROPER:
        return f"the socket was closed with {stream.closed_with}"
    return ""


async def _close(
    stream: LiveStream, socket: MediaSocket, workers: list[asyncio.Task[None]], reason: str
) -> None:
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    if stream.why != BY_APPLICATION:
        await stream.send_stop(reason)
    await socket.close(stream.close_code)

"""<Stream>: opens the socket, carries it beside or in front of the document, and reports."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from linecard.simulator.courier import Webhook
from linecard.simulator.handset import plain
from linecard.simulator.ledger import What
from linecard.simulator.mediasocket import MediaSocket, SocketRefused, open_socket
from linecard.simulator.overrides import ONCE
from linecard_plivo.simulator.answering import live_line
from linecard_plivo.simulator.codes import END_OF_XML, EndCall, Ending, Source
from linecard_plivo.simulator.recordings import stop_all
from linecard_plivo.simulator.streams import DEFAULT_TYPE, LiveStream, StreamOrder
from linecard_plivo.simulator.switch import AGENT

if TYPE_CHECKING:
    from linecard_plivo.simulator.calls import Call, Next
    from linecard_plivo.simulator.reader import Element
    from linecard_plivo.simulator.switch import Switch

TRIES = 3
TRY_AGAIN_SECONDS = 0.5
GUIDE_WORDS = {"StartStream": "started", "StopStream": "stopped", "DroppedStream": "failed"}


async def run_stream(switch: Switch, call: Call, element: Element) -> Next | None:
    """Stream. With keepCallAlive the document waits for its end; else it goes on at once."""
    order = StreamOrder.read(element)
    if element["contentType"] is None:
        switch.ledger.write(What.NOTE, call.uuid, text=f"no contentType: taken as {DEFAULT_TYPE}")
    if call.has_stream:
        switch.ledger.write(What.NOTE, call.uuid, text="a second stream at once: passed over")
        return None
    if not order.keeps_call:
        beside = switch.tasks.start(_open_and_carry(switch, call, order), "stream")
        call.beside = beside
        call.over.add_done_callback(lambda _: beside.cancel())
        return None
    was_open = await _open_and_carry(switch, call, order)
    return _afterwards(switch, call, was_open=was_open)


def _afterwards(switch: Switch, call: Call, *, was_open: bool) -> Next | None:
    wanted = call.take_wanted()
    if wanted is not None and switch.quirks.transfer_ends_recordings:
        stop_all(switch, call, "transfer")
    if wanted is None and was_open and not switch.quirks.tail_runs:
        raise EndCall(Ending(END_OF_XML, Source.XML))
    return wanted


async def _open_and_carry(switch: Switch, call: Call, order: StreamOrder) -> bool:
    """The whole life of a stream; false when it never opened."""
    socket = await _connect(switch, call, order)
    if socket is None:
        _report(switch, call, order, "", "DroppedStream", "connection_failed")
        return False
    stream = LiveStream(switch, call, order, socket, partial(_degraded, switch, call, order))
    switch.playbacks.setdefault(call.uuid, []).append(stream.playback)
    await _carry(switch, call, stream, socket)
    _report(switch, call, order, stream.id, "StopStream", "completed")
    return True


async def _connect(switch: Switch, call: Call, order: StreamOrder) -> MediaSocket | None:
    headers = switch.signer.socket(order.url)
    for attempt in range(1, TRIES + 1):
        try:
            return await open_socket(order.url, headers, switch.faults, switch.clock, AGENT)
        except SocketRefused as error:
            switch.ledger.write(
                What.STREAM_REFUSED, call.uuid, attempt=attempt, url=order.url, detail=str(error)
            )
        if attempt < TRIES:
            await switch.clock.sleep(TRY_AGAIN_SECONDS)
    return None


async def _carry(switch: Switch, call: Call, stream: LiveStream, socket: MediaSocket) -> None:
    """Move audio until the stream, or the call, is over."""
    _attach(switch, call, stream)
    workers = [
        switch.tasks.start(stream.send_all(), "stream sender"),
        switch.tasks.start(stream.receive_all(), "stream receiver"),
    ]
    try:
        async with switch.clock.timeout(stream.order.timeout):
            await stream.ended.wait()
    except TimeoutError:
        stream.end("streamTimeout")
    finally:
        stream.end("the call is over")
        _detach(switch, call, stream)
        switch.tasks.start(_close(stream, socket, workers), "closing a socket")


def _attach(switch: Switch, call: Call, stream: LiveStream) -> None:
    line = live_line(call)
    call.stream = stream
    stream.open()
    if stream.order.is_two_way:
        line.add(stream)
    line.taps.append(stream)
    line.digit_listeners.append(stream.press)
    switch.ledger.write(
        What.STREAM_OPENED,
        call.uuid,
        stream=stream.id,
        url=stream.order.url,
        at=line.handset.position,
    )
    _report(switch, call, stream.order, stream.id, "StartStream", "")


def _detach(switch: Switch, call: Call, stream: LiveStream) -> None:
    line = live_line(call)
    call.stream = None
    line.remove(stream)
    line.untap(stream)
    line.digit_listeners.remove(stream.press)
    playback = stream.playback
    switch.ledger.write(
        What.STREAM_CLOSED,
        call.uuid,
        stream=stream.id,
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


async def _close(
    stream: LiveStream, socket: MediaSocket, workers: list[asyncio.Task[None]]
) -> None:
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    await stream.send_stop()
    await socket.close()


def _degraded(switch: Switch, call: Call, order: StreamOrder, fill: float) -> None:
    stream = call.stream.id if call.stream else ""
    _report(switch, call, order, stream, "DegradedStream", f"buffer {fill:.0%} full")


def _report(
    switch: Switch, call: Call, order: StreamOrder, stream: str, event: str, reason: str
) -> None:
    """Post a stream's status; its address takes no overrides and is never tried again."""
    if order.status is None:
        return
    word = event if switch.quirks.stream_words == "StartStream" else GUIDE_WORDS.get(event, event)
    fields = (
        ("Event", word),
        ("CallUUID", call.uuid),
        ("StreamID", stream),
        ("ServiceURL", order.url),
        ("Timestamp", str(round(switch.clock.unix() * 1000))),
        ("From", plain(call.from_)),
        ("To", plain(call.to)),
        ("Direction", call.direction),
        ("StatusReason", reason),
    )
    switch.courier.tell(
        Webhook(
            url=order.status.url,
            method=order.status.method,
            fields=fields,
            kind=f"stream {word}",
            call=call.uuid,
            policy=ONCE,
        )
    )

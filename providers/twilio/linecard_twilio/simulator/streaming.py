"""<Connect><Stream> and <Start><Stream>: open the socket, carry it, report on it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from linecard.simulator.ledger import What
from linecard.simulator.loopback import is_loopback_url
from linecard.simulator.mediasocket import MediaSocket, SocketRefused, open_socket
from linecard_twilio.simulator.answering import live_line
from linecard_twilio.simulator.documents import absolute, after_action, callback_address
from linecard_twilio.simulator.endings import END_OF_DOCUMENT, EndCall
from linecard_twilio.simulator.fields import Fields
from linecard_twilio.simulator.reporting import notify
from linecard_twilio.simulator.streams import TRACKS, LiveStream, StreamOrder
from linecard_twilio.simulator.switch import SOCKET_AGENT

if TYPE_CHECKING:
    from linecard_twilio.simulator.calls import Call, Next
    from linecard_twilio.simulator.reader import Element
    from linecard_twilio.simulator.switch import Switch

HANDSHAKE, BAD_SCHEME, BAD_TRACK = 31920, 31922, 31941
MOST_TRACKS = 4
SCHEMES = {"http": "ws", "https": "wss"}


def read_order(call: Call, element: Element, *, is_two_way: bool) -> StreamOrder:
    """What a <Stream> asks for."""
    return StreamOrder(
        url=_socket_url(absolute(call, element["url"])),
        name=element["name"],
        is_two_way=is_two_way,
        tracks=TRACKS[element["track"]],
        parameters={child["name"]: child["value"] for child in element.children},
        status=callback_address(call, element, "statusCallback"),
    )


def _socket_url(url: str) -> str:
    # A relative address was made absolute against a document's, which is http.
    scheme, *rest = urlsplit(url)
    return urlunsplit((SCHEMES.get(scheme, scheme), *rest))


async def run_connect(switch: Switch, call: Call, element: Element) -> Next | None:
    """A two-way stream: what follows runs only once the application has closed the socket."""
    order = read_order(call, element.children[0], is_two_way=True)
    sid = await carry_stream(switch, call, order)
    action = after_action(call, element, "connect action", (("StreamSid", sid),))
    if action is not None and switch.quirks.connect_action_runs:
        return action
    if action is not None or not switch.quirks.tail_runs:
        raise EndCall(END_OF_DOCUMENT)
    return None


def start_beside(switch: Switch, call: Call, order: StreamOrder) -> str:
    """A one-way stream beside the document; its sid."""
    sid = switch.ids.sid("MZ")
    running = sum(
        len(stream.order.tracks) for stream in call.streams.values() if not stream.order.is_two_way
    )
    if (order.name and order.name in _names(call)) or running + len(order.tracks) > MOST_TRACKS:
        _fail(switch, call, order, sid, 21001, "the name is taken, or four tracks run already")
        return sid
    switch.tasks.start(carry_stream(switch, call, order, sid), "one-way stream")
    return sid


def _names(call: Call) -> set[str]:
    return {stream.order.name for stream in call.streams.values()}


def stop_named(call: Call, name: str) -> bool:
    """End the one-way streams of a name or sid; whether there was one."""
    found = [
        s for s in call.streams.values() if name in (s.sid, s.order.name) and not s.order.is_two_way
    ]
    for stream in found:
        stream.end("stopped")
    return bool(found)


async def carry_stream(switch: Switch, call: Call, order: StreamOrder, sid: str = "") -> str:
    """The whole life of a stream; its sid, whether it opened or not."""
    sid = sid or switch.ids.sid("MZ")
    socket = await _connect(switch, call, order, sid)
    if socket is not None and call.is_over:
        await socket.close()
    elif socket is not None:
        await _carry(switch, call, LiveStream(switch, call, sid, order, socket), socket)
    return sid


async def _connect(switch: Switch, call: Call, order: StreamOrder, sid: str) -> MediaSocket | None:
    fault = _refusal(order)
    if fault is None and urlsplit(order.url).query and switch.quirks.stream_query == "refused":
        fault = HANDSHAKE, "a query string on the stream's address"
    if fault is not None:
        _fail(switch, call, order, sid, *fault)
        return None
    url = _called(switch, call, order.url)
    headers = switch.signer.socket(url)
    try:
        return await open_socket(url, headers, switch.faults, switch.clock, SOCKET_AGENT)
    except SocketRefused as error:
        _fail(switch, call, order, sid, HANDSHAKE, str(error))
        return None


def _refusal(order: StreamOrder) -> tuple[int, str] | None:
    if order.is_two_way and order.tracks != ("inbound",):
        return BAD_TRACK, "a two-way stream has the inbound track only"
    is_secure = order.url.startswith("wss://")
    if not is_secure and not (order.url.startswith("ws://") and is_loopback_url(order.url)):
        return BAD_SCHEME, f"{order.url!r} is no wss address"
    return None


def _called(switch: Switch, call: Call, url: str) -> str:
    """The address as it is called: without its query."""
    scheme, host, path, query, _ = urlsplit(url)
    if query:
        switch.ledger.write(What.NOTE, call.root, text="the stream's query string is dropped")
    return urlunsplit((scheme, host, path, "", ""))


def _fail(switch: Switch, call: Call, order: StreamOrder, sid: str, code: int, why: str) -> None:
    facts = {"attempt": 1, "url": order.url, "code": code, "detail": f"{code}: {why}"}
    switch.ledger.write(What.STREAM_REFUSED, call.root, **facts)
    _report(switch, call, order, sid, "stream-error", f"{code} {why}")


async def _carry(switch: Switch, call: Call, stream: LiveStream, socket: MediaSocket) -> None:
    """Move audio until the stream, or the call, is over."""
    _attach(switch, call, stream)
    workers = [
        switch.tasks.start(stream.send_all(), "stream sender"),
        switch.tasks.start(stream.receive_all(), "stream receiver"),
    ]
    try:
        await stream.ended.wait()
    finally:
        stream.end("the call goes on elsewhere" if call.is_live else "the call is over")
        _detach(switch, call, stream)
        switch.tasks.start(_close(stream, socket, workers), "closing a socket")


def _attach(switch: Switch, call: Call, stream: LiveStream) -> None:
    line = live_line(call)
    call.streams[stream.sid] = stream
    stream.open()
    if stream.order.is_two_way:
        switch.playbacks.setdefault(call.sid, []).append(stream.playback)
        line.add(stream)
        line.digit_listeners.append(stream.press)
    line.taps.append(stream)
    facts = {"stream": stream.sid, "url": stream.order.url, "at": line.handset.position}
    switch.ledger.write(What.STREAM_OPENED, call.root, **facts)
    _report(switch, call, stream.order, stream.sid, "stream-started", "")


def _detach(switch: Switch, call: Call, stream: LiveStream) -> None:
    line = live_line(call)
    call.streams.pop(stream.sid, None)
    line.remove(stream)
    line.untap(stream)
    if stream.order.is_two_way:
        line.digit_listeners.remove(stream.press)
    playback = stream.playback
    switch.ledger.write(
        What.STREAM_CLOSED,
        call.root,
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
    _report(switch, call, stream.order, stream.sid, "stream-stopped", "")


async def _close(
    stream: LiveStream, socket: MediaSocket, workers: list[asyncio.Task[None]]
) -> None:
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    await stream.send_stop()
    await socket.close()


def _report(
    switch: Switch, call: Call, order: StreamOrder, sid: str, event: str, error: str
) -> None:
    """The stream's own status callback."""
    fields: Fields = (
        ("AccountSid", switch.credentials.account_sid),
        ("CallSid", call.sid),
        ("StreamSid", sid),
        ("StreamName", order.name or sid),
        ("StreamEvent", event),
        *((("StreamError", error),) if error else ()),
        ("Timestamp", timestamp(switch)),
    )
    notify(switch, call.root, order.status, event, fields)


def timestamp(switch: Switch) -> str:
    """ISO 8601 in UTC, as stream callbacks have it."""
    moment = datetime.fromtimestamp(switch.clock.unix(), UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

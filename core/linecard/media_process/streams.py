"""Media sockets that reach a pod: the server judges them, and the pod carries them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import structlog
from starlette.websockets import WebSocketDisconnect

from linecard.enhancing.enhancers import enhance
from linecard.errors import LinecardError, RequestRefused
from linecard.exchange.streams import line_of, opening
from linecard.http.carrying import why_unopened
from linecard.media.codec import Codec
from linecard.media.session import StreamSession
from linecard.media_process.talking import running_call
from linecard.tokens import open_pod_stream

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from starlette.types import Scope

    from linecard.http.carrying import Carry, Socket
    from linecard.media_process.pod import Admitted, Pod

log = structlog.get_logger()


async def judge(pod: Pod, provider: str, token: str, scope: Scope) -> Carry | None:
    """What carries the socket of a handshake; None for one that gets 403."""
    try:
        return partial(carry, pod, await _admitted(pod, provider, token, scope))
    except LinecardError as refusal:
        log.warning("media socket refused", provider=provider, reason=str(refusal))
        return None


async def _admitted(pod: Pod, provider: str, token: str, scope: Scope) -> Admitted:
    place = pod.place
    claims = open_pod_stream(place.keys.values(), place.name, token, time.time())
    if claims.pod != place.name:
        raise RequestRefused("the stream token is for another pod")
    if pod.carrying is not None and pod.carrying.call.id != claims.call:
        raise RequestRefused("this pod carries another call")
    if pod.link is None:
        raise RequestRefused("the server is not there")
    told = await pod.link.ask("admit", provider=provider, token=token, **_handshake(scope))
    return pod.take(told)


def _handshake(scope: Scope) -> dict[str, object]:
    """What the server judges: the path and query as they were sent, and the headers."""
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    ]
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope.get("query_string", b"")
    return {"path": raw.decode("latin-1"), "query": query.decode("latin-1"), "headers": headers}


async def carry(pod: Pod, admitted: Admitted, socket: Socket) -> None:
    """Open the stream and carry it until the socket is gone."""
    carrying = asyncio.current_task()
    assert carrying is not None
    pod.carries.add(carrying)
    try:
        if not admitted.is_to_end:
            await _carry(pod, admitted, socket)
    except Exception:
        log.exception("a media socket failed; its stream is over", call=admitted.call.id)
    finally:
        await socket.finish()
        pod.carries.discard(carrying)


async def _carry(pod: Pod, admitted: Admitted, socket: Socket) -> None:
    dropped: Counter[str] = Counter()
    figures: dict[str, object] = {}
    try:
        session = await _opened(pod, admitted, socket, dropped)
        reason = "a fault of ours"
        try:
            reason = await socket.read_all(session.receive)
        finally:
            _leave(pod, admitted, session, reason)
            figures = session.counters.figures() | {"reason": reason}
    except (TimeoutError, WebSocketDisconnect, LinecardError) as error:
        figures = {"reason": why_unopened(error), "dropped": dict(dropped)}
    finally:
        await _tell_closed(pod, admitted, figures)


async def _tell_closed(pod: Pod, admitted: Admitted, figures: Mapping[str, object]) -> None:
    assert pod.link is not None
    if not pod.link.is_lost:
        await pod.link.ask("closed", token=admitted.token, figures=figures)


def _leave(pod: Pod, admitted: Admitted, session: StreamSession, reason: str) -> None:
    assert pod.carrying is not None
    pod.carrying.ticker.remove(session.tick)
    session.lost(reason)
    pod.sessions.pop(admitted.token, None)


async def _opened(
    pod: Pod, admitted: Admitted, socket: Socket, dropped: Counter[str]
) -> StreamSession:
    """Raises TimeoutError, WebSocketDisconnect or what the server refuses."""
    assert pod.carrying is not None
    assert pod.link is not None
    protocol = admitted.relay.hooks.open_stream(admitted.profile)
    async with pod.carrying.clock.timeout(admitted.profile.start_seconds):
        started, rest = await opening(protocol, socket.receive, dropped)
    line = line_of(admitted.profile, admitted.call.id, started)
    facts = {"started": msgspec.to_builtins(started), "line": msgspec.to_builtins(line)}
    told: Mapping[str, Any] = await pod.link.ask("opened", token=admitted.token, **facts)
    session = StreamSession(
        profile=admitted.profile,
        protocol=protocol,
        codec=Codec(line, _rate(pod, admitted)),
        send=socket.send,
        shut=socket.close,
        clock=pod.carrying.clock,
        tap=pod.carrying.taps.of(admitted.call.id, line, pod.carrying.clock.now()),
        rouse=pod.carrying.ticker.add,
    )
    session.counters.dropped.update(dropped)
    pod.sessions[admitted.token] = session
    running_call(pod, told).attach(session)
    if admitted.call.enhance is not None:
        work = enhance(pod.plugins, admitted.call, line, session)
        pod.tasks.start(work, "noise enhancement")
    session.take(rest)
    return session


def _rate(pod: Pod, admitted: Admitted) -> int | None:
    """The agent's own rate; one that is not here ends the call when it is to be started."""
    name = pod.live.agent if pod.live is not None else admitted.call.agent
    return pod.agents.rate(name)

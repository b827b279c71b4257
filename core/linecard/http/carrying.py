"""From a socket that was let in to its stream's end, whichever lane the socket is on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Protocol

import structlog
from starlette.datastructures import Headers
from starlette.types import Scope
from starlette.websockets import WebSocketDisconnect

from linecard.errors import RequestRefused
from linecard.exchange import streams, watchdog
from linecard.exchange.admission import Admitted, admit
from linecard.exchange.context import Exchange
from linecard.http.callers import caller
from linecard.http.webhooks import public_url
from linecard.media.session import StreamSession
from linecard.webhook import CarrierRequest

log = structlog.get_logger()

LARGEST_MESSAGE = 256 * 1024
"""Bytes; a larger message closes its socket with 1009."""
SEND_SECONDS = 5.0
"""A peer that takes nothing for so long is gone: a dead one blocks for ever otherwise."""
CLOSE_SECONDS = 1.0
"""A peer that has not answered our close, nor taken what was sent before it, is cut off."""


class Socket(Protocol):
    """An accepted socket: what its stream needs of it."""

    async def receive(self) -> str | bytes:
        """The next message, before `read_all`. Raises WebSocketDisconnect at the end."""
        ...

    async def read_all(self, take: Callable[[str | bytes], None]) -> str:
        """Hand over every message until the socket is gone; why it went."""
        ...

    def send(self, message: str | bytes) -> None:
        """Send without waiting; a peer that takes nothing is cut off."""
        ...

    def close(self, reason: str = "") -> None:
        """Close once all that was sent before is out; safe to repeat."""
        ...

    async def finish(self) -> None:
        """Close if nobody has."""
        ...


Carry = Callable[[Socket], Coroutine[Any, Any, None]]
"""Carries an accepted socket until it is gone."""


async def judge(exchange: Exchange, provider: str, token: str, scope: Scope) -> Carry | None:
    """What carries the socket of a handshake; None, counted and logged, for one that gets 403.

    Of the scope, which either lane has, `raw_path`, `query_string`, `headers` and `client` are read.
    """
    with suppress(RequestRefused), refused(exchange, provider, scope):
        request = handshake(exchange, scope)
        return partial(carry, exchange, await admit(exchange, provider, token, request))
    return None


@contextmanager
def refused(exchange: Exchange, provider: str, scope: Scope) -> Iterator[None]:
    """Count and log a handshake that is refused within; it stays refused."""
    try:
        yield
    except RequestRefused as refusal:
        _refused(exchange, provider, refusal, caller(scope, exchange.settings.trusted_proxies))
        raise


def _refused(exchange: Exchange, provider: str, refusal: RequestRefused, by: str) -> None:
    """Names from outside are counted as one: each would be a line of the metrics for ever."""
    known = provider if provider in exchange.plugins.providers else "unknown"
    exchange.metrics.refused.labels(known).inc()
    exchange.sparing.warning("media socket refused", by=by, provider=known, reason=refusal.reason)


def handshake(exchange: Exchange, scope: Scope) -> CarrierRequest:
    """What a carrier has proved a socket with: a GET of its public address."""
    return CarrierRequest(
        method="GET",
        url="ws" + public_url(exchange, scope).removeprefix("http"),
        headers={name.lower(): value for name, value in Headers(scope=scope).items()},
    )


async def carry(exchange: Exchange, admitted: Admitted, socket: Socket) -> None:
    """Open the stream and carry it until the socket is gone; what fails here fails this stream alone."""
    try:
        await _carry(exchange, admitted, socket)
    except Exception:
        log.exception("a media socket failed; its stream is over", call=admitted.call.id)
    finally:
        await socket.finish()


async def _carry(exchange: Exchange, admitted: Admitted, socket: Socket) -> None:
    session = None if admitted.is_to_end else await _open(exchange, admitted, socket)
    if session is None:
        return
    reason = "a fault of ours"
    watch = exchange.tasks.start(watchdog.watch(exchange, admitted, session), "watch a stream")
    try:
        reason = await socket.read_all(session.receive)
    finally:
        watch.cancel()
        await streams.detach(exchange, admitted, session, reason)


async def _open(exchange: Exchange, admitted: Admitted, socket: Socket) -> StreamSession | None:
    dropped: Counter[str] = Counter()
    try:
        session = await _opened(exchange, admitted, socket, dropped)
    except (TimeoutError, WebSocketDisconnect, RequestRefused) as error:
        streams.unopened(exchange, admitted, why_unopened(error), dropped)
        return None
    session.counters.dropped.update(dropped)
    return session


def why_unopened(error: Exception) -> str:
    """Why a socket that was let in has opened no stream."""
    if isinstance(error, WebSocketDisconnect):
        return error.reason or f"closed by the carrier ({error.code})"
    return "no opening message in time" if isinstance(error, TimeoutError) else str(error)


async def _opened(
    exchange: Exchange, admitted: Admitted, socket: Socket, dropped: Counter[str]
) -> StreamSession:
    protocol = streams.protocol_of(exchange, admitted)
    async with exchange.clock.timeout(admitted.profile.start_seconds):
        started, rest = await streams.opening(protocol, socket.receive, dropped)
    line = streams.line_of(admitted.profile, admitted.call.id, started)
    await streams.claim(exchange, admitted, started, line)
    try:
        session = await streams.attach(
            exchange, admitted, line, protocol, socket.send, socket.close
        )
    except BaseException:
        await streams.abandon(exchange, admitted, "a fault of ours")
        raise
    session.take(rest)
    return session

"""Media sockets that belong to another process, and are passed on to it as they are."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from linecard.errors import RequestRefused
from linecard.tokens import StreamClaims

if TYPE_CHECKING:
    from linecard.exchange.context import Exchange

TellLost = Callable[[StreamClaims], Awaitable[None]]
"""Hears of a stream whose process cannot be reached."""
AskWhere = Callable[[StreamClaims], Awaitable[str | None]]
"""The address of the process that a token's stream belongs to, `host:port` or `unix:/path`; None for this one."""


class Elsewhere:
    """Who is asked where a stream belongs, and how many sockets are passed on now."""

    def __init__(self) -> None:
        self._asked: list[AskWhere] = []
        self._told: list[TellLost] = []
        self._carried = 0

    def __bool__(self) -> bool:
        return bool(self._asked)

    @property
    def carried(self) -> int:
        """How many sockets go through this process to another; each is somebody's call."""
        return self._carried

    def also_ask(self, ask: AskWhere) -> None:
        """Ask this one too, after those before it; the first address counts."""
        self._asked.append(ask)

    def also_tell(self, tell: TellLost) -> None:
        """Tell this one of streams whose process cannot be reached."""
        self._told.append(tell)

    async def lost(self, given: StreamClaims) -> None:
        """The process that a stream belongs to cannot be reached."""
        for tell in self._told:
            await tell(given)

    async def of(self, given: StreamClaims) -> str | None:
        """Where a stream belongs; None for this process."""
        for ask in self._asked:
            address = await ask(given)
            if address is not None:
                return address
        return None

    @contextmanager
    def carrying(self) -> Iterator[None]:
        """A socket is passed on within this block."""
        self._carried += 1
        try:
            yield
        finally:
            self._carried -= 1


async def elsewhere(exchange: Exchange, token: str) -> str | None:
    """The address that the stream of a token belongs to; None for this process, and for no token of ours."""
    given = _claims(exchange, token)
    return None if given is None else await exchange.elsewhere.of(given)


async def unreachable(exchange: Exchange, token: str) -> None:
    """The process that the stream of a token belongs to cannot be reached."""
    given = _claims(exchange, token)
    if given is not None:
        await exchange.elsewhere.lost(given)


def _claims(exchange: Exchange, token: str) -> StreamClaims | None:
    if not exchange.elsewhere:
        return None
    try:
        return exchange.tokens.open_stream(token, time.time())
    except RequestRefused:
        return None

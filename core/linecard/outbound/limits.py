"""Hard stops of outgoing calls, counted from live rows inside the intent's transaction."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from linecard.errors import LimitReached
from linecard.numbers import Cleared, Number, mask
from linecard.store import calls, transfers
from linecard.store.rows import lock_counting
from linecard.wall import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.settings import Settings


async def one_at_a_time(conn: AsyncConnection) -> None:
    """Let no other dial be written beside this one: what is counted from here on stays true."""
    await lock_counting(conn)


async def check(conn: AsyncConnection, settings: Settings, number: Number, to: Cleared) -> None:
    """Raise LimitReached with the limit's name when one more dial would pass it."""
    await _per_minute(conn, settings)
    await _live(conn, settings)
    await _per_number(conn, settings, to)
    await _channels(conn, number)


async def check_transfer(conn: AsyncConnection, settings: Settings, targets: int) -> None:
    """Raise LimitReached when a transfer to so many targets would pass the calls of a minute.

    The day's limit per number is for the people we call: a contact centre takes many transfers.
    """
    await _per_minute(conn, settings, targets)


async def _per_minute(conn: AsyncConnection, settings: Settings, more: int = 1) -> None:
    since = now() - timedelta(minutes=1)
    dialed = await calls.count_dialed(conn, since) + await transfers.count_targets(conn, since)
    if dialed + more > settings.max_calls_per_minute:
        raise LimitReached("LINECARD_MAX_CALLS_PER_MINUTE", f"{dialed} calls in the last minute")


async def _live(conn: AsyncConnection, settings: Settings) -> None:
    live = await calls.count_live(conn)
    if live >= settings.max_live_calls:
        raise LimitReached("LINECARD_MAX_LIVE_CALLS", f"{live} calls are live")


async def _per_number(conn: AsyncConnection, settings: Settings, to: Cleared) -> None:
    dialed = await calls.count_dialed(conn, now() - timedelta(days=1), to.address)
    if dialed >= settings.max_calls_per_number_per_day:
        raise LimitReached(
            "LINECARD_MAX_CALLS_PER_NUMBER_PER_DAY",
            f"{mask(to.address)} was called {dialed} times in a day",
        )


async def _channels(conn: AsyncConnection, number: Number) -> None:
    live = await calls.live_on_number(conn, number.number)
    if live >= number.channels:
        raise LimitReached(
            "channels", f"{live} of {number.channels} channels of the number are in use"
        )

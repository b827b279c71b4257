"""Hard stops of outgoing calls, counted from live rows inside the intent's transaction."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from linecard.errors import LimitReached
from linecard.numbers import Cleared, Number, mask
from linecard.outbound.headroom import Headroom
from linecard.outbound.spending import check_spend
from linecard.settings import AccountLimits
from linecard.store import calls, transfers
from linecard.store.rows import lock_counting
from linecard.wall import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.calls import Call
    from linecard.numbers import AccountKey
    from linecard.settings import Settings


SLACK = 1.05
"""Two requests may be a little closer to each other at the carrier than they were here."""
NEVER = 3600.0
PLACE_SECONDS = 1.0
"""When a place may be free again: nobody knows how long people talk."""


async def one_at_a_time(conn: AsyncConnection) -> None:
    """Let no other dial be written beside this one: what is counted from here on stays true."""
    await lock_counting(conn)


async def check(
    conn: AsyncConnection,
    settings: Settings,
    number: Number,
    to: Cleared,
    pace: float | None,
    places: int | None = None,
) -> None:
    """Raise LimitReached with the limit's name when one more dial would pass it.

    `pace`: the calls a second that the carrier gives the account; None for a call that it may queue.
    `places`: how many calls can be carried at once; None: as many as may be live.
    """
    await check_spend(conn, settings.daily_spend)
    await _per_second(conn, settings, (number.provider, number.account), pace)
    await _per_minute(conn, settings)
    _check_places(places, await _live(conn, settings))
    await _per_number(conn, settings, to)
    await _account_per_minute(conn, settings, (number.provider, number.account))
    await _account_live(conn, settings, (number.provider, number.account))
    await _channels(conn, number)


async def check_arrival(
    conn: AsyncConnection, settings: Settings, number: Number, headroom: Headroom
) -> None:
    """Raise LimitReached when a call that comes in would pass the live calls of the server or account.

    Far from the limit not every call is counted for.
    """
    if not headroom.take():
        headroom.counted(await _live(conn, settings), settings.max_live_calls)
    await _account_live(conn, settings, (number.provider, number.account))


async def check_transfer(
    conn: AsyncConnection, settings: Settings, call: Call, targets: int
) -> None:
    """Raise LimitReached when a transfer to so many targets would pass the calls of a minute.

    The day's limit per number is for the people we call: a contact centre takes many transfers.
    """
    await _per_minute(conn, settings, targets)
    await _account_per_minute(conn, settings, (call.provider, call.account), targets)


async def _per_second(
    conn: AsyncConnection, settings: Settings, account: AccountKey, pace: float | None
) -> None:
    """A limit of the account's own holds for every call, the carrier's for those that are paced."""
    own = _limits_of(settings, account).max_calls_per_second
    rate = pace if own is None else float(own)
    if rate is None:
        return
    most = max(1, int(rate))
    window = SLACK * most / rate if rate > 0 else NEVER
    at = now()
    latest = await calls.last_dialed(conn, at - timedelta(seconds=window), account, most)
    if len(latest) < most and rate > 0:
        return
    room = latest[-1] + timedelta(seconds=window) - at if latest else timedelta(seconds=window)
    name = "calls_per_second" if own is None else _name(account, "max_calls_per_second")
    raise LimitReached(name, f"{rate:g} calls a second", retry_after=room.total_seconds())


async def _per_minute(conn: AsyncConnection, settings: Settings, more: int = 1) -> None:
    dialed = await _dialed_lately(conn)
    if dialed + more > settings.max_calls_per_minute:
        raise LimitReached("LINECARD_MAX_CALLS_PER_MINUTE", f"{dialed} calls in the last minute")


async def _dialed_lately(conn: AsyncConnection, account: AccountKey | None = None) -> int:
    since = now() - timedelta(minutes=1)
    placed = await calls.count_dialed(conn, since, account=account)
    return placed + await transfers.count_targets(conn, since, account)


async def _account_per_minute(
    conn: AsyncConnection, settings: Settings, account: AccountKey, more: int = 1
) -> None:
    limit = _limits_of(settings, account).max_calls_per_minute
    if limit is None:
        return
    dialed = await _dialed_lately(conn, account)
    if dialed + more > limit:
        raise LimitReached(
            _name(account, "max_calls_per_minute"), f"{dialed} calls in the last minute"
        )


async def _account_live(conn: AsyncConnection, settings: Settings, account: AccountKey) -> None:
    limit = _limits_of(settings, account).max_live_calls
    if limit is None:
        return
    live = await calls.count_live(conn, account=account)
    if live >= limit:
        raise LimitReached(_name(account, "max_live_calls"), f"{live} calls are live")


def _limits_of(settings: Settings, account: AccountKey) -> AccountLimits:
    return settings.limits.get(":".join(account), AccountLimits())


def _name(account: AccountKey, limit: str) -> str:
    """The limit as it stands in linecard.toml."""
    return f'limits."{":".join(account)}".{limit}'


async def _live(conn: AsyncConnection, settings: Settings) -> int:
    live = await calls.count_live(conn)
    if live >= settings.max_live_calls:
        raise LimitReached("LINECARD_MAX_LIVE_CALLS", f"{live} calls are live")
    return live


def _check_places(places: int | None, live: int) -> None:
    """A call that nobody could carry at its answer is not dialled. Calls that come in take places, and are never refused here."""
    if places is not None and live >= places:
        raise LimitReached(
            f"--pods {places}",
            f"{live} calls are live, and there are places for {places}: wait until one is over, "
            "or start the server with more pods",
            retry_after=PLACE_SECONDS,
        )


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

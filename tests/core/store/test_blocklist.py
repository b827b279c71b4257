"""The blocklist: whom it fits, in SQLite and PostgreSQL; and the calls of one caller."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from linecard.calls import Call, CallStatus, Direction
from linecard.errors import Conflict, NotFound
from linecard.numbers import Blocks, Number
from linecard.store import Database, blocklist, calls, numbers
from linecard.store.blocklist import Blocked
from linecard.tokens import new_id

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
OURS, CALLER = "+14155550100", "+14155550123"


def entry(caller: str, direction: Blocks = Blocks.BOTH) -> Blocked:
    return Blocked(id=new_id(), caller=caller, direction=direction, note=None, created_at=NOW)


async def test_the_longest_entry_that_fits_is_told(database: Database) -> None:
    async with database.write() as conn:
        for caller in ("+1*", "+1415*", "+14155550199"):
            await blocklist.add(conn, entry(caller))
        with pytest.raises(Conflict):
            await blocklist.add(conn, entry("+1415*"))
    async with database.read() as conn:
        asked = ("+14155550199", CALLER, "+12125550100", "+442071838750", None)
        told = [await blocklist.fitting(conn, caller, Direction.INBOUND) for caller in asked]
        assert told == ["+14155550199", "+1415*", "+1*", None, None]
        assert len((await blocklist.page(conn, 2, None)).items) == 2
    async with database.write() as conn:
        await blocklist.remove(conn, "+1415*")
        assert await blocklist.fitting(conn, CALLER, Direction.INBOUND) == "+1*"
        with pytest.raises(NotFound):
            await blocklist.remove(conn, "+1415*")


async def test_an_entry_holds_one_way_or_both(database: Database) -> None:
    async with database.write() as conn:
        await blocklist.block_too(conn, entry(CALLER, Blocks.OUTBOUND))
        await blocklist.add(conn, entry("+1415*", Blocks.INBOUND))
        assert await blocklist.fitting(conn, CALLER, Direction.OUTBOUND) == CALLER
        assert await blocklist.fitting(conn, CALLER, Direction.INBOUND) == "+1415*"
        assert await blocklist.fitting(conn, "+14155550124", Direction.OUTBOUND) is None
        await blocklist.block_too(conn, entry(CALLER, Blocks.OUTBOUND))
        assert await blocklist.fitting(conn, CALLER, Direction.INBOUND) == "+1415*"
        await blocklist.block_too(conn, entry(CALLER, Blocks.INBOUND))
        both = [await blocklist.fitting(conn, CALLER, one) for one in Direction]
        assert both == [CALLER, CALLER]
        assert len((await blocklist.page(conn, 9, None)).items) == 2


async def test_routing_and_routes_are_kept(database: Database) -> None:
    routing = {"rules": [{"caller": "withheld", "do": "busy"}]}
    number = Number(
        id="n", number=OURS, provider="p", account="main", agent="echo", routing=routing
    )
    call = Call(
        id="c",
        provider="p",
        account="main",
        direction=Direction.INBOUND,
        from_=CALLER,
        to=OURS,
        number=OURS,
        agent="",
        profile="any",
        status=CallStatus.RINGING,
        created_at=NOW,
        route={"action": {"do": "busy"}},
    )
    async with database.write() as conn:
        await numbers.add(conn, number)
        await calls.add(conn, call)
    async with database.read() as conn:
        assert await numbers.get(conn, OURS) == number
        assert await calls.get(conn, "c") == call
        since = NOW - timedelta(seconds=60)
        assert await calls.count_arrived(conn, since, CALLER, OURS) == 1
        assert await calls.count_arrived(conn, since, "+14155550124", OURS) == 0
        assert await calls.count_arrived(conn, NOW + timedelta(seconds=1), CALLER, OURS) == 0

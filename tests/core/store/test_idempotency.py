"""Keys of repeated requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from linecard.errors import Conflict
from linecard.store import Database, KeptKey, idempotency

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
DAY = timedelta(hours=24)


async def test_a_key_stands_for_its_request_for_a_day(database: Database) -> None:
    async with database.write() as conn:
        await idempotency.keep(conn, "key", "hash", "call-1", AT)
        kept = KeptKey(body_hash="hash", call_id="call-1")
        assert await idempotency.find(conn, "key", AT) == kept
        assert await idempotency.find(conn, "key", AT + timedelta(seconds=1)) is None
        assert await idempotency.find(conn, "other", AT) is None


async def test_a_key_in_use_is_not_taken_over(database: Database) -> None:
    async with database.write() as conn:
        await idempotency.keep(conn, "key", "hash", "call-1", AT)
        with pytest.raises(Conflict, match="key"):
            await idempotency.keep(conn, "key", "hash", "call-2", AT + DAY)


async def test_an_old_key_may_be_used_again(database: Database) -> None:
    later = AT + DAY + timedelta(seconds=1)
    async with database.write() as conn:
        await idempotency.keep(conn, "key", "hash", "call-1", AT)
        await idempotency.keep(conn, "key", "other", "call-2", later)
        found = await idempotency.find(conn, "key", later)
    assert found == KeptKey(body_hash="other", call_id="call-2")

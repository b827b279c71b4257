"""Documents kept for repeats."""

from __future__ import annotations

from collections.abc import Callable

from linecard.calls import Call
from linecard.store import Database, KeptDocument, calls, documents

BODY = "<Response>é</Response>\0".encode()


async def test_a_repeat_gets_the_first_bytes(
    database: Database, make_call: Callable[..., Call]
) -> None:
    first = KeptDocument(status=200, content_type="application/xml", body=BODY)
    async with database.write() as conn:
        await calls.add(conn, make_call())
        given = await documents.put(conn, "call-1", "next", "t1", 200, "application/xml", BODY)
        again = await documents.put(conn, "call-1", "next", "t1", 500, "text/plain", b"other")
        assert (given, again) == ((first, True), (first, False))
    async with database.read() as conn:
        assert await documents.get(conn, "call-1", "next", "t1") == first
        assert await documents.get(conn, "call-1", "next", "") is None
        assert await documents.get(conn, "call-1", "answer", "t1") is None

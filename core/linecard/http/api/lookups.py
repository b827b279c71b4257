"""Numbers and calls by what stands in an address of the API."""

from __future__ import annotations

from linecard.calls import Call
from linecard.errors import NotFound
from linecard.exchange.context import Exchange
from linecard.numbers import Number
from linecard.store import calls, numbers


async def existing_number(exchange: Exchange, number: str) -> Number:
    """A registered number, or NotFound."""
    async with exchange.database.read() as conn:
        found = await numbers.get(conn, number) if can_be_asked(number) else None
    if found is None:
        raise NotFound("registered number", number)
    return found


async def existing_call(exchange: Exchange, call_id: str) -> Call:
    """A call, or NotFound."""
    async with exchange.database.read() as conn:
        found = await calls.get(conn, call_id) if can_be_asked(call_id) else None
    if found is None:
        raise NotFound("call", call_id)
    return found


def can_be_asked(text: str) -> bool:
    """PostgreSQL takes no NUL, not even in a question."""
    return "\0" not in text

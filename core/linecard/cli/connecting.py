"""Pointing a number at this server, and giving it back, through the carrier's API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import typer

from linecard.addresses import connect_order
from linecard.carrier import Application, ConnectOrder
from linecard.cli.assembly import assembled
from linecard.errors import NotFound
from linecard.exchange.context import Exchange
from linecard.numbers import Number
from linecard.store import numbers


async def connect(e164: str, yes: bool) -> None:
    """Show what the number points at, ask, then point it at us; the former target is kept."""
    async with _number(e164) as (exchange, number):
        relay = exchange.plugins.relay(number.provider, number.account)
        relay.require("connect_number")
        seen = await relay.hooks.connect_number(number, _order(exchange, number, apply=False))
        typer.echo(f"{e164} points at {seen.target or 'nothing'}")
        for note in seen.notes:
            typer.echo(note)
        if not yes:
            typer.confirm("Point it at this server?", abort=True)
        await _remember(exchange, number, seen)
        done = await relay.hooks.connect_number(number, _order(exchange, number, apply=True))
        async with exchange.database.write() as conn:
            await numbers.update(
                conn, e164, former_target=done.former, connected_target=done.target
            )
        typer.echo(f"{e164} points at {done.target}")


async def _remember(exchange: Exchange, number: Number, seen: Application) -> None:
    """Write down where the number points before it is moved: afterwards nobody could say."""
    if number.connected_target is None:
        async with exchange.database.write() as conn:
            await numbers.update(conn, number.number, former_target=seen.target)


async def disconnect(e164: str) -> None:
    """Restore what the number pointed at before we connected it."""
    async with _number(e164) as (exchange, number):
        relay = exchange.plugins.relay(number.provider, number.account)
        relay.require("disconnect_number")
        if number.connected_target is None:
            raise NotFound("connection", e164, "it was not connected from here")
        await relay.hooks.disconnect_number(number)
        async with exchange.database.write() as conn:
            await numbers.update(conn, e164, former_target=None, connected_target=None)
        typer.echo(f"{e164} points at {number.former_target or 'nothing'}")


def _order(exchange: Exchange, number: Number, *, apply: bool) -> ConnectOrder:
    addresses = exchange.addresses(number.provider, number.account)
    return connect_order(addresses, exchange.settings.fallback_url, apply=apply)


@asynccontextmanager
async def _number(e164: str) -> AsyncIterator[tuple[Exchange, Number]]:
    exchange = assembled([])
    try:
        await exchange.database.open()
        async with exchange.database.read() as conn:
            number = await numbers.get(conn, e164)
        if number is None:
            raise NotFound("registered number", e164, "register it with 'linecard numbers add'")
        yield exchange, number
    finally:
        await exchange.database.close()

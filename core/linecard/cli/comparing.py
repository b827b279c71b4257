"""Prices of every configured account, side by side on the terminal or as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec
import typer
from rich.markup import escape
from rich.table import Column, Table

from linecard.cli.tables import show
from linecard.errors import ConfigurationError
from linecard.exchange.context import Exchange
from linecard.pricing.choosing import FILE, read_destination
from linecard.pricing.comparing import AccountPrice, Comparison, compare
from linecard.pricing.example import Example, PricedLine
from linecard.pricing.files import read_book

COLUMNS = ("account", "what", "prefix", "USD", "per", "pulse", "source", "example")


async def compared(exchange: Exchange, destination: str, example: Example) -> Comparison:
    """What each account charges. Raises InvalidField or ConfigurationError."""
    if not exchange.settings.accounts:
        raise ConfigurationError(
            "no account is set up; 'linecard providers' shows what is installed"
        )
    book = read_book(exchange.settings.prices, exchange.plugins)
    to = read_destination(destination, "destination")
    return await compare(exchange.plugins, book, to, example)


def show_json(comparison: Comparison) -> None:
    """Print all of it as JSON."""
    typer.echo(msgspec.json.format(msgspec.json.encode(comparison), indent=2))


def show_comparison(comparison: Comparison) -> None:
    """Print a table: each account's lines, and what the example costs by them."""
    columns = (Column(name, no_wrap=name != "source", overflow="fold") for name in COLUMNS)
    table = Table(*columns, title=_title(comparison))
    for account in comparison.accounts:
        name = f"{account.provider}:{account.account}"
        for row in _rows(account, comparison.to):
            table.add_row(name, *(escape(cell) for cell in row))
            name = ""
        table.add_section()
    show(table)


def _title(comparison: Comparison) -> str:
    example = comparison.example
    with_ = [
        name for name in ("record", "machine", "transfer", "conference") if getattr(example, name)
    ]
    return f"A call to {comparison.to} of {example.seconds} seconds" + "".join(
        f", {it}" for it in with_
    )


def _rows(account: AccountPrice, to: str) -> Iterator[tuple[str, ...]]:
    yield from (_row(line) for line in account.lines)
    yield from (
        (what, "", "?", "", "", "no price is known", "?") for what in map(str, account.without)
    )
    if account.error:
        yield "failed", "", "", "", "", account.error, ""
    yield "total", "", "", "", "", _remark(account, to), _total(account)


def _row(line: PricedLine) -> tuple[str, ...]:
    pulse = f"{line.pulse_seconds} s" if line.per == "minute" else ""
    cost = "-" if line.cost is None else _shown(line.cost)
    return line.what, line.prefix, line.usd, line.per, pulse, _source(line), cost


def _source(line: PricedLine) -> str:
    if line.given_by != FILE:
        return line.source
    before = line.instead_of
    return f"{line.source} ({f'instead of {before.usd}: {before.source}' if before else 'the carrier names none'})"


def _remark(account: AccountPrice, to: str) -> str:
    if account.total is None:
        return f"no price of a call to {to}"
    return "the least: prices are missing" if account.without else ""


def _total(account: AccountPrice) -> str:
    if account.total is None:
        return "-"
    return ("at least " if account.without else "") + _shown(account.total)


def _shown(usd: Decimal) -> str:
    return f"{usd.normalize():f}"

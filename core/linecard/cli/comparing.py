"""Prices of every configured account, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import typer
from rich.table import Table

from linecard.carrier import RateLine
from linecard.cli.tables import show
from linecard.errors import CarrierError, ConfigurationError
from linecard.exchange.context import Exchange


async def compare(exchange: Exchange, destination: str) -> None:
    """Print what each account charges toward a number or prefix. Raises InvalidField."""
    if not exchange.settings.accounts:
        raise ConfigurationError(
            "no account is set up; 'linecard providers' shows what is installed"
        )
    table = Table("account", "what", "prefix", "USD a minute", "pulse", "source")
    for provider in sorted(exchange.plugins.providers):
        for account in exchange.plugins.accounts(provider):
            for line in await _lines(exchange, provider, account, destination):
                price = f"{Decimal(line.usd):f}"
                pulse = f"{line.pulse_seconds} s"
                table.add_row(
                    f"{provider}:{account}", line.what, line.prefix, price, pulse, line.source
                )
    show(table)


async def _lines(
    exchange: Exchange, provider: str, account: str, destination: str
) -> Sequence[RateLine]:
    relay = exchange.plugins.relay(provider, account)
    if not relay.supports("rates"):
        return ()
    try:
        return await relay.hooks.rates(destination)
    except CarrierError as error:
        typer.secho(f"{provider}:{account}  {error}", fg=typer.colors.YELLOW, err=True)
        return ()

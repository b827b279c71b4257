"""What an example call costs with every account that is set up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from linecard.carrier import Charge, RateLine
from linecard.errors import LinecardError
from linecard.pricing.choosing import choose
from linecard.pricing.example import Example, PricedLine, price

if TYPE_CHECKING:
    from linecard.plugins import Plugins, Relay
    from linecard.pricing.files import PriceBook


@dataclass(frozen=True, slots=True)
class AccountPrice:
    """What an account charges.

    `total` is of the example call, None where the call itself has no price; `without` are parts of
    the example whose price nobody has told, so that the total is the least. `error` is why the
    carrier's prices are missing.
    """

    provider: str
    account: str
    total: Decimal | None
    without: tuple[Charge, ...]
    error: str | None
    lines: tuple[PricedLine, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The accounts side by side, the cheapest first; those without a total come last."""

    to: str
    example: Example
    accounts: tuple[AccountPrice, ...]


async def compare(
    plugins: Plugins, book: PriceBook, destination: str, example: Example
) -> Comparison:
    """Ask every account for its prices toward a number or prefix, all at once."""
    relays = [
        plugins.relay(provider, account)
        for provider in sorted(plugins.providers)
        for account in sorted(plugins.accounts(provider))
    ]
    asked = (_account(relay, book, destination, example) for relay in relays)
    accounts = await asyncio.gather(*asked)
    return Comparison(destination, example, tuple(sorted(accounts, key=_rank)))


def _rank(account: AccountPrice) -> tuple[bool, Decimal, str, str]:
    total = account.total
    return total is None, total or Decimal(0), account.provider, account.account


async def _account(
    relay: Relay, book: PriceBook, destination: str, example: Example
) -> AccountPrice:
    theirs, error = await _told(relay, destination)
    written = book.of(relay.provider, relay.account)
    lines, without = price(example, list(choose(destination, theirs, written)))
    has_call = Charge.CALL in {line.what for line in lines}
    return AccountPrice(
        provider=relay.provider,
        account=relay.account,
        total=sum((line.cost for line in lines if line.cost is not None), Decimal(0))
        if has_call
        else None,
        without=tuple(charge for charge in Charge if charge in without),
        error=error,
        lines=lines,
    )


async def _told(relay: Relay, destination: str) -> tuple[Sequence[RateLine], str | None]:
    """The carrier's prices, or why there are none."""
    if not relay.supports("rates"):
        return (), None
    try:
        return await relay.hooks.rates(destination), None
    except LinecardError as error:
        return (), str(error)

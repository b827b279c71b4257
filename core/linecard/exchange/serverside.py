"""What a plugin is given of an exchange."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from socket import gethostname
from typing import TYPE_CHECKING

from linecard.errors import ConfigurationError, InvalidField, NotFound
from linecard.exchange.context import Exchange
from linecard.numbers import AccountKey
from linecard.outbound.gate import open_gate
from linecard.pricing.comparing import compare
from linecard.pricing.example import Example
from linecard.server import ClearCall, Server
from linecard.settings import AccountLimits

if TYPE_CHECKING:
    from linecard.carrier import Facts
    from linecard.outbound.dialing import Dialer
    from linecard.pricing.files import PriceBook


def server_of(exchange: Exchange, dialer: Dialer, book: PriceBook) -> Server:
    """The server as plugins see it."""

    async def costs(to: str) -> Mapping[AccountKey, Decimal | None]:
        compared = await compare(exchange.plugins, book, to, Example())
        return {(one.provider, one.account): one.total for one in compared.accounts}

    return Server(
        database=exchange.database,
        clock=exchange.clock,
        public_url=exchange.settings.public_url,
        database_url=exchange.settings.database_url,
        instance=exchange.settings.instance or gethostname(),
        dial=dialer.begin,
        open_gate=partial(_open_gate, exchange),
        check_agent=partial(_check_agent, exchange),
        facts=partial(_facts, exchange),
        pace=partial(_pace, exchange),
        costs=costs,
    )


async def _open_gate(exchange: Exchange) -> ClearCall:
    """As it stands now, for as many numbers as there are to be asked about."""
    gate = await open_gate(exchange.settings, exchange.database)
    return lambda to, field="to": gate.clear_call(to, field).address


def _check_agent(exchange: Exchange, name: str, field: str) -> None:
    try:
        exchange.agents.find(name)
    except (NotFound, ConfigurationError) as error:
        raise InvalidField(field, str(error)) from error


def _facts(exchange: Exchange, provider: str, account: str) -> Facts:
    return exchange.plugins.relay(provider, account).hooks.facts()


def _pace(exchange: Exchange, provider: str, account: str) -> float:
    own = exchange.settings.limits.get(f"{provider}:{account}", AccountLimits())
    if own.max_calls_per_second is not None:
        return float(own.max_calls_per_second)
    return _facts(exchange, provider, account).calls_per_second

"""`/api/rates`: what an example call costs with each account."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from linecard.carrier import Charge, Per
from linecard.exchange.context import Exchange
from linecard.http.api.description import problems
from linecard.pricing.choosing import read_destination
from linecard.pricing.comparing import compare
from linecard.pricing.example import Example
from linecard.pricing.files import PriceBook

To = Annotated[str, Query(max_length=32, description="A number or a prefix", examples=["+91"])]
Seconds = Annotated[int, Query(ge=1, le=14_400, description="How long the example call lasts")]


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class RateOut(_Out):
    """A price in US dollars; `source` says where it stands and since when."""

    what: Charge
    prefix: str
    usd: str
    per: Per
    pulse_seconds: int
    source: str


class PricedRateOut(RateOut):
    """A line that counts. `given_by` is `provider` or `file`, `instead_of` the provider's own price.

    `cost` is its part of the example, null where it has none.
    """

    given_by: str
    instead_of: RateOut | None
    cost: Decimal | None


class AccountRatesOut(_Out):
    """An account. `total` is null where the call has no price; `without` are prices that nobody has told."""

    provider: str
    account: str
    total: Decimal | None
    without: list[Charge]
    error: str | None
    lines: list[PricedRateOut]


class ExampleOut(_Out):
    """The example call."""

    seconds: int
    record: bool
    machine: bool
    transfer: bool
    conference: bool


class RatesOut(_Out):
    """Every account, the cheapest first; those without a total come last."""

    to: str
    example: ExampleOut
    accounts: list[AccountRatesOut]


def rates_router(exchange: Exchange, book: PriceBook) -> APIRouter:
    """The route of `/api/rates`."""
    router = APIRouter(prefix="/rates", tags=["rates"])

    @router.get("", responses=problems(422))
    async def rates(to: To, example: Annotated[Example, Depends(_example)]) -> RatesOut:
        destination = read_destination(to, "to")
        return RatesOut.model_validate(await compare(exchange.plugins, book, destination, example))

    return router


def _example(
    seconds: Seconds = 180,
    record: bool = False,
    machine: bool = False,
    transfer: bool = False,
    conference: bool = False,
) -> Example:
    return Example(
        seconds=seconds, record=record, machine=machine, transfer=transfer, conference=conference
    )

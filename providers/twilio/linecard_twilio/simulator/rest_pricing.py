"""The pricing API, version 2, which lives on a host of its own at Twilio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linecard_twilio.simulator.rates import (
    COUNTRIES,
    country_of_number,
    inbound_price,
    outbound_price,
)
from linecard_twilio.simulator.replies import ApiReply, ApiRequest, missing

if TYPE_CHECKING:
    from linecard_twilio.simulator.switch import Switch

HOST = "https://pricing.twilio.com"


async def get_number_price(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET /v2/Voice/Numbers/{destination}: a call to it, and in on it where it is ours."""
    number = request.path["number"]
    found = country_of_number(number)
    if found is None or not number.lstrip("+").isdecimal():
        raise missing(request.url)
    iso, country = found
    price = f"{outbound_price(number)[1]:f}"
    inbound: dict[str, Any] | None = None
    if switch.directory.owns(number):
        coming = f"{inbound_price(number):f}"
        inbound = {"base_price": coming, "current_price": coming, "number_type": "local"}
    body = {
        "destination_number": number,
        "origination_number": request.asked("OriginationNumber"),
        "country": country.name,
        "iso_country": iso,
        "outbound_call_prices": [
            {"base_price": price, "current_price": price, "origination_prefixes": ["ALL"]}
        ],
        "inbound_call_price": inbound,
        "price_unit": "USD",
        "url": f"{HOST}{request.url}",
    }
    return ApiReply(200, body)


async def get_country_price(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET /v2/Voice/Countries/{ISO}."""
    iso = request.path["iso"]
    country = COUNTRIES.get(iso)
    if country is None:
        raise missing(request.url)
    body = {
        "country": country.name,
        "iso_country": iso,
        "outbound_prefix_prices": [
            {
                "destination_prefixes": [prefix],
                "origination_prefixes": ["ALL"],
                "friendly_name": name,
                "base_price": price,
                "current_price": price,
            }
            for prefix, (name, price) in country.outbound.items()
        ],
        "inbound_call_prices": [
            {"number_type": kind, "base_price": price, "current_price": price}
            for kind, price in country.inbound.items()
        ],
        "price_unit": "USD",
        "url": f"{HOST}{request.url}",
    }
    return ApiReply(200, body)

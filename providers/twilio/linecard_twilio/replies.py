"""What we read of Twilio's REST answers. Fields that we do not read are not declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from linecard_twilio.failures import Lost

T = TypeVar("T")


class Done(msgspec.Struct):
    """Any success will do."""


class Named(msgspec.Struct):
    """A call, recording or other thing that has an id."""

    sid: str


class Participant(msgspec.Struct):
    """A leg that is being called into a room."""

    call_sid: str


class Call(msgspec.Struct):
    """A call. `duration` is seconds in words; `price` is negative, None until the call is priced.

    `answered_by` is empty unless detection was asked for and has decided.
    """

    sid: str
    status: str
    to: str | None = None
    from_: str | None = None
    direction: str | None = None
    date_created: datetime | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    duration: str | None = None
    price: str | None = None
    price_unit: str | None = None
    answered_by: str | None = None


class Recording(msgspec.Struct):
    """A recording of a call; `duration` is seconds in words, `error_code` why there is no file."""

    sid: str
    status: str = ""
    duration: str | None = None
    channels: int | None = None
    error_code: int | str | None = None
    media_url: str | None = None


class Number(msgspec.Struct):
    """A number of the account and where its calls go."""

    sid: str
    phone_number: str
    voice_url: str | None = None
    voice_method: str | None = None
    voice_fallback_url: str | None = None
    voice_fallback_method: str | None = None
    status_callback: str | None = None
    status_callback_method: str | None = None
    voice_application_sid: str | None = None
    trunk_sid: str | None = None


class Country(msgspec.Struct):
    """The price list of a country; the lines stay as the API gives them."""

    price_unit: str | None = None
    outbound_prefix_prices: Sequence[Mapping[str, Any]] | None = None


class PrefixPrice(msgspec.Struct):
    """A price for some prefixes, without plus; `ALL` origins or some."""

    destination_prefixes: tuple[str, ...]
    current_price: str
    origination_prefixes: tuple[str, ...] = ("ALL",)


def whole(text: str | None) -> int | None:
    """A whole number in words; None where it is none."""
    return int(text) if text and text.isascii() and text.isdecimal() else None


def read(answer: object, shape: type[T]) -> T:
    """The vendor SDK's answer, one or a list, in our shape. Raises Lost.

    The SDK calls the field `from` of a call `_from`.
    """
    said = [_plain(one) for one in answer] if isinstance(answer, list) else _plain(answer)
    try:
        return msgspec.convert(said, shape, strict=False)
    except msgspec.ValidationError as error:
        raise Lost(f"the answer does not say what it must: {error}") from error


def _plain(answer: object) -> object:
    """The SDK's resources keep all they were told as attributes."""
    if not hasattr(answer, "__dict__"):
        return {}
    said = dict(vars(answer))
    if "_from" in said:
        said["from_"] = said.pop("_from")
    return {name: value for name, value in said.items() if not name.startswith("_")}

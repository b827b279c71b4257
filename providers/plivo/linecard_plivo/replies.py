"""What we read of Plivo's REST answers. Fields that we do not read are not declared."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from linecard_plivo.failures import Lost

T = TypeVar("T")
Amount = int | float | str | None
"""Plivo writes numbers as numbers or as strings."""


class Done(msgspec.Struct):
    """Any success will do."""


class Created(msgspec.Struct):
    """A dial that was taken. With several destinations there is a list of ids."""

    request_uuid: str | list[str]
    message: str = ""


class RecordingStarted(msgspec.Struct):
    """A recording by API."""

    recording_id: str


class Recording(msgspec.Struct):
    """A recording's record; the length is milliseconds in words, with a fraction."""

    recording_url: str
    recording_id: str = ""
    recording_duration_ms: Amount = None


class Recordings(msgspec.Struct):
    """A page of recordings, the newest first."""

    objects: tuple[Recording, ...] = ()


class Live(msgspec.Struct, rename={"from_": "from"}):
    """A call that is queued or running; the key `from` is no name in Python."""

    call_uuid: str
    call_status: str = ""
    direction: str = ""
    from_: str = ""
    to: str = ""
    request_uuid: str | None = None
    session_start: str | None = None


class Ids(msgspec.Struct):
    """The ids of calls that are queued or running."""

    calls: tuple[str, ...] = ()


class Detail(msgspec.Struct):
    """A call detail record. `bill_duration` is real seconds, `billed_duration` rounded up."""

    call_uuid: str
    call_direction: str = ""
    from_number: str = ""
    to_number: str = ""
    initiation_time: str | None = None
    answer_time: str | None = None
    end_time: str | None = None
    bill_duration: Amount = None
    billed_duration: Amount = None
    total_amount: Amount = None
    hangup_cause_code: Amount = None
    hangup_cause_name: str | None = None
    hangup_source: str | None = None
    call_state: str | None = None
    parent_call_uuid: str | None = None


class Details(msgspec.Struct):
    """A page of call detail records, the newest first."""

    objects: tuple[Detail, ...] = ()


class Number(msgspec.Struct):
    """A rented number; `application` is the address of what it points at, a trunk for example."""

    application: str | None = None


class Application(msgspec.Struct):
    """An application."""

    app_id: str
    app_name: str = ""
    message_url: str | None = None
    message_method: str | None = None


class Applications(msgspec.Struct):
    """A page of applications."""

    objects: tuple[Application, ...] = ()


class ApplicationCreated(msgspec.Struct):
    """A new application."""

    app_id: str


class Rate(msgspec.Struct):
    """A price for some prefixes, US dollars a minute."""

    prefix: list[str]
    rate: str


class OutboundPrices(msgspec.Struct):
    """Prices of calls to telephone numbers."""

    rates: tuple[Rate, ...] = ()


class Price(msgspec.Struct):
    """A price in US dollars a minute."""

    rate: str


class InboundPrices(msgspec.Struct):
    """Prices of calls that come in, by kind of number."""

    local: Price | None = None


class VoicePrices(msgspec.Struct):
    """Prices of calls."""

    outbound: OutboundPrices
    inbound: InboundPrices = msgspec.field(default_factory=InboundPrices)


class Pricing(msgspec.Struct):
    """The price list of one country; `country_code` without a plus."""

    voice: VoicePrices
    country_code: Amount = None


def read(answer: object, shape: type[T]) -> T:
    """The vendor SDK's answer in our shape; no body at all reads as an empty one. Raises Lost."""
    said = {} if answer is None else answer
    try:
        return msgspec.convert(said, shape, from_attributes=True, strict=False)
    except msgspec.ValidationError as error:
        raise Lost(f"the answer does not say what it must: {error}") from error


def text(amount: Amount) -> str:
    """A number as text; empty where there is none."""
    return "" if amount is None else str(amount)


def whole(amount: Amount) -> int | None:
    """A number without its fraction; None where there is none or it is none."""
    try:
        return int(float(text(amount)))
    except ValueError:
        return None

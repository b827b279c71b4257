"""What we read of Exotel's REST answers: JSON where it was asked for, XML where Exotel gives that anyway.

v1 wraps an error in `RestException`, v2 in `response.error_data`; XML has `TwilioResponse` around it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from xml.etree.ElementTree import Element, ParseError, fromstring

import msgspec

from linecard_exotel.failures import Lost

T = TypeVar("T")
Amount = int | float | str | None
"""Exotel writes numbers as numbers or as strings."""
Document = Mapping[str, Any]


def _theirs(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


class Details(msgspec.Struct, rename=_theirs):
    """What `details=true` adds: how long both parties spoke."""

    conversation_duration: Amount = None


class CallRecord(msgspec.Struct, rename=_theirs):
    """A call. `From` is who was rung first, the customer of a call that goes out."""

    sid: str
    status: str | None = None
    to: str | None = None
    from_: str | None = None
    phone_number_sid: str | None = None
    date_created: str | None = None
    end_time: str | None = None
    duration: Amount = None
    price: Amount = None
    direction: str | None = None
    recording_url: str | None = None
    pre_signed_recording_url: str | None = None
    details: Details | None = None


class OneCall(msgspec.Struct, rename=_theirs):
    """The answer to a dial and to a look-up."""

    call: CallRecord


class ManyCalls(msgspec.Struct, rename=_theirs):
    """A page of calls."""

    calls: tuple[CallRecord, ...] = ()


def read_document(body: bytes) -> Document | None:
    """The answer as one mapping; None where it is neither a JSON object nor XML."""
    text = body.strip()
    if text.startswith(b"<"):
        return _read_xml(text)
    try:
        read = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def _read_xml(text: bytes) -> Document | None:
    try:
        written = text.decode()
        if "<!DOCTYPE" in written:
            return None
        # Every attack on an XML parser needs a document type, and that has been refused.
        content = _content(fromstring(written))  # noqa: S314
    except (ParseError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _content(element: Element) -> Any:
    """An element's children as a mapping, repeated ones as a list; the text of one without any."""
    if not len(element):
        return (element.text or "").strip() or None
    content: dict[str, Any] = {}
    for child in element:
        here = _content(child)
        if child.tag in content:
            known = content[child.tag]
            content[child.tag] = [*known, here] if isinstance(known, list) else [known, here]
        else:
            content[child.tag] = here
    return content


def convert(document: Document, shape: type[T]) -> T:
    """A document in our shape. Raises Lost where it does not say what it must."""
    try:
        return msgspec.convert(document, shape, strict=False)
    except msgspec.ValidationError as error:
        raise Lost(f"the answer does not say what it must: {error}") from error


def complaint(document: Document | None) -> tuple[str, str]:
    """The message and the code of an error, in the words of v1 or of v2; empty where there is none."""
    said = document or {}
    first = said.get("RestException")
    if isinstance(first, dict):
        return _text(first.get("Message")), _text(first.get("Code"))
    answer = said.get("response")
    second = answer.get("error_data") if isinstance(answer, dict) else None
    if isinstance(second, dict):
        told = second.get("description") or second.get("message")
        return _text(told), _text(second.get("code"))
    return "", ""


def _text(value: object) -> str:
    return str(value)[:300] if isinstance(value, str | int | float) else ""


def whole(amount: Amount) -> int | None:
    """A number without its fraction; None where there is none."""
    try:
        return int(float(amount)) if amount not in (None, "") else None
    except (ValueError, OverflowError):
        return None

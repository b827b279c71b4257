"""Requests to the simulated API as its endpoints see them, and Exotel's replies in JSON or XML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from linecard import Pairs

CODES: Mapping[int, int | str] = MappingProxyType(
    {
        400: 34001,
        401: "UNAUTHORIZED",
        402: "PAYMENT_REQUIRED",
        403: "FORBIDDEN",
        404: "NOT_FOUND",
        429: "RATE_LIMIT_EXCEEDED",
    }
)
"""`Code` of an exception is a number in some places and a word in others; it says little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """`path` holds the ids in the address; `form` the fields of the body, repeats kept."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Pairs


@dataclass(frozen=True, slots=True)
class ApiReply:
    """A status and the one object of the body."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    is_xml_only: bool = False

    def encoded(self, *, as_json: bool) -> tuple[bytes, str]:
        """The body, and its content type: XML under `TwilioResponse` unless JSON was asked for."""
        if as_json and not self.is_xml_only:
            return json.dumps(self.body).encode(), "application/json"
        root = ET.Element("TwilioResponse")
        for name, value in self.body.items():
            _append(root, name, value)
        return ET.tostring(root, "utf-8", xml_declaration=True), "application/xml"


def _append(parent: ET.Element, name: str, value: Any) -> None:
    if isinstance(value, list):
        holder = ET.SubElement(parent, name)
        for one in value:
            wrapped = one if len(one) == 1 else {name.removesuffix("s"): one}
            for inner, content in wrapped.items():
                _append(holder, inner, content)
        return
    element = ET.SubElement(parent, name)
    if isinstance(value, Mapping):
        for inner, content in value.items():
            _append(element, inner, content)
    elif value is not None:
        element.text = str(value)


class Refused(Exception):
    """An endpoint's no, with its status and text."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.headers = headers or {}

    def reply(self) -> ApiReply:
        """As Exotel says it."""
        return ApiReply(self.status, exception(self.status, str(self)), self.headers)


def exception(status: int, text: str) -> Mapping[str, Any]:
    """The body of an error."""
    code = CODES.get(status, "INTERNAL_ERROR")
    return {"RestException": {"Status": status, "Message": text, "Code": code}}

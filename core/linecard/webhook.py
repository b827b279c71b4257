"""One carrier request, the reply to it, and how strongly it is proved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import parse_qsl, urlsplit

from linecard.errors import RequestRefused
from linecard.events import CarrierEvent
from linecard.verbs import Reason
from linecard.wall import now

Pairs = tuple[tuple[str, str], ...]
MAX_FIELDS = 200


class Kind(StrEnum):
    """What one of our addresses is for: the `k` in its query. The route follows from it.

    `dial` and `return` are addresses of a number, for carriers whose flows are built by hand: whom to
    ring now, and the stream of a caller who is back from there. `target` is the document of a target of
    a consultation, `accept` is asked with the key that a target has pressed, or without one. `back`: a
    caller whom nobody waits for any more.
    """

    ANSWER = "answer"
    FALLBACK = "fallback"
    NEXT = "next"
    TRANSFER = "transfer"
    GATHERED = "gathered"
    WHISPER = "whisper"
    RINGING = "ringing"
    ENDED = "ended"
    MACHINE = "machine"
    STREAM = "stream"
    RECORDING = "recording"
    DIALED = "dialed"
    LEG = "leg"
    DIAL = "dial"
    RETURN = "return"
    TARGET = "target"
    ACCEPT = "accept"
    BACK = "back"


ROUTES: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.ANSWER: "answer",
        Kind.FALLBACK: "answer",
        Kind.NEXT: "dial-up",
        Kind.TRANSFER: "dial-up",
        Kind.GATHERED: "dial-up",
        Kind.WHISPER: "dial-up",
        Kind.RINGING: "callback/status",
        Kind.ENDED: "callback/status",
        Kind.MACHINE: "callback/status",
        Kind.STREAM: "callback/status",
        Kind.RECORDING: "callback/details",
        Kind.DIALED: "callback/transfer",
        Kind.LEG: "callback/transfer",
        Kind.DIAL: "dial-up",
        Kind.RETURN: "answer",
        Kind.TARGET: "dial-up",
        Kind.ACCEPT: "dial-up",
        Kind.BACK: "dial-up",
    }
)
"""The fixed route, below `/{provider}/`, of every kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierRequest:
    """A request as the carrier sent it.

    `url` is the public address including the query, built from our own setting and never from the
    request's Host. Header names are lower-case. `pairs` are the body's fields in their order, repeats
    kept. `kind`, `call` and `reference` are our own query (`k`, `c`, `x`). `is_ours`: the address
    carries a token of ours that fits all of it, the one proof of carriers that sign nothing.
    `received_at` is when it came, for signatures that grow old; providers read no clock themselves.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    pairs: Pairs = ()
    kind: Kind | None = None
    call: str | None = None
    reference: str | None = None
    is_ours: bool = False
    received_at: datetime = field(default_factory=now)

    @property
    def query(self) -> Pairs:
        """The query's fields in their order, percent-decoded."""
        return _query(self.url)

    def field(self, name: str) -> str | None:
        """The one value of a body field; None when it is absent."""
        return next((value for key, value in self.pairs if key == name), None)


@dataclass(frozen=True, slots=True)
class Reply:
    """What we answer to the carrier."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Proof:
    """How a request was proved: kind `signature`, `token`, `address` or `connection`; strength 0 to 3."""

    kind: str
    account: str
    strength: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """What a carrier request says and wants.

    `wants` is the document the carrier waits for; None: `reply` (or an empty 200) is enough.
    `call_ids` are the ids of the call it speaks of, to find the call where our query names none;
    `our_call` is our own id of it, where the carrier hands back what the dial gave it.
    `question` tells what is wanted from what else is asked at the same address, for carriers that have
    one address for all of a call: a repeat has the same. Empty: our reference in the address tells.
    `unknown` holds fields that the provider does not know: kept, counted, never refused.
    """

    events: tuple[CarrierEvent, ...]
    wants: Reason | None = None
    reply: Reply | None = None
    call_ids: Mapping[str, str] = field(default_factory=dict)
    our_call: str | None = None
    question: str = ""
    unknown: Mapping[str, str] = field(default_factory=dict)


@lru_cache(256)
def _query(url: str) -> Pairs:
    """Every new call asks at the same address."""
    return tuple(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def parse_form(body: bytes) -> Pairs:
    """The pairs of a urlencoded body, in order, repeats and empty values kept.

    Raises RequestRefused (400) when it is not UTF-8 or has more than 200 fields.
    """
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=MAX_FIELDS,
            errors="strict",
        )
    except ValueError as error:
        raise RequestRefused("the form is not readable", status=400) from error
    return tuple(pairs)


def parse_multipart(body: bytes, content_type: str) -> Pairs:
    """The pairs of a multipart/form-data body, in order; files are not taken.

    Raises RequestRefused (400) when it is not readable, not UTF-8 or has more than 200 fields.
    """
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    whole = BytesParser(policy=HTTP).parsebytes(head + body)
    parts = list(whole.iter_parts()) if whole.is_multipart() else []
    if not parts or len(parts) > MAX_FIELDS or whole.defects:
        raise RequestRefused("the form is not readable", status=400)
    return tuple(_part(part) for part in parts)


def _part(part: Message) -> tuple[str, str]:
    name, value = (
        part.get_param("name", header="content-disposition"),
        part.get_payload(decode=True),
    )
    if not isinstance(name, str) or not isinstance(value, bytes) or part.get_filename():
        raise RequestRefused("the form is not readable", status=400)
    try:
        return name, value.decode()
    except UnicodeDecodeError as error:
        raise RequestRefused("the form is not readable", status=400) from error

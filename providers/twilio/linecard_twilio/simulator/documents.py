"""Fetches the documents of a call; what cannot be had or read is asked of the fallback."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin, urlsplit

from linecard.simulator.ledger import What
from linecard_twilio.simulator.calls import Address, Next
from linecard_twilio.simulator.endings import EndCall, document_failed
from linecard_twilio.simulator.fields import Fields, call_fields
from linecard_twilio.simulator.reader import Element, InvalidTwiml, read_document
from linecard_twilio.simulator.reporting import notify, webhook

if TYPE_CHECKING:
    from linecard.simulator.wire import Delivery
    from linecard_twilio.simulator.calls import Call
    from linecard_twilio.simulator.switch import Switch

RETRIEVAL, TIMED_OUT, BAD_URL, BAD_TYPE = 11200, 11205, 11100, 12300
XML_TYPES = frozenset({"text/xml", "application/xml", "text/html"})
MOST_FETCHES = 200


class _Unusable(Exception):
    """No document; `code` is Twilio's error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


async def fetch(switch: Switch, call: Call, wanted: Next) -> tuple[Element, ...]:
    """The verbs of a document. Raises EndCall where the fallback does not help either."""
    call.fetches += 1
    if call.fetches > MOST_FETCHES:
        raise EndCall(document_failed(RETRIEVAL))
    try:
        return await _obtain(switch, call, wanted)
    except _Unusable as error:
        fallback = call.order.fallback
        _note(switch, call, wanted, error)
        if fallback is None or not fallback.url:
            raise EndCall(document_failed(error.code)) from error
        instead = _instead(wanted, fallback, error)
    try:
        return await _obtain(switch, call, instead)
    except _Unusable as error:
        _note(switch, call, instead, error)
        raise EndCall(document_failed(error.code)) from error


def _instead(wanted: Next, fallback: Address, error: _Unusable) -> Next:
    failed = (("ErrorCode", str(error.code)), ("ErrorUrl", urldefrag(wanted.address.url).url))
    return Next(fallback, "fallback", failed)


def _note(switch: Switch, call: Call, wanted: Next, error: _Unusable) -> None:
    switch.ledger.write(
        What.DOCUMENT,
        call.root,
        leg=call.sid,
        purpose=wanted.why,
        code=error.code,
        fault=str(error),
    )


async def _obtain(switch: Switch, call: Call, wanted: Next) -> tuple[Element, ...]:
    if wanted.text is not None:
        return _read(switch, call, wanted.why, wanted.text.encode())
    url = absolute(call, wanted.address.url)
    if not is_web_address(url):
        raise _Unusable(BAD_URL, f"{url!r} is no http address")
    delivery = await _ask(switch, call, Address(url, wanted.address.method), wanted)
    if delivery.status is None:
        raise _Unusable(TIMED_OUT, delivery.detail)
    if not delivery.is_ok:
        raise _Unusable(RETRIEVAL, f"HTTP {delivery.status}")
    call.base_url = urldefrag(url).url
    kind = delivery.content_type.partition(";")[0].strip().lower()
    if kind not in XML_TYPES:
        raise _Unusable(BAD_TYPE, f"content type {kind or 'missing'}")
    return _read(switch, call, wanted.why, delivery.body)


async def _ask(switch: Switch, call: Call, address: Address, wanted: Next) -> Delivery:
    fields = call_fields(switch, call) + wanted.fields
    ask = webhook(switch, call.root, address, f"document {wanted.why}", fields)
    delivery = await switch.courier.ask(ask)
    if call.fetches == 1 and switch.faults.happens("answer_twice"):
        switch.courier.tell(ask)
    return delivery


def _read(switch: Switch, call: Call, why: str, body: bytes) -> tuple[Element, ...]:
    try:
        document = read_document(body, is_strict=switch.quirks.strict_schema)
    except InvalidTwiml as error:
        raise _Unusable(error.code, str(error)) from error
    switch.ledger.write(
        What.DOCUMENT,
        call.root,
        leg=call.sid,
        purpose=why,
        elements=tuple(element.tag for element in document.verbs),
        xml=body.decode("utf-8", "replace"),
    )
    for warning in document.warnings:
        switch.ledger.write(What.NOTE, call.root, text=f"12200: {warning}", code=12200)
    return document.verbs


def absolute(call: Call, url: str) -> str:
    """An address of a document, which may be relative to where the document came from."""
    return urljoin(call.base_url, url) if call.base_url else url


def is_web_address(url: str) -> bool:
    """Whether Twilio would call this address at all."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def after_action(call: Call, element: Element, why: str, fields: Fields) -> Next | None:
    """The document at a verb's `action`, where it has one: the verbs behind it are then unreachable."""
    if not element["action"]:
        return None
    return Next(Address(absolute(call, element["action"]), element["method"]), why, fields)


def callback_address(call: Call, element: Element, name: str) -> Address | None:
    """A noun's callback, such as `statusCallback`; None without one."""
    url = element[name]
    return Address(absolute(call, url), element[f"{name}Method"]) if url else None


def notify_action(
    switch: Switch, call: Call, element: Element, why: str, fields: Fields, status: str
) -> None:
    """The caller has gone: the action still hears of it, and its reply matters to nobody."""
    wanted = after_action(call, element, why, fields)
    if wanted is not None:
        everything = call_fields(switch, call, status) + fields
        notify(switch, call.root, wanted.address, f"document {why}", everything)

"""Fetches the documents of a call, and says how it ends when one cannot be had or read."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from linecard.simulator.courier import Webhook
from linecard.simulator.ledger import What
from linecard_plivo.simulator.calls import Address, Next
from linecard_plivo.simulator.codes import EndCall, Ending, Purpose, Source
from linecard_plivo.simulator.fields import Fields, answer_fields
from linecard_plivo.simulator.reader import Element, InvalidXml, read_document

if TYPE_CHECKING:
    from linecard.simulator.wire import Delivery
    from linecard_plivo.simulator.calls import Call
    from linecard_plivo.simulator.switch import Switch

MOST_FETCHES = 70
LOOP = Ending(2060, Source.ERROR)


def first_document(call: Call) -> Next:
    """The document at the answer address."""
    return Next(call.order.answer, Purpose.ANSWER, "StartApp")


async def fetch(switch: Switch, call: Call, wanted: Next) -> tuple[Element, ...]:
    """The elements of a document. Raises EndCall with the code of what is wrong."""
    call.fetches += 1
    if call.fetches > MOST_FETCHES + 1:
        raise EndCall(LOOP)
    if not is_web_address(wanted.address.url):
        raise EndCall(wanted.purpose.bad_url)
    delivery = await _ask(switch, call, wanted)
    if not delivery.is_ok:
        raise EndCall(wanted.purpose.unreachable)
    return _read(switch, call, wanted.purpose, delivery.body)


async def _ask(switch: Switch, call: Call, wanted: Next) -> Delivery:
    fields = answer_fields(switch, call, wanted.event) + wanted.fields
    delivery = await switch.courier.ask(document_request(call, wanted.address, wanted, fields))
    if wanted.purpose is not Purpose.ANSWER:
        return delivery
    if switch.faults.happens("answer_twice"):
        switch.courier.tell(document_request(call, wanted.address, wanted, fields))
    fallback = call.order.fallback
    if delivery.is_ok or fallback is None:
        return delivery
    return await switch.courier.ask(document_request(call, fallback, wanted, fields))


def document_request(call: Call, address: Address, wanted: Next, fields: Fields) -> Webhook:
    """The webhook that asks for a document."""
    return Webhook(
        url=address.url,
        method=address.method,
        fields=fields,
        kind=f"document {wanted.purpose.name.lower()}",
        call=call.uuid,
    )


def _read(switch: Switch, call: Call, purpose: Purpose, body: bytes) -> tuple[Element, ...]:
    try:
        elements = read_document(body)
    except InvalidXml as error:
        switch.ledger.write(What.DOCUMENT, call.uuid, purpose=purpose.name, fault=str(error))
        raise EndCall(purpose.bad_xml) from error
    switch.ledger.write(
        What.DOCUMENT,
        call.uuid,
        purpose=purpose.name,
        elements=tuple(element.tag for element in elements),
        xml=body.decode("utf-8", "replace"),
    )
    for element in elements:
        note_unknown(switch, call, element)
    return elements


def note_unknown(switch: Switch, call: Call, element: Element) -> None:
    """Count attributes that Plivo's pages do not have: it is not written what becomes of them."""
    for name in element.unknown:
        switch.ledger.write(
            What.NOTE, call.uuid, text=f"unknown attribute {name} of <{element.tag}>"
        )
    for child in element.children:
        note_unknown(switch, call, child)


def is_web_address(url: str) -> bool:
    """Whether Plivo would call this address at all."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def notify(switch: Switch, call: Call, address: Address | None, kind: str, fields: Fields) -> None:
    """Report something, in the background, where there is an address for it."""
    if address is None:
        return
    switch.courier.tell(
        Webhook(url=address.url, method=address.method, fields=fields, kind=kind, call=call.uuid)
    )


def after_action(
    switch: Switch, call: Call, element: Element, event: str, fields: Fields
) -> Next | None:
    """What an element's `action` leads to: a new document, or only a notification, or nothing."""
    if not element["action"]:
        return None
    address = Address(element["action"], element["method"])
    if element["redirect"]:
        return Next(address, Purpose.ACTION, event, fields)
    notify(switch, call, address, event, answer_fields(switch, call, event) + fields)
    return None


def callback_address(element: Element) -> Address | None:
    """An element's `callbackUrl`."""
    url = element["callbackUrl"]
    return Address(url, element["callbackMethod"]) if url else None

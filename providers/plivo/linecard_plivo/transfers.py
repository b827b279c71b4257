"""Transfers by API: send the caller's leg to another document, and ring targets into a room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from linecard import (
    Call,
    CarrierError,
    Cleared,
    PlacementUnknown,
    TransferOrder,
    TransferStage,
    TransferStart,
    TransferStarted,
)
from linecard_plivo.calls import delete, require_id
from linecard_plivo.e164 import write_number
from linecard_plivo.failures import NAME
from linecard_plivo.legs import for_leg
from linecard_plivo.overrides import for_callback, for_document
from linecard_plivo.replies import Created, Done
from linecard_plivo.rest import Rest


async def transfer(rest: Rest, call: Call, order: TransferOrder) -> TransferStarted:
    """One stage of a transfer. Raises CarrierRefused, PlacementUnknown or CarrierUnavailable."""
    return await STAGES[order.stage](rest, call, order)


async def _redirect(rest: Rest, call: Call, order: TransferOrder) -> TransferStarted:
    """Transfer the caller's leg. Plivo asks for the document once the running stream has ended."""
    known, url = require_id(call), for_document(order.document_url)
    await rest.ask(
        lambda client: client.calls.transfer(known, legs="aleg", aleg_url=url, aleg_method="POST"),
        Done,
    )
    return TransferStarted(start=TransferStart.DOCUMENT_AFTER_STREAM)


async def _consult(rest: Rest, _call: Call, order: TransferOrder) -> TransferStarted:
    """Call the targets, each to a document that ends in the room. All or none: where one cannot be
    called, the others are ended."""
    legs: dict[str, str] = {}
    try:
        for place, target in enumerate(order.targets, start=order.first):
            legs[f"target:{place}"] = await _dial(rest, order, target, place)
    except CarrierError:
        await _end_all(rest, legs)
        raise
    return TransferStarted(start=TransferStart.STREAM_STAYS, legs=legs)


async def _dial(rest: Rest, order: TransferOrder, target: Cleared, place: int) -> str:
    """A dial like any other: sent once. Raises CarrierRefused or PlacementUnknown."""
    wish = _wish(order, target, place)
    created = await rest.dial(lambda client: client.calls.create(**wish), Created)
    if not isinstance(created.request_uuid, str) or not created.request_uuid:
        raise PlacementUnknown(NAME, "the answer names no single request_uuid")
    return created.request_uuid


def _wish(order: TransferOrder, target: Cleared, place: int) -> dict[str, Any]:
    document = for_document(for_leg(order.target_urls[place - order.first], f"target:{place}"))
    return {
        "from_": write_number(order.caller_id),
        "to_": write_number(target.address),
        "answer_url": document,
        "hangup_url": for_callback(for_leg(order.callback_url, f"target:{place}")),
        "time_limit": order.max_seconds,
        "ring_timeout": order.ring_seconds,
    }


async def _release(rest: Rest, _call: Call, order: TransferOrder) -> TransferStarted:
    await _end_all(rest, order.legs)
    return TransferStarted(start=TransferStart.STREAM_STAYS)


async def _end_all(rest: Rest, legs: Mapping[str, str]) -> None:
    """End every leg, as a request that still rings and as a call; only then raise the last CarrierError."""
    failed: CarrierError | None = None
    for known in legs.values():
        for method in ("cancel", "hangup"):
            try:
                await delete(rest, method, known)
            except CarrierError as error:
                failed = error
    if failed is not None:
        raise failed


Stage = Callable[[Rest, Call, TransferOrder], Awaitable[TransferStarted]]
STAGES: Mapping[TransferStage, Stage] = MappingProxyType(
    {
        TransferStage.DIAL: _redirect,
        TransferStage.CONSULT: _consult,
        TransferStage.JOIN: _redirect,
        TransferStage.RELEASE: _release,
    }
)

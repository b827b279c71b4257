"""Transfers by API: send the caller's leg to another document, and ring targets into a room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from linecard import (
    Call,
    CarrierError,
    Cleared,
    TransferOrder,
    TransferStage,
    TransferStart,
    TransferStarted,
)
from linecard_twilio.calls import CALL_EVENTS, end, require_id
from linecard_twilio.legs import Leg, Rung, for_leg
from linecard_twilio.overrides import for_callback, for_document
from linecard_twilio.replies import Done, Named, Participant
from linecard_twilio.rest import Rest

ROOM_EVENTS = ("start", "end", "join", "leave")


async def transfer(rest: Rest, call: Call, order: TransferOrder) -> TransferStarted:
    """One stage of a transfer. Raises CarrierRefused, PlacementUnknown or CarrierUnavailable."""
    return await STAGES[order.stage](rest, call, order)


async def _redirect(rest: Rest, call: Call, order: TransferOrder) -> TransferStarted:
    """The caller's leg fetches the document at once; Twilio ends the running stream for it."""
    sid, url = require_id(call), for_document(order.document_url)
    await rest.ask(lambda client: client.calls(sid).update_async(url=url, method="POST"), Done)
    return TransferStarted(start=TransferStart.DOCUMENT_NOW)


async def _consult(rest: Rest, _call: Call, order: TransferOrder) -> TransferStarted:
    """Ring the targets into the room. All or none: where one cannot be rung, the others are ended."""
    legs: dict[str, str] = {}
    try:
        for position, target in enumerate(order.targets, start=order.first):
            leg = Leg(Rung.ASKED if order.whispers else Rung.ROOM, position)
            ring = _call_up if order.whispers else _invite
            legs[leg.name] = await ring(rest, order, target, leg)
    except CarrierError:
        await _end_all(rest, legs)
        raise
    return TransferStarted(start=TransferStart.STREAM_STAYS, legs=legs)


async def _invite(rest: Rest, order: TransferOrder, target: Cleared, leg: Leg) -> str:
    """A dial like any other: sent once. Raises CarrierRefused or PlacementUnknown."""
    room, wish = order.room, _participant(order, target, leg)
    called = await rest.dial(
        lambda client: client.conferences(room).participants.create_async(**wish), Participant
    )
    return called.call_sid


async def _call_up(rest: Rest, order: TransferOrder, target: Cleared, leg: Leg) -> str:
    """A call of its own, whose document speaks to the target first: a participant has none to answer with."""
    wish = {
        "from_": order.caller_id,
        "to": target.address,
        "url": for_document(order.target_urls[leg.position - order.first]),
        "method": "POST",
        "timeout": order.ring_seconds,
        "time_limit": order.max_seconds,
        "status_callback": for_callback(for_leg(order.callback_url, leg)),
        "status_callback_method": "POST",
        "status_callback_event": list(CALL_EVENTS),
    }
    called = await rest.dial(lambda client: client.calls.create_async(**wish), Named)
    return called.sid


def _participant(order: TransferOrder, target: Cleared, leg: Leg) -> dict[str, Any]:
    """The room is made by its first participant, whose wishes for its reports are the ones that count."""
    return {
        "from_": order.caller_id,
        "to": target.address,
        "label": leg.name,
        "timeout": order.ring_seconds,
        "time_limit": order.max_seconds,
        "beep": "false",
        "wait_url": "",
        "start_conference_on_enter": True,
        "end_conference_on_exit": True,
        "status_callback": for_callback(for_leg(order.callback_url, leg)),
        "status_callback_method": "POST",
        "status_callback_event": list(CALL_EVENTS),
        "conference_status_callback": for_callback(order.callback_url),
        "conference_status_callback_method": "POST",
        "conference_status_callback_event": list(ROOM_EVENTS),
    }


async def _release(rest: Rest, _call: Call, order: TransferOrder) -> TransferStarted:
    await _end_all(rest, order.legs)
    return TransferStarted(start=TransferStart.STREAM_STAYS)


async def _end_all(rest: Rest, legs: Mapping[str, str]) -> None:
    """End every leg, and only then say that one could not be. Raises the last CarrierError."""
    failed: CarrierError | None = None
    for sid in legs.values():
        try:
            await end(rest, sid)
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

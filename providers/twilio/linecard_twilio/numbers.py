"""Inbound calls: what a number points at. Twilio hangs the addresses on the number itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from linecard import Application, CarrierRefused, ConnectOrder, Kind, Number, SetupStep
from linecard_twilio import replies
from linecard_twilio.failures import NAME
from linecard_twilio.overrides import for_callback, for_document
from linecard_twilio.replies import Done
from linecard_twilio.rest import Rest

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "VoiceUrl": "voice_url",
        "VoiceMethod": "voice_method",
        "VoiceFallbackUrl": "voice_fallback_url",
        "VoiceFallbackMethod": "voice_fallback_method",
        "StatusCallback": "status_callback",
        "StatusCallbackMethod": "status_callback_method",
    }
)
"""What we set, in Twilio's words and the SDK's."""
METHODS = frozenset({"voice_method", "voice_fallback_method", "status_callback_method"})


async def connect(rest: Rest, number: Number, order: ConnectOrder) -> Application:
    """Point a number at us, or only look. Raises CarrierRefused or CarrierUnavailable.

    Refuses while the number is handled by an application or on a SIP trunk: Twilio would ignore us.
    """
    theirs = await _rented(rest, number)
    now = _target(theirs)
    if not order.apply:
        return Application(target=now, former=number.former_target, notes=_notes(theirs))
    _refuse_elsewhere(theirs)
    wish = _addresses(order)
    await _update(rest, theirs.sid, wish)
    is_ours = _bare(theirs.voice_url) == _bare(wish["voice_url"])
    former = number.former_target if is_ours else now
    return Application(target=_written(wish), former=former, notes=())


async def disconnect(rest: Rest, number: Number) -> None:
    """Give the number back to what it pointed at, or to nothing.

    Raises CarrierRefused where somebody has pointed it elsewhere since.
    """
    theirs = await _rented(rest, number)
    ours = _read(number.connected_target).get("voice_url")
    if ours is not None and (_bare(theirs.voice_url) != _bare(ours) or _elsewhere(theirs)):
        raise CarrierRefused(
            NAME, f"the number points at {_target(theirs)} now, not at us; it was left alone"
        )
    await _update(rest, theirs.sid, _restored(number.former_target))


async def _rented(rest: Rest, number: Number) -> replies.Number:
    known = await rest.ask(
        lambda client: client.incoming_phone_numbers.list_async(
            phone_number=number.number, limit=20
        ),
        list[replies.Number],
        tries=2,
    )
    # Twilio's filter also takes parts of numbers.
    found = next((one for one in known if one.phone_number == number.number), None)
    if found is None:
        raise CarrierRefused(NAME, "the number is not of this account", status=404)
    return found


async def _update(rest: Rest, sid: str, wish: Mapping[str, Any]) -> None:
    await rest.ask(
        lambda client: client.incoming_phone_numbers(sid).update_async(**wish), Done, tries=2
    )


def _addresses(order: ConnectOrder) -> dict[str, str]:
    """The end of an inbound call is told to the number's status callback alone."""
    return {
        "voice_url": for_document(order.answer_url),
        "voice_method": "POST",
        "voice_fallback_url": for_document(order.fallback_url),
        "voice_fallback_method": order.fallback_method,
        "status_callback": for_callback(order.ended_url),
        "status_callback_method": "POST",
    }


def _bare(url: str | None) -> str:
    """An address without its rules, which may change from one version of ours to the next."""
    return (url or "").partition("#")[0]


def _elsewhere(theirs: replies.Number) -> str | None:
    return theirs.voice_application_sid or theirs.trunk_sid or None


def _refuse_elsewhere(theirs: replies.Number) -> None:
    if _elsewhere(theirs):
        raise CarrierRefused(
            NAME,
            f"the number is handled by {_elsewhere(theirs)}, and Twilio ignores its addresses while it "
            "is; take it off there in the Twilio console first",
        )


def _target(theirs: replies.Number) -> str | None:
    """What a number points at, in one line that `disconnect` can read again."""
    set_to = {name: getattr(theirs, name) for name in FIELDS.values()}
    return _elsewhere(theirs) or _written({name: value or "" for name, value in set_to.items()})


def _written(values: Mapping[str, str]) -> str | None:
    """`VoiceUrl=… VoiceMethod=POST …`: addresses hold no blanks. None where no address is set."""
    if not any(value for name, value in values.items() if name not in METHODS):
        return None
    return " ".join(
        f"{theirs}={values[name]}" for theirs, name in FIELDS.items() if values.get(name)
    )


def _read(target: str | None) -> dict[str, str]:
    parts = [part.partition("=") for part in (target or "").split(" ")]
    return {FIELDS[theirs]: value for theirs, _, value in parts if theirs in FIELDS}


def _restored(former: str | None) -> dict[str, str]:
    """All of it: what was not set before is emptied again."""
    before = _read(former)
    return {name: before.get(name, "POST" if name in METHODS else "") for name in FIELDS.values()}


def _notes(theirs: replies.Number) -> tuple[str, ...]:
    if _elsewhere(theirs):
        return (
            f"the number is handled by {_elsewhere(theirs)}; it must be taken off there before it "
            "can be connected",
        )
    if _target(theirs) is None:
        return ("the number points at nothing now",)
    return (f"connecting takes away its inbound calls from {theirs.voice_url or 'where they go'}",)


def setup_steps(number: Number, addresses: Mapping[Kind, str]) -> Sequence[SetupStep]:
    """What a person does for inbound calls: one command, or the same by hand in the console."""
    return (
        SetupStep(
            do="point the number at this server with this command, or do the next two steps by hand",
            paste=f"linecard numbers connect {number.number}",
        ),
        SetupStep(
            do=f"Twilio console, Phone Numbers, {number.number}, A call comes in: webhook, HTTP POST, "
            "this address",
            paste=for_document(addresses[Kind.ANSWER]),
        ),
        SetupStep(
            do="at the same place, Call status changes: HTTP POST, this address",
            paste=for_callback(addresses[Kind.ENDED]),
        ),
    )

"""What the target of a transfer hears and is asked, on its own leg, before the caller is connected."""

from __future__ import annotations

from collections.abc import Sequence

from linecard.calls import Call
from linecard.carrier import AcceptKey
from linecard.events import LegAnswered
from linecard.exchange import inbox, rooms
from linecard.exchange.context import Exchange
from linecard.exchange.transferring import ACCEPTED, TARGET
from linecard.store.transfers import Transfer
from linecard.transfers import ACCEPT_SECONDS, TransferState, read_reference
from linecard.verbs import Conference, Gather, Hangup, Redirect, Say, Verb
from linecard.webhook import CarrierRequest, Kind

WHISPER = "A caller is being connected to you."
WHISPER_FOR_KEY = "A caller is being connected to you. Press {key} to take the call."
ALL_KEYS = "0123456789*#"


async def verbs(
    exchange: Exchange, call: Call, request: CarrierRequest, transfer: Transfer | None
) -> Sequence[Verb]:
    """The document for a target's leg; an end where its transfer has come to nothing."""
    if transfer is None or transfer.state is TransferState.ENDED:
        return [Hangup()]
    if request.kind is Kind.WHISPER:
        return _whisper(exchange, call, request, transfer)
    if transfer.consults and _leg(request) not in transfer.legs:
        return [Hangup()]
    if request.kind is Kind.ACCEPT:
        return await _accept(exchange, call, request, transfer)
    return _target(exchange, call, request, transfer)


def _leg(request: CarrierRequest) -> str:
    return f"{TARGET}{read_reference(request.reference or '')[1]}"


def _whisper(
    exchange: Exchange, call: Call, request: CarrierRequest, transfer: Transfer
) -> Sequence[Verb]:
    """What a dialled target hears; the key is asked for here where the carrier's Dial does not ask."""
    asks_here = exchange.relay(call).hooks.facts().accept_key is AcceptKey.DOCUMENT
    if transfer.accept_key and asks_here:
        return _question(exchange, call, request, transfer)
    return [_words(transfer)]


def _words(transfer: Transfer) -> Say:
    default = WHISPER_FOR_KEY.format(key=transfer.accept_key) if transfer.accept_key else WHISPER
    return Say(text=transfer.whisper or default)


def _question(
    exchange: Exchange, call: Call, request: CarrierRequest, transfer: Transfer
) -> Sequence[Verb]:
    """The key is waited for; without one the same address is asked, so that we know."""
    addresses = exchange.addresses(call.provider, call.account)
    url = addresses.webhook(Kind.ACCEPT, call.id, request.reference or "")
    question = Gather(
        action_url=url,
        prompts=(_words(transfer),),
        digits=1,
        seconds=ACCEPT_SECONDS,
        finish_on="",
        valid=ALL_KEYS,
    )
    return [question, Redirect(url=url)]


def _target(
    exchange: Exchange, call: Call, request: CarrierRequest, transfer: Transfer
) -> Sequence[Verb]:
    """The document of a consulted target: told and asked first, where it is to be, then into the room."""
    if transfer.accept_key:
        return _question(exchange, call, request, transfer)
    entry = _entry(exchange, call, request, transfer)
    return [_words(transfer), entry] if transfer.whisper else [entry]


async def _accept(
    exchange: Exchange, call: Call, request: CarrierRequest, transfer: Transfer
) -> Sequence[Verb]:
    """A target that has pressed the key goes on to the caller, any other is let go."""
    place = str(read_reference(request.reference or "")[1])
    if transfer.answers.get(place) != ACCEPTED:
        return [Hangup()]
    if transfer.consults:
        return [_entry(exchange, call, request, transfer)]
    connected = LegAnswered(
        key=f"accepted:{request.reference}",
        leg=f"{TARGET}1",
        transfer=request.reference or "",
        bridged=True,
    )
    await inbox.apply(exchange, call, [connected])
    return []


def _entry(
    exchange: Exchange, call: Call, request: CarrierRequest, transfer: Transfer
) -> Conference:
    addresses = exchange.addresses(call.provider, call.account)
    return Conference(
        room=rooms.room(transfer),
        label=_leg(request),
        max_seconds=call.max_seconds,
        action_url=None,
        callback_url=addresses.webhook(Kind.LEG, call.id, transfer.id),
    )

"""Keys pressed toward the far end by the carrier: by its API, or in a document for which the stream ends."""

from __future__ import annotations

from collections.abc import Sequence

from linecard.calls import Call
from linecard.carrier import KeysBy, TransferOrder, TransferStage
from linecard.errors import LinecardError, UnsupportedByProvider
from linecard.exchange.context import Exchange
from linecard.live.keys import SENT, sent
from linecard.store import timeline
from linecard.tokens import new_id
from linecard.verbs import Press, Verb
from linecard.wall import now
from linecard.webhook import Kind


async def by_api(exchange: Exchange, call: Call, keys: str) -> None:
    """Ask the carrier to press keys. Raises UnsupportedByProvider or CarrierError."""
    await exchange.relay(call).hooks.send_digits(call, keys)
    await _note(exchange, call, KeysBy.API, keys)


async def by_document(exchange: Exchange, call: Call, keys: str) -> None:
    """Send the caller's leg to a document that presses keys and opens another stream.

    Raises UnsupportedByProvider or CarrierError; then the stream goes on.
    """
    relay = exchange.relay(call)
    if KeysBy.DOCUMENT not in relay.hooks.facts().keys_pressed:
        raise UnsupportedByProvider(call.provider, "keys pressed by a document", call.profile)
    reference = new_id()
    addresses = exchange.addresses(call.provider, call.account)
    order = TransferOrder(
        reference=reference,
        document_url=addresses.webhook(Kind.BACK, call.id, reference),
        stage=TransferStage.JOIN,
        max_seconds=call.max_seconds,
    )
    exchange.pressing[call.id] = (reference, keys)
    try:
        await relay.hooks.transfer(call, order)
    except LinecardError:
        exchange.pressing.pop(call.id, None)
        raise
    await _note(exchange, call, KeysBy.DOCUMENT, keys)


def verbs(exchange: Exchange, call: Call, reference: str | None) -> Sequence[Verb]:
    """The keys that a document is asked for; none where it is another document."""
    asked, keys = exchange.pressing.get(call.id, ("", ""))
    if not reference or asked != reference:
        return []
    del exchange.pressing[call.id]
    return [Press(digits=keys)]


async def _note(exchange: Exchange, call: Call, how: KeysBy, keys: str) -> None:
    async with exchange.database.write() as conn:
        await timeline.append(conn, call.id, SENT, sent(how, keys), now())

"""Consent to a recording: the prompt before the agent, what the caller says to it, and what follows.

How far it has come stands on the call, so that it is neither skipped nor asked twice: not after a
repeated request, a stream that died, a transfer that came back, or a process that did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import structlog

from linecard.calls import Call, Consented
from linecard.carrier import RecordAt
from linecard.consent import Consent, OnRefusal, read_consent
from linecard.events import CarrierEvent, DigitsGathered
from linecard.exchange import diverting, endings, recording
from linecard.exchange.context import Exchange
from linecard.exchange.reasons import NOT_AGREED
from linecard.store import calls, recordings, timeline
from linecard.verbs import Gather, Record, Redirect, Verb
from linecard.wall import now
from linecard.webhook import CarrierRequest, Kind

log = structlog.get_logger()

KEY, NO_KEY, HEARD = "consent-key", "consent-none", "consent-heard"
REFERENCES = frozenset({KEY, NO_KEY, HEARD})
"""Addresses that a prompt leads to: with a key, without one, and once it was heard to its end."""
ANY_KEY = "0123456789*#"
OPEN = frozenset({None, Consented.ASKED})
LINES: Mapping[Consented, str] = MappingProxyType(
    {
        Consented.ANNOUNCED: "consent-given",
        Consented.GIVEN: "consent-given",
        Consented.REFUSED: "consent-refused",
    }
)

Verbs = Sequence[Verb]


def is_due(call: Call) -> bool:
    """Whether the caller is still to be asked before the agent."""
    return call.record and bool(call.consent) and call.consented in OPEN


def is_answer(request: CarrierRequest) -> bool:
    """Whether a request comes from a prompt."""
    return request.kind is Kind.GATHERED and request.reference in REFERENCES


async def asking(exchange: Exchange, call: Call) -> Verbs:
    """The prompt. Nothing in it records."""
    consent = _of(call)
    async with exchange.database.write() as conn:
        await calls.update(conn, call.id, consented=Consented.ASKED)
        facts = {"key": consent.accept_key is not None}
        await timeline.append(conn, call.id, "consent-asked", facts, now())
    spoken = diverting.spoken(consent)
    address = exchange.addresses(call.provider, call.account).webhook
    if consent.accept_key is None:
        return [*spoken, Redirect(url=address(Kind.GATHERED, call.id, HEARD))]
    return [
        Gather(
            action_url=address(Kind.GATHERED, call.id, KEY),
            prompts=spoken,
            seconds=consent.seconds,
            finish_on="",
            valid=ANY_KEY,
        ),
        Redirect(url=address(Kind.GATHERED, call.id, NO_KEY)),
    ]


async def answered(
    exchange: Exchange, call: Call, reference: str, events: Sequence[CarrierEvent]
) -> Call:
    """The call with what its caller has said; what was said first stands."""
    if call.consented not in OPEN:
        return call
    said, why = _said(_of(call), reference, events)
    facts = {"how": why} if said is not Consented.REFUSED else _refusal(call, why)
    async with exchange.database.write() as conn:
        settled = await calls.update(conn, call.id, consented=said)
        await timeline.append(conn, call.id, LINES[said], facts, now())
    return settled


def _refusal(call: Call, why: str) -> dict[str, object]:
    return {"reason": why, "then": str(_of(call).on_refusal)}


def _said(
    consent: Consent, reference: str, events: Sequence[CarrierEvent]
) -> tuple[Consented, str]:
    """What the way to an address means, and why. An address of the other kind of prompt is no consent."""
    if reference == HEARD:
        was_it = consent.accept_key is None
        return (Consented.ANNOUNCED, "announced") if was_it else (Consented.REFUSED, "no key")
    digits = next((one.digits for one in events if isinstance(one, DigitsGathered)), "")
    if reference == KEY and digits and digits == consent.accept_key:
        return Consented.GIVEN, "key"
    return Consented.REFUSED, "another key" if digits else "no key"


async def before_agent(exchange: Exchange, call: Call) -> Verbs | None:
    """What stands before the stream of a call that was asked; None where it ends."""
    if call.may_be_recorded:
        return await _recorded(exchange, call)
    if _of(call).on_refusal is OnRefusal.GO_ON:
        return []
    # The reply hangs up; this makes it certain, and says on the record why.
    exchange.tasks.start(endings.hang_up(exchange, call, NOT_AGREED), "hang up without consent")
    return None


async def _recorded(exchange: Exchange, call: Call) -> Verbs:
    """In the document where the carrier can, else by API beside it."""
    if records_in_document(exchange, call):
        return [recorded_verb(exchange, call)]
    async with exchange.database.read() as conn:
        known = await recordings.of_call(conn, call.id)
    if not known:
        exchange.tasks.start(recording.begin(exchange, call), "start recording")
    return []


def records_in_document(exchange: Exchange, call: Call) -> bool:
    """Whether a call of this direction is recorded by what its document says."""
    return exchange.relay(call).hooks.facts().record_at(call.direction) is RecordAt.DOCUMENT


def recorded_verb(exchange: Exchange, call: Call) -> Record:
    """The recording of a whole call, as a document asks for it."""
    ordered = recording.order(exchange, call)
    return Record(callback_url=ordered.callback_url, max_seconds=ordered.max_seconds)


def _of(call: Call) -> Consent:
    consent = read_consent(call.consent)
    assert consent is not None
    return consent

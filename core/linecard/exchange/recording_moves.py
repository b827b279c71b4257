"""Recordings when the caller is taken to somebody else: what ended, what begins, and what must stop.

Unless the number says otherwise, nobody records what the caller and the human say to each other.
"""

from __future__ import annotations

from collections.abc import Sequence

from linecard.calls import Call
from linecard.carrier import Facts, RecordAt
from linecard.exchange import consenting, recording_acts
from linecard.exchange.context import Exchange
from linecard.store import calls, recordings, timeline
from linecard.store.outbox import Job
from linecard.verbs import Verb
from linecard.wall import now

STOP_AGAIN_AFTER = (0.3, 1.0, 3.0, 10.0, 30.0, 60.0)
BY_TRANSFER = "ended by a transfer, as far as is known"


async def moved(exchange: Exchange, call: Call) -> Sequence[Verb]:
    """What the document of a transfer says first; what ran counts as ended where the carrier ends it.

    A file that is told of later says how long it really was.
    """
    facts = exchange.relay(call).hooks.facts()
    if not facts.transfer_ends_recording:
        return ()
    async with exchange.database.write() as conn:
        ended = await recordings.running_ended(conn, call.id, BY_TRANSFER)
        if ended:
            told = {"n": [one.n for one in ended]}
            await timeline.append(conn, call.id, "recording-ended-by-transfer", told, now())
    wanted = call.record and call.record_after_transfer and call.may_be_recorded
    return [consenting.recorded_verb(exchange, call)] if wanted and _writes(facts) else ()


def _writes(facts: Facts) -> bool:
    """Whether a document of this carrier can record."""
    return RecordAt.DOCUMENT in (facts.record_inbound, facts.record_outbound)


async def stop_recording(exchange: Exchange, job: Job) -> None:
    """The job of a recording that must not hear the human. Raises CarrierError to be tried again."""
    async with exchange.database.read() as conn:
        call = await calls.get(conn, job.call_id or "")
    if call is not None and not call.is_over:
        await recording_acts.stop_now(exchange, call, "a human has the caller")


async def stop_given_up(exchange: Exchange, job: Job) -> None:
    """The carrier does not stop it: whoever runs the server must see it."""
    async with exchange.database.write() as conn:
        call = await calls.get(conn, job.call_id or "")
        if call is None:
            return
        await timeline.append(conn, call.id, "recording-stop-failed", {}, now())
    exchange.metrics.recording_failures.labels(call.provider).inc()

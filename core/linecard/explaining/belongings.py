"""What belongs to a call beside its timeline, summed up: recordings, transfers, work, notifications, price."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from linecard.explaining.record import Record
from linecard.explaining.sentences import Sentence, Topic
from linecard.explaining.words import as_sentence, clean, fill, span, times
from linecard.store.outbox import Job
from linecard.store.recordings import Recording
from linecard.store.transfers import Transfer
from linecard.transfers import TransferState

FILES: Mapping[str, str] = MappingProxyType(
    {
        "recording": "it was begun, and its end was not told",
        "paused": "it was paused, and its end was not told",
        "stopped": "it was stopped, and its file was not told",
        "absent": "the carrier has no sound of it",
        "failed": "it came to nothing",
        "completed": "its file can be had",
        "external": "its file is in a storage of your own at the carrier",
        "deleted": "it was deleted",
    }
)
STATES: Mapping[TransferState, str] = MappingProxyType(
    {
        TransferState.WAITING: "the carrier has not asked for its document yet",
        TransferState.DIALING: "the targets are rung",
        TransferState.CONSULTING: "the targets are rung while the caller talks with the agent",
        TransferState.JOINING: "the caller is on the way to the target",
        TransferState.BRIDGED: "the caller and the target are connected",
        TransferState.ENDED: "it is over",
    }
)
TELLING = "notify"
JOBS: Mapping[str, str] = MappingProxyType(
    {
        "hang-up": "ending the call at the carrier",
        "reconcile": "asking the carrier about the call",
        "confirm-end": "making sure of the end",
        TELLING: "a notification",
        "transfer-watch": "the watch over a transfer",
        "release-targets": "letting go who was rung for the caller",
        "let-targets-go": "letting go who was rung for a caller who has left",
        "fetch-recording": "fetching a recording",
        "delete-recording": "deleting a recording",
        "poll-recording": "asking after a recording",
        "stop-recording": "stopping a recording",
        "resume-recording": "going on with a recording",
        "commands-cut-off": "finding what a crash left undone",
        "erase-flights": "erasing its flight record",
        "erase-recording": "erasing a recording",
        "forget-carrier-ids": "forgetting the ids of the carrier",
        "scrub-database": "clearing what was deleted out of the database file",
    }
)


def recordings(record: Record) -> Iterator[Sentence]:
    """Each recording as it stands now."""
    for one in record.recordings:
        yield Sentence(Topic.RECORDING, _recording(one))
    asked = record.call.record or record.has("recording-start-asked")
    if asked and not record.recordings and not record.has("recording-failed"):
        yield Sentence(
            Topic.RECORDING, "It was to be recorded, and nothing is known of a recording."
        )


def _recording(one: Recording) -> str:
    length = f", {span(one.duration_ms / 1000)} long" if one.duration_ms is not None else ""
    kept = _copy(one)
    why = f" ({clean(one.reason)})" if one.reason else ""
    return f"Recording {one.n}: {FILES.get(one.status, clean(one.status))}{why}{length}{kept}."


def _copy(one: Recording) -> str:
    if one.kept_as and one.status != "deleted":
        flaw = f", which may not be whole: {clean(one.flaw)}" if one.flaw else ""
        return f"; our copy is {clean(one.kept_as)}{flaw}"
    return "; it is with the carrier alone" if one.status == "completed" else ""


def transfers(record: Record) -> Iterator[Sentence]:
    """Each transfer as it stands now."""
    for place, one in enumerate(record.transfers, 1):
        yield Sentence(Topic.TRANSFER, _transfer(place, one))


def _transfer(place: int, one: Transfer) -> str:
    to = ", ".join(clean(target) for target in one.targets)
    state = STATES.get(one.state, clean(one.state))
    result = f", with the result {one.result}" if one.result else ""
    return f"Transfer {place}, {clean(one.mode)}, to {to}: {state}{result}."


def work(record: Record) -> Iterator[Sentence]:
    """Durable work of the call that waits, or was given up."""
    for job in record.jobs:
        if job.kind == TELLING:  # counted with the notifications
            continue
        if job.state == "waiting" and job.attempts:
            yield Sentence(Topic.ODD, _job("{what} was tried {n} and waits[: {error}].", job))
        elif job.state == "dead":
            yield Sentence(Topic.ODD, _job("{what} was tried {n} and given up[: {error}].", job))


def _job(template: str, job: Job) -> str:
    what = JOBS.get(job.kind, job.kind)
    facts = {"what": what, "n": times(job.attempts), "error": job.error}
    return as_sentence(fill(template, facts))


def notifications(record: Record) -> Iterator[Sentence]:
    """How many were told, wait, and could not be told."""
    counted = [f"{count} {state}" for state, count in record.told.items() if count]
    if counted:
        yield Sentence(Topic.TOLD, f"Of its notifications: {', '.join(counted)}.")


def price(record: Record) -> Iterator[Sentence]:
    """What all legs cost together."""
    if record.cost is not None:
        yield Sentence(Topic.PRICE, f"All its legs cost ${clean(record.cost)} so far.")

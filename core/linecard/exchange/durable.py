"""Who does each kind of durable work, and how often it is tried."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from linecard.exchange import (
    effects,
    endings,
    overdue,
    reconciling,
    recording_acts,
    recording_delete,
    recording_fetch,
    recording_moves,
    recording_poll,
    releasing,
    transfer_watch,
)
from linecard.exchange.forgetting import jobs as forgetting
from linecard.exchange.notifying import delivery
from linecard.exchange.notifying.writing import NOTIFY
from linecard.exchange.outbox import Kind
from linecard.exchange.recording_jobs import DELETE, FETCH, POLL, STOP

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        endings.HANG_UP: Kind(
            work=endings.hang_up_again,
            retry_after=endings.RETRY_AFTER,
            buried=endings.hang_up_given_up,
        ),
        NOTIFY: Kind(
            work=delivery.deliver, retry_after=delivery.RETRY_AFTER, buried=delivery.given_up
        ),
        overdue.WATCH: Kind(
            work=transfer_watch.close_unreported, retry_after=overdue.WATCH_AGAIN_AFTER
        ),
        effects.CUT_OFF: Kind(work=effects.cut_off, retry_after=endings.RETRY_AFTER),
        releasing.RELEASE: Kind(
            work=releasing.release_again,
            retry_after=releasing.RETRY_AFTER,
            buried=releasing.release_given_up,
        ),
        releasing.LET_GO: Kind(work=releasing.let_go_after_all, retry_after=releasing.LET_GO_AFTER),
        endings.CONFIRM: Kind(work=endings.confirm_end, retry_after=endings.CONFIRM_AFTER),
        FETCH: Kind(
            work=recording_fetch.fetch_recording,
            retry_after=recording_fetch.RETRY_AFTER,
            buried=recording_fetch.given_up,
        ),
        DELETE: Kind(
            work=recording_delete.delete_recording,
            retry_after=recording_delete.RETRY_AFTER,
            buried=recording_delete.given_up,
        ),
        recording_acts.RESUME: Kind(
            work=recording_acts.resume_after_all,
            retry_after=recording_acts.RESUME_AGAIN_AFTER,
            buried=recording_acts.resume_given_up,
        ),
        STOP: Kind(
            work=recording_moves.stop_recording,
            retry_after=recording_moves.STOP_AGAIN_AFTER,
            buried=recording_moves.stop_given_up,
        ),
        forgetting.ERASE_RECORDING: Kind(
            work=forgetting.erase_recording, retry_after=forgetting.RECORDING_RETRY_AFTER
        ),
        forgetting.ERASE_FLIGHTS: Kind(
            work=forgetting.erase_flights, retry_after=forgetting.FILES_RETRY_AFTER
        ),
        forgetting.FORGET_IDS: Kind(
            work=forgetting.forget_ids, retry_after=forgetting.FILES_RETRY_AFTER
        ),
        forgetting.SCRUB: Kind(work=forgetting.scrub, retry_after=forgetting.SCRUB_RETRY_AFTER),
        reconciling.RECONCILE: Kind(work=reconciling.reconcile, retry_after=()),
        POLL: Kind(
            work=recording_poll.poll_recording,
            retry_after=recording_poll.RETRY_AFTER,
            buried=recording_poll.given_up,
        ),
    }
)

"""Who does each kind of durable work, and how often it is tried."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from linecard.exchange import dialups, endings, transfer_watch
from linecard.exchange.notifying import delivery
from linecard.exchange.notifying.writing import NOTIFY
from linecard.exchange.outbox import Kind

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
        dialups.WATCH: Kind(
            work=transfer_watch.close_unreported, retry_after=dialups.WATCH_AGAIN_AFTER
        ),
        endings.CONFIRM: Kind(work=endings.confirm_end, retry_after=endings.CONFIRM_AFTER),
    }
)

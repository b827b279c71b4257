"""What of a carrier's request is the carrier's own, and which keys it tells."""

from __future__ import annotations

from linecard.events import DigitsGathered
from linecard.webhook import Callback, CarrierRequest, Pairs

OUR_QUERY = ("a", "c", "k", "x")
"""Our own query, but for the token."""
OUR_FIELDS = frozenset({*OUR_QUERY, "t"})


def more_query(request: CarrierRequest) -> Pairs:
    """The carrier's own fields in the query of a request that has others in its body."""
    if request.method == "GET":
        return ()
    return tuple(pair for pair in request.query if pair[0] not in OUR_FIELDS)


def pressed(callback: Callback | None) -> str | None:
    """The keys that a request tells of; None: it tells of none."""
    events = callback.events if callback else ()
    return next((one.digits for one in events if isinstance(one, DigitsGathered)), None)

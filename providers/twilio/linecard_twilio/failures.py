"""How a request to Twilio can fail, by what is known of it afterwards, and what the core is told."""

from __future__ import annotations

import re

from linecard import CarrierRefused, CarrierUnavailable, PlacementUnknown

NAME = "twilio"
NOT_IN_PROGRESS = "21220"
"""Twilio's code for a request about a call that is not, or no longer, in progress."""
_LONG_DIGITS = re.compile(r"\+?[0-9]{8,}")


class Failure(Exception):
    """A request that did not succeed; `code` is Twilio's own. Telephone numbers in the message are masked."""

    def __init__(
        self,
        message: str,
        status: int | None = None,
        code: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = _LONG_DIGITS.sub(lambda found: found[0][:4] + "***", message)
        self.status = status
        self.code = code
        self.retry_after = retry_after


class Denied(Failure):
    """Twilio said no: nothing happened."""


class NotSent(Failure):
    """No connection came about: nothing was sent."""


class Lost(Failure):
    """It was sent, and no usable answer came: it may have happened."""


def of_dial(failure: Failure) -> CarrierRefused | PlacementUnknown:
    """A failed dial as the core is told: either certainly no call, or nobody knows."""
    if isinstance(failure, Lost):
        return PlacementUnknown(NAME, failure.message, status=failure.status, code=failure.code)
    return refusal(failure)


def of_control(failure: Failure) -> CarrierRefused | CarrierUnavailable:
    """Any other failed request as the core is told."""
    if isinstance(failure, Denied):
        return refusal(failure)
    return CarrierUnavailable(NAME, failure.message, status=failure.status, code=failure.code)


def refusal(failure: Failure) -> CarrierRefused:
    """A definite no."""
    return CarrierRefused(
        NAME,
        failure.message,
        status=failure.status,
        code=failure.code,
        retry_after=failure.retry_after,
    )

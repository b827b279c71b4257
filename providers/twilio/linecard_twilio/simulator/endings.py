"""How a call ends, and Twilio's codes for what goes wrong on the way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """Who ended a leg; for the ledger alone, since Twilio does not say."""

    CALLER = "Caller"
    CALLEE = "Callee"
    TWILIO = "Twilio"
    CARRIER = "Carrier"
    API = "API Request"
    TWIML = "TwiML"
    ERROR = "Error"


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a leg is over.

    `unanswered` is the CallStatus of a leg that nobody answered, `sip` its SipResponseCode;
    an answered one is `completed`. `error` is Twilio's code where something was wrong.
    """

    name: str
    source: Source
    unanswered: str = "canceled"
    sip: int = 200
    error: int | None = None

    def status(self, *, was_answered: bool) -> str:
        """CallStatus of a leg that ended so."""
        return "completed" if was_answered else self.unanswered


BY_API = Ending("Ended by the API", Source.API, sip=487)
BY_CALLER = Ending("Caller hung up", Source.CALLER, "no-answer", 487)
BY_CALLEE = Ending("Callee hung up", Source.CALLEE)
BY_TWIML = Ending("Hung up by the document", Source.TWIML, "completed")
END_OF_DOCUMENT = Ending("End of the document", Source.TWIML, "completed")
BUSY = Ending("Busy", Source.CALLEE, "busy", 486)
REJECTED = Ending("Declined", Source.CALLEE, "busy", 603)
RING_TIMEOUT = Ending("No answer", Source.TWILIO, "no-answer", 487)
LOST_RACE = Ending("Another was faster", Source.TWILIO, "canceled", 487)
TIME_LIMIT = Ending("Time limit", Source.TWILIO)
PARENT_GONE = Ending("The other leg is over", Source.TWILIO, "canceled", 487)
ROOM_CLOSED = Ending("Conference over", Source.TWILIO)
REMOVED = Ending("Removed from the conference", Source.API)
BROKEN = Ending("Internal error", Source.ERROR, "failed", 500)
REFUSED_IN = {
    "rejected": Ending("Rejected by the document", Source.TWIML, "busy", 603),
    "busy": Ending("Busy by the document", Source.TWIML, "busy", 486),
}
"""<Reject reason>: both are `busy` to the caller's own status."""


def unreachable(code: str | None) -> Ending:
    """The carrier refuses the number, with a SIP code of its own."""
    return Ending("Unreachable", Source.CARRIER, "failed", int(code or 404))


def document_failed(code: int) -> Ending:
    """A document could not be had or read, and neither could the fallback's."""
    return Ending(f"Application error {code}", Source.ERROR, "failed", error=code)


class EndCall(Exception):
    """Raised where a document ends its leg."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.name)
        self.ending = ending
